using System.IO.Enumeration;
using System.Management.Automation;
using Splice.Errors;

namespace Splice.Binding;

/// <summary>Which names are copied, as Copy-Item means it: -Include chooses among the paths given, -Exclude leaves out of
/// these and of the files in folders, -Filter chooses files in folders and what a wildcard found. Making one throws an
/// <see cref="InvalidPatternException"/> where a pattern is none.</summary>
internal sealed class NameFilter(string?[]? include, string?[]? exclude, string? filter)
{
    private readonly WildcardPattern[] _include = Compile(include);
    private readonly WildcardPattern[] _exclude = Compile(exclude);

    /// <summary>Chooses files in folders; null where all are wanted. May be called from any thread.</summary>
    public Func<string, bool>? ForFiles => _exclude.Length == 0 && string.IsNullOrEmpty(filter) ? null : IsFileWanted;

    /// <summary>Whether a path that was given is wanted.</summary>
    /// <param name="name">Its last part.</param>
    /// <param name="isFound">Whether a wildcard found it.</param>
    public bool IsWanted(string name, bool isFound) =>
        (_include.Length == 0 || Matches(_include, name))
        && !Matches(_exclude, name)
        && (!isFound || PassesFilter(name, ignoreCase: true));

    private bool IsFileWanted(string name)
    {
        // A pattern is not made for several threads.
        lock (_exclude)
        {
            return !Matches(_exclude, name) && PassesFilter(name, ignoreCase: false);
        }
    }

    /// <summary>Copy-Item leaves this to the file system in folders, where case counts, and to itself for a wildcard.</summary>
    private bool PassesFilter(string name, bool ignoreCase) =>
        string.IsNullOrEmpty(filter)
        || FileSystemName.MatchesWin32Expression(FileSystemName.TranslateWin32Expression(filter), name, ignoreCase);

    private static bool Matches(WildcardPattern[] patterns, string name) => Array.Exists(patterns, pattern => pattern.IsMatch(name));

    /// <summary>What a script left empty is no pattern.</summary>
    private static WildcardPattern[] Compile(string?[]? patterns) =>
        [.. (patterns ?? []).Where(pattern => !string.IsNullOrEmpty(pattern)).Select(pattern => Compile(pattern!))];

    private static WildcardPattern Compile(string pattern)
    {
        try
        {
            var compiled = WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);

            // It is only looked at when it is used.
            compiled.IsMatch(string.Empty);
            return compiled;
        }
        catch (WildcardPatternException exception)
        {
            throw new InvalidPatternException(pattern, exception);
        }
    }
}
