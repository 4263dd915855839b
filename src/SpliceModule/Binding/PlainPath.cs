using System.Buffers;
using System.Management.Automation;
using Microsoft.PowerShell.Commands;

namespace Splice.Binding;

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

    /// <summary>Whether a part of it may be "", "." or "..".</summary>
    private static bool HasEmptyOrDotted(string path) =>
        path[0] == '.' || path[^1] == '/' || path.Contains("//", StringComparison.Ordinal) || path.Contains("/.", StringComparison.Ordinal);
}
