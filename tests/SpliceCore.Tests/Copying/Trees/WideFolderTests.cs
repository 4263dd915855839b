using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Copying.Trees;

public sealed class WideFolderTests(MountedFileSystems fileSystems)
{
    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_hundred_thousand_files_are_there_each_with_its_name(FileSystem type)
    {
        const int Entries = 100_000;
        using Workspace workspace = fileSystems.NewFolder(type);

        WideFolder.Make(workspace["wide"], Entries);

        using SafeFileHandle folder = EntryCalls.OpenFolder(workspace["wide"]);
        HashSet<ByteString> names = [.. EntryCalls.Names(folder)];
        Assert.Equal(Entries, names.Count);
        Assert.All(Enumerable.Range(0, Entries), number => Assert.Contains(WideFolder.Name(number), names));
        Assert.Equal(BitConverter.GetBytes(77_700), EntryCalls.ReadFile(folder, WideFolder.Name(77_700)));
        Assert.Empty(EntryCalls.ReadFile(folder, WideFolder.Name(77_701)));
    }
}
