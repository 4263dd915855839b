using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Random trees are copied beside cp(1), and both copies are compared. SPLICE_TEST_SEED repeats a run,
/// SPLICE_TEST_ROUNDS makes a longer one: so many trees for each pair of file systems.</summary>
public sealed class TreeOracleTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int TreesAtOnce = 6; // one sync for all

    private static readonly int Rounds = FullRun.Rounds(everyday: 2, full: 12);

    private static readonly FileSystem[] Kinds =
    [
        FileSystem.Ext4, FileSystem.Xfs, FileSystem.XfsWithoutReflink, FileSystem.Btrfs, FileSystem.Tmpfs, FileSystem.Overlay,
    ];

    public static TheoryData<FileSystem, FileSystem> Pairs => new(FullRun.Pairs(Kinds));

    public static TheoryData<FileSystem> Targets => [.. Kinds];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_copy_of_everything_is_as_cp_makes_it(FileSystem from, FileSystem to)
    {
        Command.Require("cp");
        using Workspace source = fileSystems.NewFolder(from);
        using Workspace target = fileSystems.NewFolder(to);
        TreeKinds kinds = HeldKinds.Of(source.Folder) & HeldKinds.Of(target.Folder);
        var random = new Random(FullRun.Seed(output));
        for (int done = 0; done < Rounds; done += TreesAtOnce)
        {
            int count = Math.Min(TreesAtOnce, Rounds - done);
            long entries = 0;
            for (int i = 0; i < count; i++)
            {
                entries += RandomTree.Make(source[$"tree{i}"], random.Next(), kinds).Entries;
                Copy(source[$"tree{i}"], target, i, random.Next(1, 5));
            }

            output.WriteLine($"{count} trees of {entries} entries, {from} to {to}");
            AssertCopied(source.Folder, target, count, TreeAspects.Copied);
            Command.Check("rm", ["-rf", .. source.Paths, .. target.Paths]);
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void A_copy_from_a_squashfs_is_as_cp_makes_it(FileSystem to)
    {
        Command.Require("cp");
        using var source = new Workspace();
        using Workspace target = fileSystems.NewFolder(to);
        TreeKinds kinds = HeldKinds.Of(source.Folder) & HeldKinds.Of(target.Folder) & ~TreeKinds.Times;
        var random = new Random(FullRun.Seed(output));
        int count = Math.Min(Rounds, 20);
        for (int i = 0; i < count; i++)
        {
            RandomTree.Make(source[$"tree{i}"], random.Next(), kinds);
        }

        using var mount = Mount.Squashfs(source.Folder);
        for (int i = 0; i < count; i++)
        {
            Copy(Path.Combine(mount.Folder, $"tree{i}"), target, i, random.Next(1, 5));
        }

        // A squashfs does not tell its holes: cp looks for zeros where a file seems to have some.
        AssertCopied(mount.Folder, target, count, TreeAspects.Copied & ~TreeAspects.Allocation);
        output.WriteLine($"{count} trees");
    }

    private static void Copy(string tree, Workspace target, int number, int threads)
    {
        Command.Check("cp", "-a", tree, target[$"cp{number}"]);

        TreeCopies.Copy(tree, target[$"tree{number}"], PreserveAttributes.All, threads);
    }

    /// <summary>As cp's copy, in no more blocks, and as the source where that is no matter of the file system. cp leaves the
    /// attributes of links behind; XFS shows access control lists as attributes of its own besides.</summary>
    private static void AssertCopied(string sources, Workspace target, int count, TreeAspects aspects)
    {
        for (int i = 0; i < count; i++)
        {
            var copy = TreeListing.Of(target[$"tree{i}"], sync: i == 0);
            TreeListing.Of(Path.Combine(sources, $"tree{i}"), sync: false)
                .AssertSame(copy, TreeAspects.Copied & ~TreeAspects.Allocation & ~TreeAspects.Attributes);
            TreeListing.Of(target[$"cp{i}"], sync: false).AssertSame(copy, aspects & ~TreeAspects.LinkAttributes);
        }
    }
}
