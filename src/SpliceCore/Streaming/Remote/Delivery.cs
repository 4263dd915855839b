using System.Globalization;

namespace Splice.Streaming.Remote;

/// <summary>One host that a file is sent to.</summary>
/// <param name="host">The host.</param>
/// <param name="request">What is sent.</param>
/// <param name="length">The file's size.</param>
internal sealed class Delivery(RemoteHost host, SendRequest request, long length)
{
    private readonly List<string> _warnings = [];
    private bool _isDone;

    public RemoteHost Host => host;

    /// <summary>Null where ssh could not be started.</summary>
    public SshSession? Session { get; set; }

    /// <summary>Why it could not.</summary>
    public TransferException? StartFailure { get; set; }

    /// <summary>Where the host wants the bytes from; null while it has not said.</summary>
    public long? From { get; private set; }

    /// <summary>Which of the forms that the bytes can be sent in the host chose, in a word of its script.</summary>
    public string Form { get; private set; } = string.Empty;

    /// <summary>True if it takes the data without the holes.</summary>
    public bool IsSparse => Form == "1";

    /// <summary>Number of files sent.</summary>
    public long FileCount { get; init; } = 1;

    /// <summary>Number of folders sent.</summary>
    public long DirectoryCount { get; init; }

    /// <summary>The bytes of all that is sent.</summary>
    public long Length { get; set; } = length;

    public long BytesSent { get; set; }

    public long BytesInHoles { get; set; }

    /// <summary>True if what is sent still arrives.</summary>
    public bool IsReceiving { get; private set; }

    /// <summary>Reads what the host says before it takes bytes.</summary>
    /// <returns>Whether it takes them now.</returns>
    public bool TryBegin()
    {
        while (Session!.TryReadLine() is string line)
        {
            // A shell's start files may have something to say as well.
            int at = line.IndexOf(HostScript.Ready, StringComparison.Ordinal);
            string[] words = at < 0 ? [] : line[(at + HostScript.Ready.Length)..].Split(' ');
            if (words is [string from, string form]
                && long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) && offset <= Length)
            {
                Form = form;
                From = IsSparse ? offset / SparsePiece.SmallBlock * SparsePiece.SmallBlock : offset;
                IsReceiving = true;
                TransferJournal.Current?.Note(
                    $"{host.Text}: takes {request.Source} from byte {From} on, as {(IsSparse ? "its data without its holes" : Form == "0" ? "all its bytes" : $"a tar stream ({Form})")}");
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads what the host says when it has everything.</summary>
    public void ReadEnd()
    {
        while (Session!.TryReadLine() is string line)
        {
            _isDone |= line == HostScript.Done;
            if (line.StartsWith(HostScript.Note, StringComparison.Ordinal))
            {
                _warnings.Add($"'{host.Text}' could not set {line[HostScript.Note.Length..]}.");
            }
        }
    }

    /// <summary>Takes note of something that worked only in part.</summary>
    public void Warn(string warning) => _warnings.Add(warning);

    /// <summary>Nothing more is sent: the host comes to the end of its input.</summary>
    public void EndSending()
    {
        IsReceiving = false;
        Session!.Input.Dispose();
    }

    /// <summary>What has become of it.</summary>
    public RemoteOutcome Outcome()
    {
        TransferException? failure = StartFailure ?? Session!.Failure;
        if (failure is null && !(_isDone && Session!.ExitCode == 0))
        {
            failure = RemoteFailure.Of(Session!, request.Source, request.Destination, hasBegun: From is not null, isTree: DirectoryCount > 0, request.Ssh);
        }

        var result = new RemoteTransferResult
        {
            HostName = host.Text,
            Source = request.Source,
            Destination = request.Destination,
            BytesSent = BytesSent,
            BytesInHoles = BytesInHoles,
            Length = Length,
            FileCount = FileCount,
            DirectoryCount = DirectoryCount,
            ResumedAt = From > 0 ? From : null,
            Verified = failure is null && request.Verify,
            Elapsed = Session?.Elapsed ?? TimeSpan.Zero,
            RemoteExitCode = Session?.ExitCode,
            Warnings = _warnings,
        };
        return failure is null ? new RemoteOutcome(host, result, null) : new RemoteOutcome(host, null, failure.With(result));
    }
}
