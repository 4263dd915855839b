using Xunit;

namespace Splice.Tests.Sync;

/// <summary>What keeps a synchronization from being run at all: nothing is touched then.</summary>
public sealed class SyncGuardTests : IDisposable
{
    private readonly SyncFolders _folders = new();

    public void Dispose() => _folders.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Row_1_an_empty_source_is_an_error(bool removes)
    {
        _folders.Shell("mkdir s d; touch d/1 d/2 d/3 d/4 d/5 d/6 d/7 d/8 d/9");

        AssertRefused(TransferErrorId.EmptySource, _folders.Request with { RemoveExtra = removes });
    }

    [Fact]
    public void Row_1_an_empty_source_that_is_meant_is_still_limited()
    {
        _folders.Shell("mkdir s d; touch d/1 d/2 d/3 d/4 d/5 d/6 d/7 d/8 d/9");
        SyncRequest request = _folders.Mirror with { AllowEmptySource = true };

        AssertRefused(TransferErrorId.TooManyRemovals, request with { MaximumRemoval = 8 });
        Assert.Equal(9, SyncFolders.Complete(request with { MaximumRemoval = 9 }).Removed);
        Assert.Empty(_folders.Paths("d"));
    }

    [Theory]
    [InlineData("s", "s/sub", "the destination in the source")]
    [InlineData("s", "s/new", "a new one in it")]
    [InlineData("d/s", "d", "the source in the destination")]
    [InlineData("s", "s", "itself")]
    [InlineData("s/", "s/.", "itself by other names")]
    [InlineData("s", "link/sub", "through a link")]
    [InlineData("s", "link", "the source through a link")]
    [InlineData("/", "s/sub", "everything")]
    public void Row_2_folders_that_overlap_are_an_error(string source, string destination, string which)
    {
        _folders.Shell("mkdir -p s/sub d/s; echo 1 >s/f; echo 1 >d/s/f; echo 2 >d/x; ln -s s link");
        foreach (bool removes in new[] { true, false })
        {
            SyncOutcome outcome = SyncFolders.Run(Between(_folders.Mirror with { RemoveExtra = removes }, source, destination));

            Assert.True(outcome.End?.Id == TransferErrorId.FoldersOverlap, $"{which}: {outcome}");
            Assert.Equal("s s/f x", _folders.Paths("d"));
            Assert.Equal("f sub", _folders.Paths("s"));
        }
    }

    [Fact]
    public void Row_2_also_through_bind_mounts()
    {
        Command.RequireRoot();
        _folders.Shell("mkdir -p s/sub b c; echo 1 >s/f; echo 2 >s/sub/x; mount --bind s b; mount --bind s/sub c");
        try
        {
            foreach ((string source, string destination) in new[] { ("s", "b"), ("s", "b/sub"), ("b", "s/sub"), ("b/sub", "s"), ("c", "s") })
            {
                SyncOutcome outcome = SyncFolders.Run(Between(_folders.Mirror, source, destination));

                Assert.True(outcome.End?.Id == TransferErrorId.FoldersOverlap, $"{source} to {destination}: {outcome}");
                Assert.Equal("f sub sub/x", _folders.Paths("s"));
            }
        }
        finally
        {
            Mount.Unmount(_folders["b"]);
            Mount.Unmount(_folders["c"]);
        }
    }

    [Fact]
    public void Row_2_an_excluded_folder_may_be_inside()
    {
        _folders.Shell("mkdir -p s/backup/old; echo 1 >s/f; echo 2 >s/backup/x");
        SyncRequest inside = Excluding(Between(_folders.Mirror with { MaximumRemoval = 2 }, "s", "s/backup"), "backup/");

        Assert.Equal(2, SyncFolders.Complete(inside).Removed);
        Assert.Equal("backup backup/f f", _folders.Paths("s"));
        AssertRefused(TransferErrorId.FoldersOverlap, inside with { RemoveExcluded = true });

        _folders.Shell("mkdir -p d/s; echo 1 >d/s/f; echo 2 >d/x");
        Assert.Equal(1, SyncFolders.Complete(Excluding(Between(_folders.Mirror, "d/s", "d"), "/s")).Removed);
        Assert.Equal("f s s/f", _folders.Paths("d"));
    }

