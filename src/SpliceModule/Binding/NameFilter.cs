using System.IO.Enumeration;
using System.Management.Automation;
using Splice.Output;

namespace Splice.Binding;

/// <summary>Chooses among the paths that are given as Copy-Item does, by their last parts, where case does not count; and among the entries
/// of folders by the same patterns, as <see cref="PathFilter"/> does. The constructor throws a <see cref="BindingException"/> for an invalid
/// pattern.</summary>
internal sealed class NameFilter(string?[]? include, string?[]? exclude, string? filter)
{
    private readonly NamePattern[] _include = Compile(include);
    private readonly NamePattern[] _exclude = Compile(exclude);

    /// <summary>The filter of entries in folders; null for all.</summary>
    public PathFilter? ForTrees { get; } = CompileForTrees(include, exclude, filter);

    /// <summary>True if a path is selected.</summary>
    /// <param name="name">Its last part.</param>
    /// <param name="isFolder">True if it is a folder that is copied with its content.</param>
    public bool IsWanted(string name, bool isFolder, bool isFound) =>
        (isFolder || IsIncluded(name, isFolder))
        && !Matches(_exclude, name, isFolder)
        && (!isFound || PassesFilter(name));

    /// <summary>True if -Include selects a path, for a folder with its content.</summary>
    public bool IsIncluded(string name, bool isFolder) => _include.Length == 0 || Matches(_include, name, isFolder);

    /// <summary>Returns the patterns that matched no path and no entry of a folder, with their parameters.</summary>
    public IEnumerable<(string Pattern, string Parameter)> Unmatched()
    {
        if (_include.Length + _exclude.Length == 0)
        {
            return [];
        }

        HashSet<(string, bool)> inTrees = [.. ForTrees?.Unmatched() ?? []];
        return _include.Where(pattern => !pattern.HasMatched && inTrees.Contains((pattern.Text, false))).Select(pattern => (pattern.Text, "-Include"))
            .Concat(_exclude.Where(pattern => !pattern.HasMatched && inTrees.Contains((pattern.Text, true))).Select(pattern => (pattern.Text, "-Exclude")));
    }

    // Copy-Item leaves this to the file system in folders, where case counts, and does it itself for a wildcard.
    private bool PassesFilter(string name) => string.IsNullOrEmpty(filter)
        || FileSystemName.MatchesWin32Expression(FileSystemName.TranslateWin32Expression(filter), name, ignoreCase: true);

    private static bool Matches(NamePattern[] patterns, string name, bool isFolder)
    {
        bool matches = false;
        foreach (NamePattern pattern in patterns)
        {
            matches = pattern.IsMatch(name, isFolder) ? !pattern.IsNegated : matches;
        }

        return matches;
    }

    private static NamePattern[] Compile(string?[]? patterns) => Array.ConvertAll(Given(patterns), pattern => new NamePattern(pattern));

    private static PathFilter? CompileForTrees(string?[]? include, string?[]? exclude, string? filter)
    {
        string[] patterns = [.. Given(include), .. Given(exclude)];
        try
        {
            return patterns.Length > 0 || !string.IsNullOrEmpty(filter) ? new PathFilter(Given(exclude), Given(include), filter) : null;
        }
        catch (FormatException exception)
        {
            throw BindingException.InvalidPattern(string.Join(", ", patterns), new WildcardPatternException(exception.Message, exception));
        }
    }

    // An empty string of a script is not a pattern.
    private static string[] Given(string?[]? patterns) =>
        patterns is null ? [] : [.. patterns.Where(pattern => !string.IsNullOrEmpty(pattern)).Select(pattern => pattern!)];

    /// <summary>A pattern as it applies to the last parts of paths. One with a slash in it is for entries of folders only.</summary>
    private sealed class NamePattern
    {
        private readonly WildcardPattern? _pattern;
        private readonly bool _isFolderOnly;

        public NamePattern(string text)
        {
            Text = text;
            IsNegated = text.StartsWith('!');
            string name = IsNegated ? text[1..] : text;
            _isFolderOnly = name.EndsWith('/');
            name = name.TrimEnd('/');
            try
            {
                var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);

                // Only the first match parses it.
                pattern.IsMatch(string.Empty);
                _pattern = name.Contains('/', StringComparison.Ordinal) ? null : pattern;
            }
            catch (WildcardPatternException exception)
            {
                throw BindingException.InvalidPattern(text, exception);
            }
        }

        public string Text { get; }

        public bool IsNegated { get; }

        public bool HasMatched { get; private set; }

        public bool IsMatch(string name, bool isFolder)
        {
            bool matches = (isFolder || !_isFolderOnly) && _pattern?.IsMatch(name) == true;
            HasMatched |= matches;
            return matches;
        }
    }
}
