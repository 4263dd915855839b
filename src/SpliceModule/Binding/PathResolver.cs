using System.Collections.ObjectModel;
using System.Management.Automation;
using Microsoft.PowerShell.Commands;
using Splice.Output;

namespace Splice.Binding;

/// <summary>Resolves paths of the file system: relative to $PWD, through drives, wildcards expanded. A path that cannot be
/// resolved is an error record.</summary>
internal sealed class PathResolver(PSCmdlet command, Action<ErrorRecord> report)
{
    /// <summary>Returns the files that a path names.</summary>
    /// <param name="isLiteral">True if wildcard characters stand for themselves.</param>
    /// <param name="findsHidden">True if wildcards find names that begin with a dot.</param>
    /// <param name="isFound">True if a wildcard found them.</param>
    public IReadOnlyList<string> Sources(string path, bool isLiteral, bool findsHidden, out bool isFound)
    {
        // Most paths have no wildcard: the open finds out whether the file exists.
        isFound = !isLiteral && WildcardPattern.ContainsWildcardCharacters(path);
        if (!isFound && (isLiteral || !path.Contains('`', StringComparison.Ordinal)))
        {
            return Single(path) is { } single ? [single] : [];
        }

        try
        {
            Collection<string> found = command.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider);
            if (!IsFileSystem(path, provider))
            {
                return [];
            }

            if (isFound && findsHidden)
            {
                found = [.. command.InvokeProvider.Item.Get([path], force: true, literalPath: false)
                    .Select(item => ((FileSystemInfo)item.BaseObject).FullName)];
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

    /// <summary>Returns the full path of a literal path, existing or not; null after an error.</summary>
    public string? Single(string path)
    {
        try
        {
            string full = Resolve(command.SessionState.Path, path, out ProviderInfo? provider);
            return provider is null || IsFileSystem(path, provider) ? full : null;
        }
        catch (Exception exception) when (IsPathProblem(exception))
        {
            report(ErrorRecords.InvalidPath(path, exception));
            return null;
        }
    }

    /// <summary>Resolves a handle that is a path; the path of all others is null. Returns false after an error.</summary>
    public bool TryResolve(TransferHandle handle, out string? path)
    {
        path = handle.Path is null ? null : Single(handle.Path);
        return path is not null || handle.Path is null;
    }

    /// <summary>Returns the full path of a literal path in the file system, for completion; null where it has none.</summary>
    public static string? TryResolve(PathIntrinsics paths, string path)
    {
        try
        {
            string full = Resolve(paths, path, out ProviderInfo? provider);
            return provider is null || IsFileSystem(provider) ? full : null;
        }
        catch (Exception exception) when (IsPathProblem(exception))
        {
            return null;
        }
    }

    private static string Resolve(PathIntrinsics paths, string path, out ProviderInfo? provider)
    {
        provider = null;
        return PlainPath.TryResolve(path, paths.CurrentLocation) ?? paths.GetUnresolvedProviderPathFromPSPath(path, out provider, out _);
    }

    // The exceptions by which PowerShell reports an invalid path.
    private static bool IsPathProblem(Exception exception) => exception
        is SessionStateException or ProviderInvocationException or PSInvalidOperationException or NotSupportedException
        or ArgumentException or WildcardPatternException;

    private static bool IsFileSystem(ProviderInfo provider) => provider.ImplementingType == typeof(FileSystemProvider);

    private bool IsFileSystem(string path, ProviderInfo provider)
    {
        if (IsFileSystem(provider))
        {
            return true;
        }

        report(ErrorRecords.NotFileSystem(path, provider.Name));
        return false;
    }
}

/// <summary>Paths that are the same for PowerShell and the kernel. PowerShell itself reads /proc/self/mountinfo for each path, to
/// find drives that were added, which takes longer than the copy of a small file.</summary>
internal static class PlainPath
{
    private const string Root = "/";

    /// <summary>Returns the full path; null for a path that PowerShell has to resolve.</summary>
    public static string? TryResolve(string path, PathInfo location)
    {
        bool isPlain = path.Length > 0 && !HasSpecial(path) && !HasEmptyOrDotted(path)
            && location.Provider.ImplementingType == typeof(FileSystemProvider) && location.Drive?.Name == Root && location.Drive.Root == Root;
        return !isPlain ? null : path[0] == '/' ? path : Path.Join(location.Path, path);
    }

    // Drives, providers, wildcards, escapes, the home folder, and the byte that ends a path. SearchValues would be compiled at the first call.
    private static bool HasSpecial(string path)
    {
        foreach (char c in path)
        {
            if (c is ':' or '\\' or '*' or '?' or '[' or ']' or '`' or '~' or '\0')
            {
                return true;
            }
        }

        return false;
    }

    // Of its parts, one may be "", "." or "..".
    private static bool HasEmptyOrDotted(string path) =>
        path[0] == '.' || path[^1] == '/' || path.Contains("//", StringComparison.Ordinal) || path.Contains("/.", StringComparison.Ordinal);
}