    [Theory]
    [InlineData("file", "d", TransferErrorId.SourceNotFolder)]
    [InlineData("none", "d", TransferErrorId.SourceNotFound)]
    [InlineData("s", "file", TransferErrorId.DestinationExists)]
    [InlineData("s", "dangling", TransferErrorId.DestinationExists)]
    [InlineData("s", "none/d", TransferErrorId.DestinationFolderNotFound)]
    public void What_is_not_a_folder_is_an_error(string source, string destination, TransferErrorId id)
    {
        _folders.Shell("mkdir s d; touch s/f file; ln -s nowhere dangling");

        AssertRefused(id, Between(_folders.Mirror, source, destination));
    }

    [Fact]
    public void Both_may_be_links_to_folders()
    {
        _folders.Shell("mkdir from to; echo 1 >from/f; echo 2 >to/x; ln -s from s; ln -s to d");

        Assert.Equal(1, SyncFolders.Complete(_folders.Mirror).Removed);
        Assert.Equal("f", _folders.Paths("to"));
        Assert.Equal("to", _folders.Shell("readlink d"));
    }

    [Fact]
    public void Row_27_a_second_synchronization_of_the_destination_is_an_error()
    {
        Command.Require("flock");
        _folders.Shell("mkdir s d; echo 1 >s/f; touch d/x");
        using var other = new ChildProcess("flock", _folders["d"], "sh", "-c", "echo locked; read line");
        Assert.Equal("locked", other.ReadLine());

        AssertRefused(TransferErrorId.DestinationBusy, _folders.Mirror);
        other.CloseInput();
        other.WaitForExit();
        SyncFolders.Complete(_folders.Mirror);
        Assert.Equal("f", _folders.Paths("d"));

        // The lock is not kept.
        _folders.Shell("flock --nonblock d true");
    }

    [Fact]
    public void A_missing_destination_is_created_and_a_dry_run_creates_nothing()
    {
        _folders.Shell("mkdir -m 750 s; mkdir s/a; echo 1 >s/a/f; touch -d @1000000000 s s/a");

        SyncRequest dry = _folders.Mirror with { Tree = _folders.Mirror.Tree with { IsDryRun = true } };
        Assert.Equal("Copied:a/f", SyncFolders.Run(dry).Changes(_folders["d"]));
        Assert.False(Directory.Exists(_folders["d"]));
        SyncFolders.Complete(_folders.Mirror);
        Assert.Equal("750 1000000000", _folders.Shell("stat -c '%a %Y' d"));
        Assert.Equal("a a/f", _folders.Paths("d"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_missing_destination_is_an_error_if_nothing_is_to_be_added(bool isDryRun)
    {
        _folders.Shell("mkdir s; touch s/f");
        SyncRequest request = _folders.Request with { ExistingOnly = true };

        SyncOutcome outcome = SyncFolders.Run(request with { Tree = request.Tree with { IsDryRun = isDryRun } });

        Assert.Equal((TransferErrorId.DestinationFolderNotFound, _folders["d"]), (outcome.End?.Id, outcome.End?.Target));
        Assert.False(Directory.Exists(_folders["d"]));
    }

    [Fact]
    public void Too_many_removals_are_worded_for_a_dry_run()
    {
        _folders.Shell("mkdir s d; touch s/f d/1 d/2");
        SyncRequest request = _folders.Mirror with { MaximumRemoval = 1 };

        SyncOutcome dry = SyncFolders.Run(request with { Tree = request.Tree with { IsDryRun = true } });

        TransferException error = Assert.Single(dry.Errors);
        Assert.Equal(TransferErrorId.TooManyRemovals, error.Id);
        Assert.Contains("Without -WhatIf, nothing would be changed.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("-WhatIf", error.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(2, dry.Items.Count(item => item.Status == ItemStatus.Removed));
        Assert.Contains("Nothing was changed.", SyncFolders.Run(request).End!.Message, StringComparison.Ordinal);
    }

    private static SyncRequest Excluding(SyncRequest request, params string[] patterns) =>
        request with { Tree = request.Tree with { Filter = new PathFilter(patterns, []) } };

    private SyncRequest Between(SyncRequest request, string source, string destination) => request with
    {
        Tree = request.Tree with
        {
            Copy = request.Tree.Copy with { Source = Path.Combine(_folders.Folder, source), Destination = Path.Combine(_folders.Folder, destination) },
        },
    };

    private void AssertRefused(TransferErrorId id, SyncRequest request)
    {
        var before = TreeListing.Of(_folders.Folder, sync: false);
        SyncOutcome outcome = SyncFolders.Run(request);
        Assert.True(outcome.End?.Id == id, outcome.ToString());
        Assert.NotEmpty(outcome.End!.RecommendedAction);
        before.AssertSame(TreeListing.Of(_folders.Folder, sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }
}
