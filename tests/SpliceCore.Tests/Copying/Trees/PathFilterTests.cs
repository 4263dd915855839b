using System.Text;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Patterns for entries of trees.</summary>
public sealed class PathFilterTests
{
    [Theory]
    [InlineData("*.log", "a.log", true)]
    [InlineData("*.log", "x/y/a.log", true)]
    [InlineData("*.log", "a.LOG", false)]
    [InlineData("*.log", "a.log.gz", false)]
    [InlineData("*.log", ".log", true)]
    [InlineData("a*", "x/abc", true)]
    [InlineData("a*", "ba", false)]
    [InlineData("*b*", "abc", true)]
    [InlineData("*b*", "ac", false)]
    [InlineData("*", "x/anything", true)]
    [InlineData("abc", "x/abc", true)]
    [InlineData("abc", "abcd", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "aéc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("?.txt", "é.txt", true)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData("[äö]x", "öx", true)]
    [InlineData("[a`-]x", "-x", true)]
    [InlineData("`*x", "*x", true)]
    [InlineData("`*x", "ax", false)]
    [InlineData("`!x", "!x", true)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXcYb", false)]
    [InlineData("/a", "a", true)]
    [InlineData("/a", "x/a", false)]
    [InlineData("x/a", "x/a", true)]
    [InlineData("x/a", "y/x/a", false)]
    [InlineData("x/*", "x/a", true)]
    [InlineData("x/*", "x/a/b", false)]
    [InlineData("x/**", "x/a/b", true)]
    [InlineData("x/**", "x", false)]
    [InlineData("/*.log", "a.log", true)]
    [InlineData("/*.log", "x/a.log", false)]
    [InlineData("**/a", "a", true)]
    [InlineData("**/a", "x/y/a", true)]
    [InlineData("**/a", "x/ya", false)]
    [InlineData("x/**/a", "x/a", true)]
    [InlineData("x/**/a", "x/y/z/a", true)]
    [InlineData("x/**/a", "y/a", false)]
    [InlineData("x/**/*.c", "x/y/a.c", true)]
    [InlineData("x/**/*.c", "x/y.c/a", false)]
    [InlineData("x/**/y/*.c", "x/y/z/y/a.c", true)]
    [InlineData("*/a*", "x/ab", true)]
    [InlineData("*/a*", "x/y/ab", false)]
    [InlineData("a/", "a", false)]
    [InlineData("a/", "x/a/", true)]
    [InlineData("a", "x/a/", true)]
    [InlineData("/a/", "a/", true)]
    [InlineData("/a/", "x/a/", false)]
    [InlineData("/", "a", false)]
    public void Excludes(string pattern, string path, bool excludes) =>
        Assert.Equal(!excludes, Selects(new PathFilter([pattern], []), path));

    [Fact]
    public void The_last_matching_pattern_decides()
    {
        var filter = new PathFilter(["*.log", "!keep.log", "/keep.log"], []);

        Assert.False(Selects(filter, "a.log"));
        Assert.True(Selects(filter, "x/keep.log"));
        Assert.False(Selects(filter, "keep.log"));
    }

    [Fact]
    public void Includes_choose_files_and_whole_folders()
    {
        var filter = new PathFilter(["b.css"], ["*.css", "docs/"]);

        Assert.True(Selects(filter, "a.css"));
        Assert.False(Selects(filter, "b.css"));
        Assert.False(Selects(filter, "a.js"));
        Assert.True(Selects(filter, "folder/"));
        Assert.True(filter.IncludesFolder("x"u8, "docs"u8));
        Assert.False(filter.IncludesFolder("x"u8, "a.css"u8));
        Assert.True(filter.Selects("docs"u8, "a.js"u8, isFolder: false, isInIncluded: true));
    }

    [Fact]
    public void Names_that_are_not_text_match_by_their_bytes()
    {
        var filter = new PathFilter(["*.log", "a?b"], []);

        Assert.False(filter.Selects([], [0xFF, .. ".log"u8], isFolder: false, isInIncluded: false));
        Assert.False(filter.Selects([], [(byte)'a', 0xFF, (byte)'b'], isFolder: false, isInIncluded: false));
        Assert.True(filter.Selects([], [(byte)'a', 0xFF, 0xFE, (byte)'b'], isFolder: false, isInIncluded: false));
    }

    [Fact]
    public void What_matched_nothing_is_known()
    {
        var filter = new PathFilter(["*.log", "*.tmp"], ["*.a", "*.b"], "?*");
        Selects(filter, "x.log");
        Selects(filter, "x.b");

        Assert.Equal([("*.tmp", true), ("*.a", false)], filter.Unmatched());
    }

    [Fact]
    public void An_open_bracket_is_invalid() => Assert.Throws<FormatException>(() => new PathFilter(["a[b"], []));

    /// <summary>Random patterns and paths, against a matcher that tries everything.</summary>
    [Fact]
    public void Random_patterns_match_what_a_simple_matcher_matches()
    {
        var random = new Random(1);
        string Any(string letters, int most) => string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => letters[random.Next(letters.Length)]));
        for (int i = 0; i < 20_000; i++)
        {
            string pattern = "x/" + Any("ab*?/", 8).TrimEnd('/').Replace("***", "**", StringComparison.Ordinal);
            string path = "x/" + Any("aab/", 9).Trim('/').Replace("//", "/", StringComparison.Ordinal);
            if (pattern.Contains("//", StringComparison.Ordinal) || path.Contains("//", StringComparison.Ordinal) || path.EndsWith('/'))
            {
                continue;
            }

            Assert.True(Selects(new PathFilter([pattern], []), path) != IsMatch(pattern, path), $"{pattern} {path}");
        }
    }

    private static bool IsMatch(string pattern, string text) => (pattern, text) switch
    {
        ("", _) => text.Length == 0,
        _ when pattern.StartsWith("/**/", StringComparison.Ordinal) => text.StartsWith('/')
            && Enumerable.Range(0, text.Length).Any(i => text[i] == '/' && IsMatch(pattern[3..], text[i..])),
        (['*', '*', ..], _) => Enumerable.Range(0, text.Length + 1).Any(i => IsMatch(pattern[2..], text[i..])),
        (['*', ..], _) => Enumerable.Range(0, text.Length + 1).Any(i => !text[..i].Contains('/') && IsMatch(pattern[1..], text[i..])),
        (['?', ..], [not '/', ..]) => IsMatch(pattern[1..], text[1..]),
        ([var one, ..], [var other, ..]) => one == other && IsMatch(pattern[1..], text[1..]),
        _ => false,
    };

    /// <param name="path">With a slash at the end of a folder's.</param>
    private static bool Selects(PathFilter filter, string path)
    {
        string entry = path.TrimEnd('/');
        int slash = entry.LastIndexOf('/');
        return filter.Selects(
            Encoding.UTF8.GetBytes(slash < 0 ? "" : entry[..slash]), Encoding.UTF8.GetBytes(entry[(slash + 1)..]), path.EndsWith('/'), isInIncluded: false);
    }
}
