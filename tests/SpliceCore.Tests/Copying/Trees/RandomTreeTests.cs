using Xunit;

namespace Splice.Tests.Copying.Trees;

public sealed class RandomTreeTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private static readonly int Seeds = FullRun.Count(everyday: 4, full: 25);

    public static TheoryData<FileSystem> WithEverything =>
        [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs, FileSystem.Overlay];

    [Theory]
    [MemberData(nameof(WithEverything))]
    public void Root_gets_every_kind_where_the_file_system_holds_it(FileSystem type)
    {
        Command.RequireRoot();
        using Workspace folder = fileSystems.NewFolder(type);
        TreeKinds held = HeldKinds.Of(folder.Folder);
        TreeKinds used = TreeKinds.None;

        for (int seed = 0; seed < Seeds; seed++)
        {
            var tree = RandomTree.Make(folder[$"tree{seed}"], seed);
            used |= tree.Used;
            Assert.Equal(tree.Entries + 1, TreeListing.Of(folder[$"tree{seed}"]).Entries.Count);
        }

        output.WriteLine($"{type} does not hold: {TreeKinds.All & ~held}");
        Assert.Equal(held, used);
        Assert.Equal(
            type is FileSystem.Xfs or FileSystem.Overlay ? TreeKinds.LongTargets : TreeKinds.None, TreeKinds.All & ~held);
    }

    [Fact]
    public void A_seed_gives_the_same_tree_again_and_another_seed_another()
    {
        using var folder = new Workspace();
        RandomTree.Make(folder["one"], 5);
        RandomTree.Make(folder["two"], 5);
        RandomTree.Make(folder["other"], 6);

        var one = TreeListing.Of(folder["one"]);

        one.AssertSame(TreeListing.Of(folder["two"]));
        Assert.NotEmpty(one.DifferencesTo(TreeListing.Of(folder["other"])));
    }

    [Fact]
    public void Kinds_can_be_left_out()
    {
        using var folder = new Workspace();
        for (int seed = 0; seed < Seeds; seed++)
        {
            var tree = RandomTree.Make(folder[$"tree{seed}"], seed, TreeKinds.None);

            Assert.Equal(TreeKinds.None, tree.Used);
            Assert.All(
                TreeListing.Of(folder[$"tree{seed}"]).Entries,
                entry => Assert.True(
                    entry.Value.Type is FileTypes.Folder or FileTypes.Regular && entry.Value.Attributes.Count == 0));
        }
    }

    [Theory]
    [MemberData(nameof(WithEverything))]
    public void A_copy_by_cp_is_the_same(FileSystem type)
    {
        Command.Require("cp");
        using Workspace folder = fileSystems.NewFolder(type);
        for (int seed = 0; seed < Seeds; seed++)
        {
            RandomTree.Make(folder["source"], seed);

            Command.Check("cp", "-a", folder["source"], folder["copy"]);

            // cp(1) leaves the attributes of links behind.
            IReadOnlyList<string> differences = TreeListing.Of(folder["source"])
                .DifferencesTo(TreeListing.Of(folder["copy"]), TreeAspects.Copied & ~TreeAspects.LinkAttributes);
            Assert.True(differences.Count == 0, $"seed {seed}\n{string.Join('\n', differences)}");
            Command.Check("rm", "-rf", folder["source"], folder["copy"]);
        }
    }
}
