using System.Globalization;
using Splice.Errors;

namespace Splice.Streaming.Remote;

/// <summary>The errors of transfers with hosts.</summary>
internal static class RemoteFailure
{
    private const int MaxLines = 5;
    private const int MaxShown = 4096;

    /// <summary>The error for the exit code of ssh or of the script on the host.</summary>
    /// <param name="hasBegun">True if the script has printed something: then ssh did connect.</param>
    /// <param name="isTree">True for a folder.</param>
    public static TransferException From(SshSession session, RemoteRequest request, string destination, bool hasBegun, bool isTree)
    {
        string again = isTree && !request.Resume ? "Run the command again." : "Run the command again; -Resume continues an interrupted transfer.";
        string host = session.Host.Text;
        string words = Words(session.AllowsSftpOnly ? "The account allows SFTP only." : session.Words).Replace("on this host", $"on {host}", StringComparison.Ordinal);
        string what = NotTransferred(request, destination, host);
        if (session.ExitCode is not int code)
        {
            return new(TransferErrorId.ConnectionFailed,
                $"{what}: ssh was terminated by signal {session.Signal}{(words.Length == 0 ? "." : $": {words}")}",
                again, target: host);
        }

        // Our scripts print the reason; the host's shell and ssh may print nothing.
        bool isOurs = Enum.IsDefined((RemoteExit)code);
        string number = isOurs ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" (exit code {code})");
        string how = $"{what}{number}{(words.Length == 0 ? "." : $": {words}")}";
        if (request is SendRequest && (RemoteExit)code is RemoteExit.NotWritten or RemoteExit.FolderNotFound or RemoteExit.Denied
            && NotWritten(ErrnoIn(words), request.Source, destination, host, isTree) is { } known)
        {
            return known;
        }

