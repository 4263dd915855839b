using Xunit;

namespace Splice.Tests.Moving;

/// <summary>Random trees are moved beside mv(1), and both results are compared. SPLICE_TEST_SEED repeats a run.</summary>
public sealed class RandomMoveTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private static readonly FileSystem[] Kinds = [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs, FileSystem.Overlay];

    public static TheoryData<FileSystem, FileSystem> Pairs => new(FullRun.Pairs(Kinds));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_tree_arrives_as_mv_moves_it(FileSystem from, FileSystem to)
    {
        Command.Require("mv");
        using Workspace source = fileSystems.NewFolder(from);
        using Workspace target = fileSystems.NewFolder(to);
        TreeKinds kinds = HeldKinds.Of(source.Folder) & HeldKinds.Of(target.Folder);
        var random = new Random(FullRun.Seed(output));
        for (int round = 0; round < FullRun.Rounds(everyday: 2, full: 12); round++)
        {
            int seed = random.Next();
            RandomTree.Make(source["ours"], seed, kinds, mostEntries: 60);
            RandomTree.Make(source["theirs"], seed, kinds, mostEntries: 60);
            bool isInto = random.Next(2) == 0;
            if (isInto)
            {
                Directory.CreateDirectory(target["o"]);
                Directory.CreateDirectory(target["t"]);
            }

            Command.Check("mv", source["theirs"], target["t"]);
            List<TransferException> errors = [];
            TransferResult result = ItemMove.Move(
                new MoveRequest { Source = source["ours"], Destination = target["o"] }, new TreeMonitor(Failed: errors.Add));

            Assert.Empty(errors);
            Assert.Empty(result.Warnings);
            Assert.Equal(from != to ? "copied, then removed" : "renamed", result.Reason);
            Assert.Empty(source.Names);
            Assert.Equal(["o", "t"], target.Names);

            // mv leaves the attributes of links behind.
            TreeListing.Of(target[isInto ? "t/theirs" : "t"])
                .AssertSame(TreeListing.Of(target[isInto ? "o/ours" : "o"]), TreeAspects.Copied & ~TreeAspects.LinkAttributes);
            Command.Check("rm", "-rf", target["o"], target["t"]);
        }
    }
}
