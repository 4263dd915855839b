using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Copying.Trees;

public sealed class SquashfsTests : IDisposable
{
    private const TreeAspects Kept = TreeAspects.Copied
        & ~TreeAspects.Nanoseconds & ~TreeAspects.AccessLists & ~TreeAspects.Allocation;

    private readonly Workspace _workspace = new();

    [Fact]
    public void The_mount_has_the_whole_tree()
    {
        // Squashfs has times of 32 bits without a sign, and mksquashfs(1) parts some hard links.
        TreeKinds kinds = HeldKinds.Of(_workspace.Folder) & ~TreeKinds.Times & ~TreeKinds.HardLinks;
        var tree = RandomTree.Make(_workspace["tree"], seed: 3, kinds, mostEntries: 200);
        Assert.True(tree.Entries > 30);

        using var mount = Mount.Squashfs(_workspace["tree"]);

        TreeListing.Of(_workspace["tree"]).AssertSame(TreeListing.Of(mount.Folder), Kept);
    }

    [Fact]
    public void The_mount_cannot_be_written_to()
    {
        _workspace.WriteRandom("file", 100);
        using var mount = Mount.Squashfs(_workspace.Folder);
        using SafeFileHandle root = EntryCalls.OpenFolder(mount.Folder);

        CallFailedException failure = Assert.Throws<CallFailedException>(() => EntryCalls.MakeFolder(root, "new"));

        Assert.Equal(Errno.EROFS, failure.Errno);
    }

    public void Dispose() => _workspace.Dispose();
}
