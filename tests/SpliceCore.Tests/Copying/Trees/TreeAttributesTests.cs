using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>What a tree keeps, and what it must not get from the place where it goes.</summary>
public sealed class TreeAttributesTests(MountedFileSystems fileSystems)
{
    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Tmpfs)]
    public void Nothing_is_inherited_from_a_default_list_where_lists_are_preserved(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        TreeKinds kinds = HeldKinds.Of(folder.Folder);
        Assert.SkipUnless(kinds.HasFlag(TreeKinds.AccessLists), "no access control lists here");
        RandomTree.Make(folder["source"], seed: 7, kinds, mostEntries: 200);
        using (SafeFileHandle root = EntryCalls.OpenFolder(folder.Folder))
        {
            EntryCalls.SetAttribute(root, EntryCalls.Self, AccessList.Default, AccessList.WithUser(4321, 7));
        }

        TreeCopies.Copy(folder["source"], folder["copy"], PreserveAttributes.All);

        TreeListing.Of(folder["source"]).AssertSame(TreeListing.Of(folder["copy"]));
    }

    [Fact]
    public void The_lists_that_xfs_shows_as_attributes_do_not_travel_as_such()
    {
        using Workspace source = fileSystems.NewFolder(FileSystem.Xfs);
        using Workspace target = fileSystems.NewFolder(FileSystem.Ext4);
        using SafeFileHandle from = EntryCalls.OpenFolder(source.Folder);
        EntryCalls.WriteFile(from, "file", "content"u8);
        EntryCalls.SetAttribute(from, "file", AccessList.Access, AccessList.WithUser(4321, 7));

        TreeCopies.Copy(source.Folder, target["copy"], PreserveAttributes.Xattr);

        using SafeFileHandle to = EntryCalls.OpenFolder(target["copy"]);
        Assert.Empty(EntryCalls.Attributes(to, "file"));
    }
}
