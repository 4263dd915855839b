using System.Buffers;
using System.IO.Enumeration;
using System.Management.Automation;
using Microsoft.PowerShell.Commands;
using Splice.Errors;

namespace Splice.Binding;

/// <summary>Turns what a user typed into paths of the file system: relative to $PWD, through drives, wildcards expanded.
/// What is no such path is an error record, and the others go on.</summary>
/// <param name="command">Whose paths they are.</param>
/// <param name="findsHidden">Whether wildcards find names that begin with a dot.</param>
/// <param name="report">Writes an error.</param>
internal sealed class PathResolver(PSCmdlet command, bool findsHidden, Action<ErrorRecord> report)
{
    /// <summary>Writes an error.</summary>
    public Action<ErrorRecord> Report => report;

    /// <summary>The files that a path names.</summary>
    /// <param name="path">As the user gave it.</param>
    /// <param name="isLiteral">Whether wildcard characters stand for themselves.</param>
    /// <param name="isFound">Whether a wildcard found them.</param>
    public IReadOnlyList<string> Sources(string path, bool isLiteral, out bool isFound)
    {
        // Most paths have no wildcard: the open tells whether the file is there, so nothing looks twice.
        isFound = !isLiteral && WildcardPattern.ContainsWildcardCharacters(path);
        bool expand = isFound || (!isLiteral && path.Contains('`', StringComparison.Ordinal));
        if (!expand)
        {
            return Single(path) is { } single ? [single] : [];
        }

        try
        {
            IReadOnlyList<string> found = command.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider);
            if (!IsFileSystem(path, provider))
            {
                return [];
            }

            if (isFound && findsHidden)
            {
                found = WithHidden(path);
            }

            if (found.Count == 0)
            {
                report(ErrorRecords.NoMatch(path));
            }

            return found;
        }
        catch (ItemNotFoundException)
        {
            report(ErrorRecords.NoMatch(path));
        }
        catch (Exception exception) when (IsPathProblem(exception))
        {
            report(ErrorRecords.InvalidPath(path, exception));
        }

        return [];
    }

    /// <summary>The one file or folder that a literal path names, there or not; null after an error.</summary>
    public string? Single(string path)
    {
        if (PlainPath.TryResolve(path, command.SessionState.Path.CurrentLocation) is { } plain)
        {
            return plain;
        }

        try
        {
            string found = command.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            return IsFileSystem(path, provider) ? found : null;
        }
        catch (Exception exception) when (IsPathProblem(exception))
        {
            report(ErrorRecords.InvalidPath(path, exception));
            return null;
        }
    }

    /// <summary>True if PowerShell says by an exception that a path is none.</summary>
    public static bool IsPathProblem(Exception exception) => exception
        is SessionStateException or ProviderInvocationException or PSInvalidOperationException or NotSupportedException
        or ArgumentException or WildcardPatternException;

    private List<string> WithHidden(string pattern) =>
    [
        .. command.InvokeProvider.Item.Get([pattern], force: true, literalPath: false)
            .Select(item => ((FileSystemInfo)item.BaseObject).FullName),
    ];

    private bool IsFileSystem(string path, ProviderInfo provider)
    {
        bool itIs = provider.ImplementingType == typeof(FileSystemProvider);
        if (!itIs)
        {
            report(ErrorRecords.NotFileSystem(path, provider.Name));
        }

        return itIs;
    }
}

/// <summary>Paths that mean in PowerShell what they mean to the kernel. PowerShell itself reads /proc/self/mountinfo for each path,
/// to see whether a drive was added, which takes longer than copying a small file.</summary>
internal static class PlainPath
{
    private const string Root = "/";

    // Drives, providers, wildcards, escapes, the home folder, and what a path cannot hold.
    private static readonly SearchValues<char> Special = SearchValues.Create(":\\*?[]`~\0");

    /// <summary>The full path; null where only PowerShell knows what is meant.</summary>
    /// <param name="path">As the user gave it.</param>
    /// <param name="location">The current location.</param>
    public static string? TryResolve(string path, PathInfo location)
    {
        bool isPlain = path.Length > 0 && !path.AsSpan().ContainsAny(Special) && !HasEmptyOrDotted(path)
            && location.Provider.ImplementingType == typeof(FileSystemProvider) && location.Drive?.Name == Root && location.Drive.Root == Root;
        return !isPlain ? null : path[0] == '/' ? path : Path.Join(location.Path, path);
    }

    /// <summary>True if a part of it may be "", "." or "..".</summary>
    private static bool HasEmptyOrDotted(string path) =>
        path[0] == '.' || path[^1] == '/' || path.Contains("//", StringComparison.Ordinal) || path.Contains("/.", StringComparison.Ordinal);
}

/// <summary>Which names are copied, as Copy-Item means it: -Include chooses among the paths given, -Exclude leaves out of
/// these and of the files in folders, -Filter chooses files in folders and what a wildcard found. Making one throws an
/// <see cref="InvalidPatternException"/> where a pattern is none.</summary>
internal sealed class NameFilter(string?[]? include, string?[]? exclude, string? filter)
{
    private readonly WildcardPattern[] _include = Compile(include);
    private readonly WildcardPattern[] _exclude = Compile(exclude);

    /// <summary>Chooses files in folders; null where all are wanted. May be called from any thread.</summary>
    public Func<string, bool>? ForFiles => _exclude.Length == 0 && string.IsNullOrEmpty(filter) ? null : IsFileWanted;

    /// <summary>True if a path that was given is wanted.</summary>
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