        return (RemoteExit)code switch
        {
            RemoteExit.Ssh when hasBegun => new(TransferErrorId.ConnectionFailed, how, again, target: host),
            RemoteExit.Ssh => new(TransferErrorId.ConnectionFailed, how, ConnectAction(SshCommand.TextOf(session.Host, request.Ssh), words) + PromptHint(request, words), target: host),
            RemoteExit.NotWritten or RemoteExit.FolderNotFound when ErrnoIn(words) is Errno.EACCES =>
                new(TransferErrorId.PermissionDenied, how, "Get write permission there.", Errno.EACCES, host),
            RemoteExit.FolderNotFound => new(TransferErrorId.DestinationFolderNotFound, how,
                [$"Create the folder there first: {SshCommand.LineToCreate(FolderOf(destination), session.Host, request.Ssh)}", "Create the folder there first."],
                target: host),
            RemoteExit.Exists => new(TransferErrorId.DestinationExists, how, IsOfFolder(words) ? "Choose another name." : "Choose another name, or transfer it again without -NoClobber.", target: host),
            RemoteExit.SameFile => new(TransferErrorId.SameFile, how, "Choose another destination.", target: host),
            RemoteExit.RootFolder => new(TransferErrorId.InvalidPath, how, "Specify another folder: '/' is often an empty variable followed by a slash.", target: host),
            RemoteExit.NotRegularFile => new(TransferErrorId.DestinationNotReplaceable, how, "Specify a regular file.", target: host),
            RemoteExit.Denied => new(TransferErrorId.PermissionDenied, how,
                words.Contains(" is a link ", StringComparison.Ordinal) ? "Remove the link there, or choose another destination."
                    : IsOfFolder(words) ? "Get write permission there."
                    : "Get write permission there, or use -Force for a read-only file.",
                target: host),
            RemoteExit.Changed => new(TransferErrorId.SourceChanged, how, "Transfer it again while no other process writes to it.", target: host),
            RemoteExit.Different => new(TransferErrorId.VerificationFailed, how, "Transfer it again. If that does not help, check the disks and the memory.", target: host),
            RemoteExit.FileNotFound => new(TransferErrorId.SourceNotFound, how, "Check the path; it is relative to the home folder there.", target: host),
            RemoteExit.IsFolder => new(TransferErrorId.SourceIsDirectory, how, "Use -Recurse, or specify a file in it.", target: host),
            RemoteExit.Busy => new(TransferErrorId.DestinationBusy, how, "Wait until it has ended, or remove that file.", target: host),
            RemoteExit.Incomplete => new(TransferErrorId.ConnectionFailed, how, again, target: host),
            RemoteExit.Generated => new(TransferErrorId.RemoteFailed, how, "Copy the folder to a disk of that host first (cp -r), and receive the copy.", target: host),
            RemoteExit.NotWritten when ErrnoIn(words) is Errno.ENOSPC or Errno.EDQUOT =>
                new(TransferErrorId.DiskFull, how, "Free some space there.", ErrnoIn(words), host),
            _ => new(TransferErrorId.RemoteFailed, how, words.Contains("sftp", StringComparison.OrdinalIgnoreCase)
                ? "Use sftp(1), or an account with a POSIX shell, which Send and Receive require."
                : "The host needs a POSIX shell and coreutils or busybox, and permission to run them.", target: host),
        };
    }

    private static string NotTransferred(RemoteRequest request, string destination, string host) => request is SendRequest
        ? $"'{request.Source}' could not be sent to {host}:{destination}"
        : $"'{request.Source}' could not be received from {host}";

    /// <summary>Finds the error of the kernel in what a tool on a host has printed in the C locale.</summary>
    private static Errno ErrnoIn(string words)
    {
        Errno known = Array.Find(
            new[] { Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG, Errno.EROFS, Errno.EACCES, Errno.EPERM },
            errno => words.Contains(ErrnoText.Of(errno), StringComparison.OrdinalIgnoreCase));

        // GNU tar reports the last write before a disk is full without the error of the next one.
        return known == Errno.None && words.Contains("Wrote only ", StringComparison.Ordinal) ? Errno.ENOSPC : known;
    }

    /// <summary>The errors of a write on a host that are those of a local one; null for others.</summary>
    private static TransferException? NotWritten(Errno errno, string source, string destination, string host, bool isTree)
    {
        string why = $"({ErrnoText.Describe(errno)})";
        return errno switch
        {
            Errno.ENOSPC or Errno.EDQUOT => new(TransferErrorId.DiskFull,
                $"No space is left on {host} in '{destination}' for '{source}' {why}.",
                "Free some space there, or choose another destination.", errno, host),
            Errno.EFBIG => new(TransferErrorId.FileSizeLimit,
                $"'{destination}' on {host} has reached a file-size limit {why}.",
                "Raise the limit there (ulimit -f), or choose a file system that allows larger files.", errno, host),
            Errno.EROFS => new(TransferErrorId.PermissionDenied,
                $"'{destination}' on {host} cannot be written: its file system is read-only {why}.",
                "Mount it there for writing, or choose another destination.", errno, host),
            // Items of a folder can have metadata that only root may set.
            Errno.EPERM when !isTree => new(TransferErrorId.PermissionDenied,
                $"No permission to write '{destination}' on {host} {why}.",
                "Check there whether it or its folder is immutable or append-only (lsattr), or choose another destination.", errno, host),
            _ => null,
        };
    }

    public static TransferException SourceChanged(string source, string host) => new(TransferErrorId.SourceChanged,
        $"'{source}' was changed while it was transferred with '{host}'; the old file was kept.",
        "Transfer it again while no other process writes to it.", target: host);

    public static TransferException SourceShorter(string source, string host) => new(TransferErrorId.SourceTruncated,
        $"'{source}' became shorter while it was sent to '{host}', or its file system reports a wrong size; the old file was kept.",
        "Send it again while no other process writes to it, or send a copy of it.", target: host);

    public static TransferException EndedBeforeItsSize(string source, string host) => new(TransferErrorId.SourceTruncated,
        $"'{source}' on '{host}' ended before the size that its file system reports: it became shorter while it was read, or that size is wrong.",
        "Transfer it again while no other process writes to it, or transfer a copy that was made on that host.", target: host);

    public static TransferException Different(string source, string host, string there, string here) => new(TransferErrorId.VerificationFailed,
        $"'{source}' has the SHA-256 {Shown(there)} on '{host}', and the received bytes have {here}.",
        "Transfer it again. If that does not help, check the disks and the memory.", target: host);

    /// <param name="newFile">The new file, and its host if it is not here.</param>
    /// <param name="source">The source, and its host if it is not here.</param>
    public static TransferException DifferentBlocks(string newFile, string source, string host) => new(TransferErrorId.VerificationFailed,
        $"The new {newFile} does not have the content of {source}; the old file was kept.",
        "Transfer it again. If that does not help, check the disks and the memory.", target: host);

    public static TransferException DestinationChanged(string path, string host) => new(TransferErrorId.DestinationChanged,
        $"Another process wrote to '{path}' on '{host}' while it was compared with its source. It was not replaced.",
        "Transfer it again while no other process writes to it.", target: host);

    public static TransferException NotRead(string what, string host) => new(
        what.Contains("Permission denied", StringComparison.Ordinal) ? TransferErrorId.PermissionDenied : TransferErrorId.ReadFailed,
        $"An item on '{host}' was not received: {what.TrimEnd('.')}.",
        "Log in as a user that may read it, or as root.", target: host);

    /// <param name="words">The report of the host.</param>
    public static TransferException NotRemoved(string path, string words, string host)
    {
        bool isDenied = words.Contains("ermitted", StringComparison.Ordinal) || words.Contains("denied", StringComparison.Ordinal);
        bool isBusy = words.Contains("busy", StringComparison.OrdinalIgnoreCase);
        return new TransferException(
            isDenied ? TransferErrorId.PermissionDenied : isBusy ? TransferErrorId.MountPoint : TransferErrorId.DestinationChanged,
            $"'{path}' on '{host}' has no source, and was not removed: {Shown(words).Trim().TrimEnd('.')}.",
            isDenied ? "Get write permission on its folder there."
                : isBusy ? "Unmount it there first (umount), or leave it there."
                : "Synchronize again while no other process writes to the destination.",
            target: host);
    }

    /// <summary>The source on a host was not listed completely, so what is in it is unknown.</summary>
    public static TransferException NotListed(string path, string host) => new(TransferErrorId.ReadFailed,
        $"Not all of '{path}' on '{host}' can be listed: nothing was removed.",
        "Log in as a user that may read all of it, or as root.", target: host);

    public static string RemovalSkipped(string destination, TransferException obstacle) =>
        $"No extra items were removed from '{destination}', since the source was not read and copied completely. The first error: {obstacle.Problem}";

    public static TransferException NoMatch(string path, string host) => new(TransferErrorId.SourceNotFound,
        $"No item on '{host}' matches '{path}'.",
        "Check the path; it is relative to the home folder there. Use -LiteralPath to take its wildcard characters literally.", target: host);

    public static TransferException NotRequested(string path, string host) => new(TransferErrorId.RemoteFailed,
        $"'{host}' listed '{path}', which matches none of the paths. Nothing was received.",
        "Check the host: its shell may be faulty, or it tries to replace other files here.", target: host);

    public static TransferException NotText(string path, string host) => new(TransferErrorId.InvalidPath,
        $"The name of '{path}' on '{host}' is not valid UTF-8, and cannot be specified.",
        "Receive its folder with -Recurse.", target: host);

    public static TransferException SameName(string first, string second, string destination, string? host = null) => new(TransferErrorId.SameFile,
        $"'{first}' and '{second}'{(host is null ? string.Empty : $" on '{host}'")} have the same name, and both would go into '{destination}'. Nothing was transferred.",
        "Transfer them into different folders.", target: host ?? second);

    public static TransferException NotTried(string host, int count) => new(TransferErrorId.ConnectionFailed,
        $"{(count == 1 ? "1 more item was" : string.Create(CultureInfo.InvariantCulture, $"{count} more items were"))} not transferred: '{host}' could not be reached for the first one.",
        "Transfer them again when ssh connects to it.", target: host);

    /// <summary>The error for a host that prints text without end.</summary>
    public static TransferException TooMuchText(string host) => new(TransferErrorId.RemoteFailed,
        $"'{host}' printed more than 64 KiB of text that is not part of the transfer.",
        "Check what the start files of its shell print.", target: host);

    public static TransferException TooManyItems(string host) => new(TransferErrorId.RemoteFailed,
        $"The list of the items in the folder on '{host}' takes more than 128 MiB.",
        "Transfer its folders one by one.", target: host);

    /// <summary>The error for an exception that no error of a transfer describes.</summary>
    public static TransferException Unexpected(RemoteRequest request, string host, Exception exception) => new(TransferErrorId.RemoteFailed,
        $"{NotTransferred(request, request.Destination, host)}: {Shown(exception.Message).TrimEnd('.')} ({exception.GetType().Name}).",
        "Check what the host sends: its shell may print text, or its tools may be incompatible.", target: host);

    /// <summary>Returns text of a host for a message: not too long, and without control characters, which the terminal would
    /// follow.</summary>
    public static string Shown(string text) => string.Concat(text.Take(MaxShown).Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>Returns what to do where ssh did not connect, by its own words.</summary>
    private static string ConnectAction(string ssh, string words)
    {
        (string[] Words, string Action)[] causes =
        [
            (["Could not resolve"], "Check the name: it must be in the DNS or /etc/hosts, or be an alias in ~/.ssh/config. The host is specified after the path."),
            ([ErrnoText.Of(Errno.ECONNREFUSED)], $"Check the port (-Port), and that sshd is running on the host: {ssh} must connect."),
            (["timed out", ErrnoText.Of(Errno.EHOSTUNREACH), ErrnoText.Of(Errno.ENETUNREACH)], $"Check the address and the port (-Port), and that no firewall is in between: {ssh} must connect."),
            (["has changed"], $"Another host may have its address. If its key was changed on purpose, remove the old one from ~/.ssh/known_hosts (ssh-keygen -R), and accept the new one with {ssh}."),
            (["verification failed"], $"The host key is unknown here: run {ssh} once, compare the key that it shows with that of the host, and accept it."),
            (["Permission denied"], $"Check the user name, and that your key is authorized on the host: {ssh} must connect without a prompt."),
        ];
        return Array.Find(causes, cause => cause.Words.Any(word => words.Contains(word, StringComparison.Ordinal))).Action
            ?? $"Check that {ssh} connects without a prompt.";
    }

    private static string PromptHint(RemoteRequest request, string words)
    {
        bool needsPrompt = words.Contains("Permission denied", StringComparison.Ordinal) || words.Contains("verification failed", StringComparison.Ordinal);
        return needsPrompt && SshCommand.RunsInParallel(request) && SshCommand.HasTerminal()
            ? " With -ThrottleLimit 1, ssh prompts for one host after the other."
            : string.Empty;
    }

    private static string FolderOf(string path) => path.EndsWith('/') ? path.TrimEnd('/') : Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder : ".";

    private static bool IsOfFolder(string words) => words.Contains("folder", StringComparison.OrdinalIgnoreCase);

    /// <summary>The last lines, in one.</summary>
    private static string Words(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string last = string.Join(" / ", lines.TakeLast(MaxLines));
        string line = Shown(last).TrimEnd('.');
        return line.Length == 0 ? line : $"{line}.";
    }
}

/// <summary>Exit codes of the scripts on hosts.</summary>
internal enum RemoteExit
{
    Incomplete = 80,
    FolderNotFound = 81,
    Exists = 82,
    NotRegularFile = 83,
    Denied = 84,
    Changed = 85,
    NotWritten = 86,
    Different = 87,
    ToolNotFound = 88,
    FileNotFound = 89,
    IsFolder = 90,
    Busy = 91,
    ReadInPart = 92,
    Generated = 93,
    SameFile = 94,
    RootFolder = 95,

    /// <summary>ssh could not connect, or lost the connection.</summary>
    Ssh = 255,
}
