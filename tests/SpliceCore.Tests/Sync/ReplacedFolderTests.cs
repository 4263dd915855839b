using Xunit;

namespace Splice.Tests.Sync;

/// <summary>Folders of the destination that a file or link of the source replaces: they are removals like the others.</summary>
public sealed class ReplacedFolderTests : IDisposable
{
    private readonly SyncFolders _folders = new();

    public ReplacedFolderTests() =>
        _folders.Shell("mkdir -p s/a d/a/f/deep d/l d/e; echo new >s/a/f; ln -s target s/l; echo new >s/e; echo old >d/a/f/deep/x; touch d/a/f/y d/l/z");

    public void Dispose() => _folders.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void They_are_listed_with_what_is_removed(bool isDryRun)
    {
        SyncRequest request = _folders.Mirror with { Tree = _folders.Mirror.Tree with { IsDryRun = isDryRun } };

        SyncOutcome outcome = SyncFolders.Run(request);

        Assert.Empty(outcome.Errors);
        Assert.Equal(
            ["a/f 4 replaced by a file", "l 2 replaced by a link"],
            outcome.Items.Where(item => item.Status == ItemStatus.Removed)
                .Select(item => $"{Path.GetRelativePath(_folders["d"], item.Destination)} {item.Removed} {item.Reason}").Order());
        Assert.Equal(6, outcome.Result!.Removed);
        Assert.Equal(isDryRun ? "a a/f a/f/deep a/f/deep/x a/f/y e l l/z" : "a a/f e l", _folders.Paths("d"));
    }

    [Fact]
    public void One_whose_removal_is_declined_stays_with_an_error()
    {
        int thread = Environment.CurrentManagedThreadId;
        List<string> asked = [];

        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror, item =>
        {
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            asked.Add($"{Path.GetFileName(item.Destination)}:{item.Removed}");
            return item.Removed != 4;
        });

        Assert.Equal(["f:4", "l:2"], asked.Order());
        TransferException error = Assert.Single(outcome.Errors);
        Assert.Equal((TransferErrorId.DestinationExists, _folders["d/a/f"]), (error.Id, error.Target));
        Assert.Equal(2, outcome.Result!.Removed);
        Assert.Equal("a a/f a/f/deep a/f/deep/x a/f/y e l", _folders.Paths("d"));
    }

    [Theory]
    [InlineData("touch d/a/f/new", "a a/f a/f/deep a/f/deep/x a/f/new a/f/y e l")]
    [InlineData("echo more >>d/a/f/y", "a a/f a/f/deep a/f/deep/x a/f/y e l")]
    [InlineData("echo more >>d/a/f/deep/x", "a a/f a/f/deep a/f/deep/x a/f/y e l")]
    [InlineData("cp d/a/f/y new; mv new d/a/f/y", "a a/f a/f/deep a/f/deep/x a/f/y e l")]
    public void One_that_changes_after_it_was_counted_stays_with_an_error(string change, string left)
    {
        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror, item =>
        {
            _folders.Shell(change);
            return true;
        });

        TransferException error = Assert.Single(outcome.Errors);
        Assert.Equal((TransferErrorId.DestinationChanged, _folders["d/a/f"]), (error.Id, error.Target));
        Assert.Contains("did not replace it", error.Message, StringComparison.Ordinal);
        Assert.Equal(left, _folders.Paths("d"));
        Assert.Equal(2, outcome.Result!.Removed);
    }

    [Theory]
    [InlineData("*.tmp")]
    [InlineData(".*")]
    public void One_is_removed_though_the_filter_excludes_its_temporary_name(string pattern)
    {
        SyncRequest request = _folders.Mirror with { Tree = _folders.Mirror.Tree with { Filter = new PathFilter([pattern], []) } };

        Assert.Equal(6, SyncFolders.Complete(request).Removed);

        Assert.Equal("a a/f e l", _folders.Paths("d"));
    }

    [Fact]
    public void One_that_is_emptied_or_filled_after_it_was_counted_is_judged_by_what_it_has()
    {
        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror, item =>
        {
            _folders.Shell("rm -f d/l/z; touch d/e/new");
            return true;
        });

        TransferException error = Assert.Single(outcome.Errors);
        Assert.Equal((TransferErrorId.DestinationChanged, _folders["d/e"]), (error.Id, error.Target));
        Assert.Equal("a a/f e e/new l", _folders.Paths("d"));
    }

    [Fact]
    public void Nothing_is_asked_about_what_stays_anyway()
    {
        _folders.Shell("mkdir d/p; mkfifo s/p; touch d/p/q");
        SyncRequest request = _folders.Mirror;
        request = request with { Tree = request.Tree with { Copy = request.Tree.Copy with { NoClobber = true } } };

        SyncOutcome outcome = SyncFolders.Run(request, _ => throw new InvalidOperationException("asked"));

        Assert.Equal(0, outcome.Result!.Removed);
        Assert.Equal("a a/f a/f/deep a/f/deep/x a/f/y e l l/z p p/q", _folders.Paths("d"));
        Assert.Equal(["f", "l"], Asked(_folders.Mirror).Order());
    }

    private static List<string?> Asked(SyncRequest request)
    {
        List<string?> asked = [];
        SyncFolders.Run(request, item =>
        {
            asked.Add(Path.GetFileName(item.Destination));
            return false;
        });
        return asked;
    }
}
