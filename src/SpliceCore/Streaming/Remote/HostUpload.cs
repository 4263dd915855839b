using System.Globalization;

namespace Splice.Streaming.Remote;

/// <summary>The upload to one host.</summary>
internal sealed class HostUpload(RemoteHost host, SendRequest request, long length)
{
    private readonly List<string> _warnings = [];
    private bool _isDone;

    public RemoteHost Host => host;

    /// <summary>Null if ssh could not be started.</summary>
    public SshSession? Session { get; set; }

    public TransferException? StartFailure { get; set; }

    /// <summary>The offset that the host wants the bytes from; null until it has answered.</summary>
    public long? Start { get; private set; }

    /// <summary>The form of the content that the host chose, in a word of its script.</summary>
    public string Form { get; private set; } = string.Empty;

    /// <summary>True if the host takes the data without the holes.</summary>
    public bool IsSparse => Form == "1";

    public long FileCount { get; init; } = 1;

    public long DirectoryCount { get; init; }

    /// <summary>Number of bytes to send.</summary>
    public long Length { get; set; } = length;

    public long BytesSent { get; set; }

    public long BytesInHoles { get; set; }

    /// <summary>True while the host takes bytes.</summary>
    public bool IsReceiving { get; private set; }

    /// <summary>Reads the answer of the host before it takes bytes.</summary>
    /// <returns>True if it takes them now.</returns>
    public bool TryBegin()
    {
        while (Session!.TryReadAnswer(HostScript.Ready) is string answer)
        {
            if (answer.Split(' ') is [string start, string form]
                && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) && offset <= Length)
            {
                Form = form;
                Start = IsSparse ? offset / SparseBlocks.SmallBlock * SparseBlocks.SmallBlock : offset;
                IsReceiving = true;
                TransferJournal.Current?.Note(
                    $"{host.Text}: takes {request.Source} from byte {Start} on, as {(IsSparse ? "its data without its holes" : Form == "0" ? "all its bytes" : $"a tar stream ({Form})")}");
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the report of the host at the end.</summary>
    public void ReadReport()
    {
        while (Session!.TryReadLine() is string line)
        {
            _isDone |= line == HostScript.Done;
            if (line.StartsWith(HostScript.Note, StringComparison.Ordinal))
            {
                Warn($"'{host.Text}' could not set {line[HostScript.Note.Length..]}.");
            }
        }
    }

    public void Warn(string warning) => _warnings.Add(warning);

    /// <summary>Closes the input of the host.</summary>
    public void EndSending()
    {
        IsReceiving = false;
        Session!.Input.Dispose();
    }

    public RemoteOutcome Outcome()
    {
        TransferException? failure = StartFailure ?? Session!.Failure;
        if (failure is null && !(_isDone && Session!.ExitCode == 0))
        {
            failure = RemoteFailure.From(Session!, request, request.Destination, hasBegun: Start is not null, isTree: DirectoryCount > 0);
        }

        RemoteTransferResult result = RemoteTransferResult.From(host, request, Session) with
        {
            BytesSent = BytesSent,
            BytesInHoles = BytesInHoles,
            Length = Length,
            FileCount = FileCount,
            DirectoryCount = DirectoryCount,
            ResumedAt = Start > 0 ? Start : null,
            Verified = failure is null && request.Verify,
            Warnings = _warnings,
        };
        return failure is null ? new RemoteOutcome(host, result, null) : new RemoteOutcome(host, null, failure.With(result));
    }
}
