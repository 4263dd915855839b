using System.Management.Automation.Language;

namespace Splice.Binding;

/// <summary>Finds the command line that was meant where a host is invalid: with host:path as scp(1) takes it, or with a path
/// where the host belongs.</summary>
internal static class RemoteUsage
{
    /// <summary>Returns the line of Send-ItemZeroCopy that was probably meant; null if that is not clear.</summary>
    public static string? Send(IReadOnlyList<string> paths, string host, string destination)
    {
        (string Host, string Path)? remote = SplitRemote(host);
        return remote is { } there ? Line("Send", paths, there.Host, there.Path)
            : !IsPath(host) ? null
            : IsHost(destination) ? Line("Send", paths, destination, host)
            : paths is [string first] && IsHost(first) ? Line("Send", [host], first, destination)
            : null;
    }

    /// <summary>Returns the line of Receive-ItemZeroCopy that was probably meant; null if that is not clear.</summary>
    public static string? Receive(IReadOnlyList<string> paths, string host, string destination) => paths is not [string first] ? null
        : SplitRemote(first) is { } there ? Line("Receive", [there.Path], there.Host, host)
        : SplitRemote(host) is { } swapped ? Line("Receive", [swapped.Path], swapped.Host, first)
        : IsPath(host) && IsHost(first) ? Line("Receive", [host], first, destination)
        : null;

    /// <summary>Returns the line of Send-ItemZeroCopy that was probably meant where a path is missing, and the host is an existing file.</summary>
    public static string? SendSwapped(string path, string host, string destination) =>
        IsHost(path) && IsHost(host) && !path.Contains(':') && !host.Contains(':') ? Line("Send", [host], path, destination) : null;

    /// <summary>True if a path is host:path. One with a slash before its colon is not.</summary>
    public static bool IsRemote(string path) => SplitRemote(path) is not null;

    /// <summary>Returns a command line, with quotes where a word requires them.</summary>
    public static string Line(string verb, IReadOnlyList<string> paths, string host, string destination) =>
        $"{verb}-ItemZeroCopy {string.Join(", ", paths.Select(Quoted))} {Quoted(host)} {Quoted(destination)}";

    private static (string Host, string Path)? SplitRemote(string text)
    {
        int colon = text.IndexOf(':', Math.Max(0, text.IndexOf(']')));
        return colon > 0 && colon < text.Length - 1 && IsHost(text[..colon]) ? (text[..colon], text[(colon + 1)..]) : null;
    }

    private static bool IsPath(string text) => text.Contains('/') || text.StartsWith('.') || text.StartsWith('~');

    private static bool IsHost(string text)
    {
        try
        {
            RemoteHost.Parse(text);
            return true;
        }
        catch (TransferException)
        {
            return false;
        }
    }

    public static string Quoted(string word) => word.Any(c => char.IsWhiteSpace(c) || "'\"`$;&|<>(){},@#".Contains(c))
        ? $"'{CodeGeneration.EscapeSingleQuotedStringContent(word)}'"
        : word;
}
