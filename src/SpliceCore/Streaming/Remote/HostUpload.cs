using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Remote.Trees;

namespace Splice.Streaming.Remote;

/// <summary>The upload to one host.</summary>
internal sealed class HostUpload(RemoteHost host, SendRequest request, long length)
{
    private const int MostErrors = 1000;

    private readonly List<string> _warnings = [];
    private bool _isDone;
    private string? _path;

    public RemoteHost Host => host;

    /// <summary>Null if ssh could not be started.</summary>
    public SshSession? Session { get; set; }

    /// <summary>The error for which nothing is sent; null for none.</summary>
    public TransferException? Failure { get; set; }

    /// <summary>The rate below which the host is dropped if others wait for it; null for none.</summary>
    public RateFloor? Floor { get; } = request.MinimumRate is long rate ? new RateFloor(rate) : null;

    /// <summary>The offset of the first byte that the host needs; null until it has answered.</summary>
    public long? Start { get; private set; }

    /// <summary>The form of the content that the host chose, in a word of its script.</summary>
    public string Form { get; private set; } = string.Empty;

    /// <summary>True if the host takes the data without the holes.</summary>
    public bool IsSparse => Form is "1" or "2";

    /// <summary>True if it also makes holes of zeros.</summary>
    public bool SkipsZeros => Form == "2";

    public long FileCount { get; set; } = 1;

    public long FailedCount { get; set; }

    public long DirectoryCount { get; set; }

    /// <summary>Number of items that the host removed.</summary>
    public long Removed { get; set; }

    /// <summary>True if nothing is removed, since the source was not read completely.</summary>
    public bool IsRemovalSkipped { get; set; }

    /// <summary>Errors of items of a folder, without which the others were sent.</summary>
    public List<TransferException> ItemErrors { get; } = [];

    /// <summary>Number of bytes to send.</summary>
    public long Length { get; set; } = length;

    public long BytesSent { get; set; }

    public long BytesInHoles { get; set; }

    /// <summary>The plan of a folder for the host; null to send all of it.</summary>
    public HostTreePlan? Plan { get; set; }

    /// <summary>The blocks of the old file that are compared; null to send the whole file.</summary>
    public HostBlocks? Blocks { get; set; }

    /// <summary>The ranges that differ from the old file; null before they are known.</summary>
    public BlockRanges? Ranges { get; set; }

    /// <summary>Why the host gets the whole file in spite of -Delta; null if it does not.</summary>
    public string? WholeReason { get; set; }

    /// <summary>Decision about a single file; null before it is made.</summary>
    public EntryDecision? Decision { get; set; }

    /// <summary>True while the host takes bytes.</summary>
    public bool IsReceiving { get; private set; }

    /// <summary>True if the host has everything, and must not rename it yet.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>Lets the host rename the received items.</summary>
    public ReadOnlyMemory<byte> Commit { get; set; } = Encoding.ASCII.GetBytes($"{HostScript.Commit}\n");

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
                Start = offset == Length ? offset : offset / Tuning.RemoteBlockSize * Tuning.RemoteBlockSize; // as the script cuts
                IsReceiving = true;
                if (form != HostScript.Plan)
                {
                    TransferTrace.Current?.Note(
                        $"{host.Text}: receives {request.Source} from byte {Start} on, as {ContentOf(form)}");
                }

                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the rest of the next line with the prefix of an answer; null if it has not come.</summary>
    public string? TryReadAnswer(string prefix)
    {
        while (Session!.TryReadLine() is string line)
        {
            if (line.StartsWith(prefix, StringComparison.Ordinal))
            {
                return line[prefix.Length..];
            }

            ReadPath(line);
        }

        return null;
    }

    /// <summary>Reads the report of the host at the end.</summary>
    public void ReadReport()
    {
        while (Session!.TryReadLine() is string line)
        {
            _isDone |= line == HostScript.Done;
            if (line == HostScript.Complete && IsWaiting && Session.IsLive)
            {
                // The socket is empty. Without the bytes, the host removes what it has and reports that it was interrupted.
                LibC.Write(Session.Input, Commit.Span, offset: null);
                EndSending();
            }

            ReadPath(line);
            if (line.StartsWith(HostScript.Removed, StringComparison.Ordinal))
            {
                AddRemoved(line[HostScript.Removed.Length..].Split(' '));
            }

            if (line.StartsWith(HostScript.Left, StringComparison.Ordinal) && ItemErrors.Count < MostErrors)
            {
                string[] words = line[HostScript.Left.Length..].Split(' ', 2);
                ItemErrors.Add(RemoteFailure.NotRemoved($"{Plan?.Removals?.Destination}{ParsePath(words[0])}", words[^1], host.Text));
            }

            if (line.StartsWith(HostScript.Note, StringComparison.Ordinal))
            {
                Warn($"'{host.Text}' could not set {RemoteFailure.Shown(line[HostScript.Note.Length..])}.");
            }
        }
    }

