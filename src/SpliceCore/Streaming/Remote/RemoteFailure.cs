using System.Globalization;

namespace Splice.Streaming.Remote;

/// <summary>The one table from how ssh and the script on the host ended to the error that the user gets.</summary>
internal static class RemoteFailure
{
    private const int MostWords = 5;

    /// <summary>A transfer that ssh or the host ended.</summary>
    /// <param name="session">The session, which has ended.</param>
    /// <param name="source">What was transferred.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="hasBegun">Whether the script on the host has said anything: then ssh did connect.</param>
    /// <param name="isTree">Whether it was a folder, which -Resume cannot go on with.</param>
    /// <param name="ssh">How ssh connected.</param>
    public static TransferException Of(
        SshSession session, string source, string destination, bool hasBegun, bool isTree, SshOptions ssh)
    {
        string again = isTree ? "Start it again." : "Start it again; -Resume goes on with what is there.";
        string host = session.Host.Text;
        string words = Words(session.Words);
        string what = $"'{source}' was not transferred to '{destination}' with '{host}'";
        if (session.ExitCode is not int code)
        {
            return new(TransferErrorId.ConnectionFailed,
                $"{what}: ssh was ended by signal {session.Signal}{(words.Length == 0 ? "." : $": {words}")}",
                again, target: host);
        }

        // Ours are known by what they say; those of the host's shell and of ssh may say nothing.
        bool isOurs = Enum.IsDefined((RemoteExit)code);
        string number = isOurs ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" (exit code {code})");
        string how = $"{what}{number}{(words.Length == 0 ? "." : $": {words}")}";
        return (RemoteExit)code switch
        {
            RemoteExit.Ssh when hasBegun => new(TransferErrorId.ConnectionFailed, how, again, target: host),
            RemoteExit.Ssh => new(TransferErrorId.ConnectionFailed,
                how, $"See whether {SshCommand.TextOf(session.Host, ssh)} connects without a question: the host's key must be known, and a key of yours be allowed there.", target: host),
            RemoteExit.NoFolder => new(TransferErrorId.DestinationFolderNotFound, how, "Make the folder there first.", target: host),
            RemoteExit.Exists => new(TransferErrorId.DestinationExists, how, IsOfFolder(words) ? "Choose another name." : "Choose another name, or leave -NoClobber out.", target: host),
            RemoteExit.SameFile => new(TransferErrorId.SameFile, how, "Choose another destination.", target: host),
            RemoteExit.NoRegularFile => new(TransferErrorId.DestinationNotReplaceable, how, "Name a regular file.", target: host),
            RemoteExit.Denied => new(TransferErrorId.PermissionDenied, how, IsOfFolder(words) ? "Ask for write permission there." : "Ask for the permission there, or use -Force for a read-only file.", target: host),
            RemoteExit.Changed => new(TransferErrorId.SourceChanged, how, "Transfer it again when nobody writes to it.", target: host),
            RemoteExit.Different => new(TransferErrorId.VerificationFailed, how, "Transfer it again, and look for a failing disk or memory where that does not help.", target: host),
            RemoteExit.NoFile => new(TransferErrorId.SourceNotFound, how, "Check the path; it is relative to the home folder there.", target: host),
            RemoteExit.IsFolder => new(TransferErrorId.SourceIsDirectory, how, "Use -Recurse, or name a file in it.", target: host),
            RemoteExit.Busy => new(TransferErrorId.DestinationBusy, how, "Wait until the host has noticed that it ended, or remove that name.", target: host),
            RemoteExit.Incomplete => new(TransferErrorId.ConnectionFailed, how, again, target: host),
            RemoteExit.Generated => new(TransferErrorId.RemoteFailed, how, "Copy the folder to a disk of that host first (cp -r), and receive the copy.", target: host),
            RemoteExit.NotWritten when words.Contains("No space left", StringComparison.Ordinal) || words.Contains("quota", StringComparison.OrdinalIgnoreCase) =>
                new(TransferErrorId.DiskFull, how, "Free some space there.", target: host),
            _ => new(TransferErrorId.RemoteFailed, how, "The host needs a POSIX shell and coreutils or busybox, and must let you run them.", target: host),
        };
    }

    /// <summary>The file was changed while it was transferred.</summary>
    public static TransferException SourceChanged(string source, string host) => new(TransferErrorId.SourceChanged,
        $"'{source}' was changed while it was transferred with '{host}'; the old file was kept.",
        "Transfer it again when nobody writes to it.", target: host);

    /// <summary>A file ended before its bytes were sent that had been announced.</summary>
    public static TransferException SourceShorter(string source, string host) => new(TransferErrorId.SourceTruncated,
        $"'{source}' became shorter while it was sent to '{host}', or its file system reports a wrong size; the old file was kept.",
        "Send it again when no other process writes to it, or send a copy of it.", target: host);

    /// <summary>A file on a host ended before the bytes that its size announced.</summary>
    public static TransferException EndedBeforeItsSize(string source, string host) => new(TransferErrorId.SourceTruncated,
        $"'{source}' on '{host}' ended before its size: it became shorter while it was read, or its file system reports a wrong size.",
        "Transfer it again when no other process writes to it, or a copy of it on that host.", target: host);

    /// <summary>What came is not what the host says that it has sent.</summary>
    public static TransferException Different(string source, string host, string there, string here) => new(TransferErrorId.VerificationFailed,
        $"'{source}' has the SHA-256 {there} on '{host}', and what came has {here}.",
        "Transfer it again, and look for a failing disk or memory where that does not help.", target: host);

    private static bool IsOfFolder(string words) => words.Contains("folder", StringComparison.OrdinalIgnoreCase);

    /// <summary>The last lines, in one.</summary>
    private static string Words(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string last = string.Join(" / ", lines.TakeLast(MostWords));
        string line = string.Concat(last.Select(c => char.IsControl(c) ? ' ' : c)).TrimEnd('.');
        return line.Length == 0 ? line : $"{line}.";
    }
}

/// <summary>How the scripts on the host end.</summary>
internal enum RemoteExit
{
    Incomplete = 80,
    NoFolder = 81,
    Exists = 82,
    NoRegularFile = 83,
    Denied = 84,
    Changed = 85,
    NotWritten = 86,
    Different = 87,
    NoTool = 88,
    NoFile = 89,
    IsFolder = 90,
    Busy = 91,
    NotAll = 92,
    Generated = 93,
    SameFile = 94,

    /// <summary>ssh could not connect, or lost the connection.</summary>
    Ssh = 255,
}
