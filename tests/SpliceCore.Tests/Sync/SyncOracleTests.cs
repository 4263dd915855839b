using Xunit;

namespace Splice.Tests.Sync;

/// <summary>Random pairs of trees are synchronized beside rsync(1), and both destinations compared. SPLICE_TEST_SEED repeats a run,
/// SPLICE_TEST_ROUNDS makes a longer one: so many pairs for each file system.</summary>
public sealed class SyncOracleTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private static readonly int Rounds = FullRun.Rounds(everyday: 10, full: 100);

    private const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.Allocation;

    /// <summary>rsync takes times of the same second for the same, and leaves entries of some access control lists behind.</summary>
    private const TreeAspects RsyncDiffers = TreeAspects.Nanoseconds | TreeAspects.AccessLists | TreeAspects.Mode;

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_mirror_is_as_rsync_makes_it_and_a_second_run_touches_nothing(FileSystem type)
    {
        Command.RequireRoot();
        Command.Require("rsync", "cp");
        using Workspace workspace = fileSystems.NewFolder(type);
        var random = new Random(FullRun.Seed(output));
        long entries = 0;
        for (int round = 0; round < Rounds; round++)
        {
            int seed = random.Next();
            using var folder = new Workspace(workspace.Folder);
            entries += Make(folder, new Random(seed));

            // rsync leaves names of one file together that are files of their own in the source, and gives one's metadata to all.
            Command.Check("cp", "-a", "--no-preserve=links", folder["d"], folder["rsync"]);
            MirrorByRsync(folder);
            SyncRequest request = Request(folder, threads: 1 + (round % 4));

            SyncOutcome outcome = SyncFolders.Run(request);

            string where = $"pair {seed} on {type}\n";
            Assert.True(outcome.End is null && outcome.Errors.Count == 0 && outcome.Result!.Warnings.Count == 0, where + outcome);
            var mirror = TreeListing.Of(folder["d"], sync: false);
            AssertSame(where, TreeListing.Of(folder["s"], sync: false), mirror, Aspects);
            AssertSame(where, TreeListing.Of(folder["rsync"], sync: false), mirror, Aspects & ~RsyncDiffers);
            var before = TreeListing.Of(folder["d"], sync: false);
            SyncOutcome second = SyncFolders.Run(request);
            Assert.True(second is { Errors.Count: 0, Result.Updated: 0, Result.Removed: 0 }, where + second + second.Changes(folder["d"]));
            AssertSame(where + "the second run: ", before, TreeListing.Of(folder["d"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
        }

        output.WriteLine($"{Rounds} pairs of {entries} entries on {type}");
    }

    /// <summary>Two trees: every third time of their own, else an old copy of one that changed since.</summary>
    private static long Make(Workspace folder, Random random)
    {
        TreeKinds kinds = HeldKinds.Of(folder.Folder);
        long entries = RandomTree.Make(folder["s"], random.Next(), kinds).Entries;

        // Names that are never mirrored.
        Command.Check("find", folder["s"], "-name", ".splice-*", "-prune", "-exec", "rm", "-rf", "{}", "+");
        if (random.Next(3) == 0)
        {
            return entries + RandomTree.Make(folder["d"], random.Next(), kinds).Entries;
        }

        Command.Check("cp", "-a", folder["s"], folder["d"]);
        RandomChanges.Make(folder["s"], random);
        RandomChanges.Make(folder["d"], random);
        return 2 * entries;
    }

    /// <summary>Where a file replaces a folder, rsync asks for the default list of the file, and fails the first time.</summary>
    private static void MirrorByRsync(Workspace folder)
    {
        string[] arguments = ["-aHAXS", "--delete", folder["s/"], folder["rsync/"]];
        if (Command.Run("rsync", arguments).ExitCode != 0)
        {
            Command.Check("rsync", arguments);
        }
    }

    private static SyncRequest Request(Workspace folder, int threads) => new()
    {
        Tree = new TreeRequest
        {
            Copy = new CopyRequest { Source = folder["s"], Destination = folder["d"], Update = UpdateMode.Changed, Preserve = PreserveAttributes.All, Force = true },
            ThrottleLimit = threads,
            PerFile = true,
        },
        RemoveExtra = true,
        MaximumRemoval = long.MaxValue,
        AllowEmptySource = true,
    };

    private static void AssertSame(string where, TreeListing expected, TreeListing actual, TreeAspects aspects)
    {
        IReadOnlyList<string> differences = expected.DifferencesTo(actual, aspects);
        Assert.True(differences.Count == 0, where + string.Join('\n', differences.Select(difference => difference.Length > 200 ? $"...{difference[^200..]}" : difference)));
    }
}
