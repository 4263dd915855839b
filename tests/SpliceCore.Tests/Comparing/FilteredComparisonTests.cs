using Xunit;

namespace Splice.Tests.Comparing;

/// <summary>Comparisons of what patterns select.</summary>
public sealed class FilteredComparisonTests : IDisposable
{
    private readonly Workspace _folder = new();

    public FilteredComparisonTests()
    {
        // Everything differs, or is on one side only.
        foreach (string side in new[] { "one", "other" })
        {
            foreach (string path in new[] { "a.css", "a.log", "css/b.css", "css/b.log", "cache/c.css", "css/cache/d.css" })
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_folder[$"{side}/{path}"])!);
                _folder.WriteRandom($"{side}/{path}", 100, seed: side.Length);
            }
        }

        Directory.CreateDirectory(_folder["one/alone/deep"]);
        _folder.WriteRandom("one/alone/deep/e.css", 1);
        _folder.WriteRandom("one/alone/e.log", 1);
        _folder.WriteRandom("one/type", 1);
        Directory.CreateDirectory(_folder["other/type"]);
        _folder.WriteRandom("other/type/f.css", 1);
    }

    [Theory]
    [InlineData("*.log|*.css", "", "<= alone|<= alone/deep|<> type Type")]
    [InlineData("cache/|*.log|/alone|/type", "", "<> a.css Content|<> css/b.css Content")]
    [InlineData("cache|!/css/cache|a*|type|/css/*.*", "", "<> css/cache/d.css Content")]
    [InlineData("type/", "/type", "<= type")]
    [InlineData("", "*.css", "<> a.css Content|<= alone/deep/e.css|<> cache/c.css Content|<> css/b.css Content|<> css/cache/d.css Content|=> type/f.css")]
    [InlineData("cache", "*.css", "<> a.css Content|<= alone/deep/e.css|<> css/b.css Content|=> type/f.css")]
    [InlineData("", "alone/|type", "<= alone|<= alone/deep|<= alone/deep/e.css|<= alone/e.log|<> type Type")]
    [InlineData("", "css/*.log", "<> css/b.log Content")]
    public void Only_what_the_patterns_select_is_compared(string exclude, string include, string expected)
    {
        PathFilter filter = Filter(exclude, include);
        Assert.Equal(expected.Split('|'), Comparisons.OfTrees(_folder["one"], _folder["other"], filter: filter));
        Assert.Empty(filter.Unmatched());
    }

    [Fact]
    public void Folders_that_are_only_searched_are_not_equal_entries()
    {
        Assert.Equal(
            ["== b.css", "== cache", "== cache/d.css"],
            Comparisons.OfTrees(_folder["one/css"], _folder["one/css"], includeEqual: true, filter: Filter(string.Empty, "*.css|cache/")));
        Assert.Equal(
            ["== .", "== b.css", "== b.log"],
            Comparisons.OfTrees(_folder["one/css"], _folder["one/css"], includeEqual: true, filter: Filter("cache", string.Empty)));
    }

    [Fact]
    public void Patterns_that_match_nothing_are_known()
    {
        PathFilter filter = Filter("*.log|*.none", "*.css|*.never");
        Comparisons.OfTrees(_folder["one"], _folder["other"], filter: filter);
        Assert.Equal([("*.none", true), ("*.never", false)], filter.Unmatched());
    }

    [Theory]
    [InlineData("*.log|cache/", "")]
    [InlineData("/css/*|!*.css", "")]
    [InlineData("cache", "*.css")]
    [InlineData("", "alone/|b.*")]
    public void A_synchronization_with_the_same_patterns_leaves_no_difference(string exclude, string include)
    {
        Directory.Delete(_folder["other/type"], recursive: true);
        TreeSync.Sync(
            new SyncRequest
            {
                Tree = new TreeRequest
                {
                    Copy = new CopyRequest { Source = _folder["one"], Destination = _folder["other"], Update = UpdateMode.Content },
                    Filter = Filter(exclude, include),
                },
                RemoveExtra = true,
            },
            new TreeMonitor(Failed: error => Assert.Fail(error.Message), Cancellation: TestContext.Current.CancellationToken));

        Assert.Empty(Comparisons.OfTrees(_folder["one"], _folder["other"], filter: Filter(exclude, include)));
        Assert.NotEmpty(Comparisons.OfTrees(_folder["one"], _folder["other"]));
    }

    public void Dispose() => _folder.Dispose();

    private static PathFilter Filter(string exclude, string include) => new(
        exclude.Split('|', StringSplitOptions.RemoveEmptyEntries), include.Split('|', StringSplitOptions.RemoveEmptyEntries));
}