    /// <summary>Parses a path in hexadecimal digits; null if it is not one.</summary>
    public static string? ParsePath(string digits)
    {
        try
        {
            return digits.Length == 0 ? null : RemoteFailure.Shown(Encoding.UTF8.GetString(Convert.FromHexString(digits)));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The final path on the host, or the destination as specified before the host has printed it.</summary>
    public string Path => _path ?? request.DestinationOf(host);

    public TransferPhase Phase =>
        Start is null ? TransferPhase.Connecting
            : IsReceiving ? TransferPhase.Copying
            : request.Verify ? TransferPhase.Verifying
            : request.Flush ? TransferPhase.Flushing
            : TransferPhase.Copying;

    /// <param name="reached">The offset in the source that was reached, in bytes.</param>
    public HostProgress Progress(long reached) => new(host.Text, Phase, Math.Max(0, reached - (Start ?? 0)), Length - (Start ?? 0));

    public void Warn(string warning) => _warnings.Add(warning);

    /// <summary>Ends the content. The input of the host stays open for <see cref="Commit"/>.</summary>
    public void EndContent() => (IsWaiting, IsReceiving) = (IsReceiving, false);

    /// <summary>Closes the input of the host.</summary>
    public void EndSending()
    {
        IsReceiving = IsWaiting = false;
        Session!.Input.Dispose();
    }

    public RemoteOutcome Outcome()
    {
        TransferException? failure = Failure ?? Session!.Failure;
        if (failure is null && !(_isDone && Session!.ExitCode == 0))
        {
            failure = RemoteFailure.From(Session!, request, request.DestinationOf(host), hasBegun: Start is not null, isTree: DirectoryCount > 0);
        }

        if (Start is null && failure?.Id is TransferErrorId.ConnectionFailed or TransferErrorId.IdleTimeout)
        {
            request.Ssh.Shared?.AddUnreachable(host);
        }

        RemoteTransferResult result = RemoteTransferResult.From(host, request, Session) with
        {
            Destination = Path,
            BytesSent = BytesSent,
            BytesInHoles = BytesInHoles,
            Length = Length,
            FileCount = FileCount,
            FailedCount = FailedCount,
            DirectoryCount = DirectoryCount,
            Status = Decision?.Status ?? ItemStatus.Copied,
            Reason = Decision?.Reason,
            Updated = Plan?.Updated ?? Count(ItemStatus.Updated),
            Unchanged = Plan?.Unchanged ?? Count(ItemStatus.Unchanged),
            Skipped = Plan?.Skipped ?? Count(ItemStatus.Skipped),
            Removed = Math.Max(0, Removed),
            RemovalSkipped = IsRemovalSkipped,
            ResumedAt = Start > 0 ? Start : null,
            BytesUnchanged = Ranges is { } ranges ? Length - ranges.Length : 0,
            WholeReason = WholeReason,
            Verified = failure is null && (request.Verify || Blocks is not null) && Decision?.WritesContent != false,
            Warnings = _warnings,
        };
        return failure is null ? new RemoteOutcome(host, result, null) : new RemoteOutcome(host, null, failure.With(result));
    }

    private void AddRemoved(string[] words)
    {
        if (words is [string removed, string left] && long.TryParse(removed, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            && long.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out long kept))
        {
            Removed += count;
            FailedCount += kept;
        }
    }

    private void ReadPath(string line)
    {
        if (line.StartsWith(HostScript.Path, StringComparison.Ordinal))
        {
            _path = ParsePath(line[HostScript.Path.Length..]);
        }
    }

    private static string ContentOf(string form) => form switch
    {
        "0" => "all bytes",
        "1" or "2" => "data without holes",
        HostScript.Delta => "the blocks that differ",
        _ => $"a tar stream ({form})",
    };

    private int Count(ItemStatus status) => Decision?.Status == status ? 1 : 0;
}
