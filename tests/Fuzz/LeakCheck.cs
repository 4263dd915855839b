using Splice.TestKit.Processes;

namespace Splice.Fuzz;

/// <summary>Finds descriptors and child processes that calls have left behind.</summary>
/// <param name="folder">The working directory of the calls.</param>
public sealed class LeakCheck(string folder)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    // PowerShell itself can open some at any time.
    private readonly HashSet<string> _known = [.. Descriptors().Select(Describe)];
    private int _count = Descriptors().Length;

    /// <summary>Returns what was left; null if nothing was.</summary>
    public string? Look()
    {
        string? found = null;
        if (SpinWait.SpinUntil(() => (found = Find()) is null, Timeout))
        {
            return null;
        }

        // Each is reported once.
        _known.UnionWith(Descriptors().Select(Describe));
        _count = _known.Count;
        return found;
    }

    private static string[] Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd");

    private static string Describe(string link)
    {
        try
        {
            return $"{Path.GetFileName(link)} -> {new FileInfo(link).LinkTarget}";
        }
        catch (IOException)
        {
            return string.Empty; // closed meanwhile
        }
    }

    private string? Find()
    {
        if (ChildProcesses.Ids().FirstOrDefault() is { } child)
        {
            return $"left the process {child}";
        }

        string[] open = Descriptors();
        if (open.Length <= _count)
        {
            return null;
        }

        string[] left = [.. open.Select(Describe).Where(description => !_known.Contains(description))];
        if (left.FirstOrDefault(IsOurs) is { } leak)
        {
            return $"left the descriptor {leak}";
        }

        _known.UnionWith(left);
        _count = open.Length;
        return null;
    }

    private bool IsOurs(string description) =>
        description.Contains(folder, StringComparison.Ordinal)
        || description.Contains("-> pipe:", StringComparison.Ordinal)
        || description.Contains("-> socket:", StringComparison.Ordinal)
        || description.Contains("-> /dev/", StringComparison.Ordinal)
        || description.Contains("eventfd", StringComparison.Ordinal)
        || description.Contains("pidfd", StringComparison.Ordinal);
}
