using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Copying.Trees;

public sealed class WideFolderTests(MountedFileSystems fileSystems)
{
    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void All_files_are_there_each_with_its_name(FileSystem type)
    {
        int entries = FullRun.Count(everyday: 10_000, full: 100_000);
        using Workspace workspace = fileSystems.NewFolder(type);

        WideFolder.Make(workspace["wide"], entries);

        using SafeFileHandle folder = EntryCalls.OpenFolder(workspace["wide"]);
        HashSet<ByteString> names = [.. EntryCalls.Names(folder)];
        Assert.Equal(entries, names.Count);
        Assert.All(Enumerable.Range(0, entries), number => Assert.Contains(WideFolder.Name(number), names));
        Assert.Equal(BitConverter.GetBytes(7_700), EntryCalls.ReadFile(folder, WideFolder.Name(7_700)));
        Assert.Empty(EntryCalls.ReadFile(folder, WideFolder.Name(7_701)));
    }
}
