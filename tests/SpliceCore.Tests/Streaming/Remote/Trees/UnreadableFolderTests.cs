using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Streaming.Remote.Trees;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A received folder that cannot be read to its end is not moved as if it were empty: what is left of it is removed after
/// that.</summary>
public sealed class UnreadableFolderTests
{
    [Fact]
    public void Entries_that_cannot_be_listed_are_an_error()
    {
        using var workspace = new Workspace();
        using SafeFileHandle from = Open(Directory.CreateDirectory(workspace["from"]).FullName);
        using SafeFileHandle to = Open(Directory.CreateDirectory(workspace["to"]).FullName);
        Directory.Delete(workspace["from"]);

        // getdents64(2) fails of a folder that was removed.
        TransferException exception = Assert.Throws<TransferException>(() => new TreeMerge(force: false, removals: null).Move(from, to, workspace["to"]));
        Assert.Equal(Errno.ENOENT, exception.Errno);
    }

    private static SafeFileHandle Open(string path)
    {
        Assert.True(LibC.Open(path, LibC.O_RDONLY | LibC.O_DIRECTORY, out SafeFileHandle handle).Ok);
        return handle;
    }
}
