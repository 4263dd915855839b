using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Remote.Trees;

namespace Splice.Streaming.Remote;

/// <summary>Sends to several hosts at once, and reads the source once.</summary>
internal abstract class SendRun : IDisposable
{
    private readonly SshSessions _sessions;
    private readonly Queue<RemoteHost> _hosts;
    private readonly Func<RemoteHost, HostUpload> _create;
    private readonly List<HostUpload> _uploads = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _reached;
    private long? _all;

    /// <param name="hosts">The hosts; those beyond the limit stay in the queue.</param>
    private protected SendRun(SendRequest request, Queue<RemoteHost> hosts, Func<RemoteHost, HostUpload> create, TransferMonitor monitor)
    {
        Request = request;
        Monitor = monitor;
        _hosts = hosts;
        _create = create;
        _sessions = new SshSessions(request, monitor.Cancellation, monitor.Progress is null ? null : Report);
    }

    private protected SendRequest Request { get; }

    private protected TransferMonitor Monitor { get; }

    /// <param name="late">Gets the hosts that are silent when the others have answered; null to wait for them.</param>
    /// <param name="emit">Called with the outcome of each host as it ends.</param>
    public void Run(Queue<RemoteHost>? late, Action<RemoteOutcome> emit)
    {
        Dictionary<SshSession, HostUpload> bySession = [];
        List<SshSession> first = Start(bySession);

        // A host that fails before it takes bytes makes room for the next only while the others are waited for anyway: a series of
        // dead hosts must not hold up the live ones.
        _sessions.WaitFor(
            first,
            session => bySession[session].TryBegin(),
            left => left.Intersect(first).Any() ? Start(bySession) : [],
            () => late is null ? null : Tuning.AnswerTimeout - SinceLastAnswer());
        foreach (HostUpload upload in bySession.Values.Where(upload => upload.Session!.IsLive && !upload.IsReceiving).ToList())
        {
            upload.EndSending();
            bySession.Remove(upload.Session!);
            _uploads.Remove(upload);
            late!.Enqueue(upload.Host);
        }

        List<HostUpload> started = [.. bySession.Values];
        Send([.. started.Where(upload => upload.IsReceiving)]);
        started.ForEach(upload => upload.Session!.Touch());
        EmitEnded(emit);
        _sessions.WaitFor(
            bySession.Keys,
            session =>
            {
                ReadReport(bySession[session]);
                return false;
            },
            _ =>
            {
                EmitEnded(emit);
                return [];
            });
        EmitEnded(emit);
    }

    public void Dispose() => _sessions.Dispose();

    /// <summary>The script for a host.</summary>
    private protected abstract byte[] Script(RemoteHost host);

    /// <summary>Sends to the hosts that take bytes.</summary>
    private protected abstract void Send(IReadOnlyList<HostUpload> uploads);

    /// <summary>Sends a part of a file, which also goes to the digest.</summary>
    /// <param name="offset">The offset of the part.</param>
    /// <param name="digest">The digest; null for none.</param>
    /// <param name="progress">Number of bytes sent before, and of all.</param>
    private protected void Move(
        IReadOnlyList<HostUpload> group, TransferEndpoint file, long offset, long count, ContentDigest? digest, (long Before, long All) progress)
    {
        var request = new StreamRequest
        {
            Source = file,
            Destinations = [],
            Offset = offset,
            Count = count,
            RateLimit = Request.RateLimit,
            IdleTimeout = Request.IdleTimeout,
        };
        var monitor = new TransferMonitor(moved => Report(progress.Before + moved.BytesCopied, progress.All), Monitor.Cancellation);
        Copy(group, request, digest, monitor, isContent: true);
    }

    private void EmitEnded(Action<RemoteOutcome> emit)
    {
        foreach (HostUpload upload in _uploads.FindAll(upload => upload.Session?.IsLive != true))
        {
            _uploads.Remove(upload);
            emit(upload.Outcome());
        }
    }

    /// <summary>Waits until each host has sent what was requested, or has ended.</summary>
    /// <param name="isReady">Reads what has come, and returns true if that is all.</param>
    private protected void WaitFor(IReadOnlyList<HostUpload> uploads, Func<HostUpload, bool> isReady)
    {
        Dictionary<SshSession, HostUpload> bySession = uploads.ToDictionary(upload => upload.Session!);
        _sessions.WaitFor(bySession.Keys, session => isReady(bySession[session]));
    }

    private protected void Report(long bytes, long all)
    {
        (_reached, _all) = (bytes, all);
        Report();
    }

    private void Report() => Monitor.Progress?.Invoke(new TransferProgress(_reached, _all, Stopwatch.GetElapsedTime(_started))
    {
        Phase = HostProgress.PhaseOf(_uploads.Select(upload => upload.Phase)),
        Hosts = _uploads.Where(upload => upload.Session is not null).Select(upload => upload.Progress(_reached)),
    });

    private TimeSpan? SinceLastAnswer() =>
        _uploads.Where(upload => upload.IsReceiving).Max(upload => upload.Session?.LastSign) is long last ? Stopwatch.GetElapsedTime(last) : null;

    /// <summary>Starts sessions up to the limit, and returns them.</summary>
    private List<SshSession> Start(Dictionary<SshSession, HostUpload> bySession)
    {
        List<SshSession> started = [];
        int running = bySession.Keys.Count(session => session.IsLive);
        int size = PipeSize();
        while (running + started.Count < Request.ThrottleLimit && _hosts.TryDequeue(out RemoteHost? host))
        {
            HostUpload upload = _create(host);
            _uploads.Add(upload);
            try
            {
                RemoteCopy.CheckRemotePath(Request.DestinationOf(host));
                upload.Session = _sessions.Start(host, Script(host), size);
                bySession.Add(upload.Session, upload);
                started.Add(upload.Session);
            }
            catch (TransferException exception)
            {
                upload.StartFailure = exception;
            }
        }

        return started;
    }

    /// <summary>Reads the report of a host, which renames what it has after that, but not after a cancellation.</summary>
    private void ReadReport(HostUpload upload)
    {
        Monitor.Cancellation.ThrowIfCancellationRequested();
        upload.ReadReport();
    }

    private int PipeSize()
    {
        int hosts = Math.Min(Request.ThrottleLimit, _uploads.Count + _hosts.Count);
        int each = (int)BitOperations.RoundUpToPowerOf2((uint)(Tuning.HostPipes / hosts));
        return Math.Clamp(each, Tuning.CommandPipeSize, Tuning.PipeSize);
    }

    /// <summary>Sends bytes from memory.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="isLimited">True if they count for the rate limit.</param>
    private protected void Write(IReadOnlyList<HostUpload> group, ReadOnlyMemory<byte> bytes, bool isLimited = false)
    {
        var request = new StreamRequest
        {
            Source = TransferEndpoint.OfContent(bytes),
            Destinations = [],
            RateLimit = isLimited ? Request.RateLimit : null,
            IdleTimeout = Request.IdleTimeout,
        };
        Copy(group, request, digest: null, new TransferMonitor(Cancellation: Monitor.Cancellation), isContent: false);
    }

    private void Copy(IReadOnlyList<HostUpload> group, StreamRequest request, ContentDigest? digest, TransferMonitor monitor, bool isContent)
    {
        List<HostUpload> live = [.. group.Where(upload => upload.IsReceiving)];
        live.ForEach(upload => upload.Session!.Update());
        live.Where(upload => !upload.Session!.IsLive).ToList().ForEach(upload => upload.EndSending());
        live.RemoveAll(upload => !upload.IsReceiving);
        if (live.Count == 0)
        {
            return;
        }

        TransferEndpoint[] ends =
            [.. live.Select(upload => TransferEndpoint.OfHandle(upload.Session!.Input, upload.Host.Text) with { Floor = upload.Floor })];
        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            request with { Destinations = digest is null ? ends : [.. ends, digest.Input], RateLimit = request.RateLimit?.ForCopies(live.Count) }, monitor);
        Monitor.Cancellation.ThrowIfCancellationRequested();
        digest?.AddWritten(outcomes[^1].BytesCopied);
        for (int i = 0; i < live.Count; i++)
        {
            live[i].BytesSent += isContent ? outcomes[i].BytesCopied : 0;
            live[i].Floor?.Add(outcomes[i].BytesCopied);
            if (outcomes[i].Error is { } error)
            {
                bool isShorter = error.Id == TransferErrorId.CountPastEnd;
                Drop(live[i], isShorter ? RemoteFailure.SourceShorter(request.Source.Name!, live[i].Host.Text) : error);
            }
        }
    }

    /// <summary>Ends an upload. After EPIPE, ssh reports the reason when it ends.</summary>
    private static void Drop(HostUpload upload, TransferException error)
    {
        if (error.Id is not (TransferErrorId.ReaderGone or TransferErrorId.WriteFailed))
        {
            upload.Session!.Fail(error);
        }

        upload.EndSending();
    }
}

/// <summary>The upload to one host.</summary>
internal sealed class HostUpload(RemoteHost host, SendRequest request, long length)
{
    private readonly List<string> _warnings = [];
    private bool _isDone;
    private string? _path;

    public RemoteHost Host => host;

    /// <summary>Null if ssh could not be started.</summary>
    public SshSession? Session { get; set; }

    public TransferException? StartFailure { get; set; }

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

    public long DirectoryCount { get; init; }

    /// <summary>Number of bytes to send.</summary>
    public long Length { get; set; } = length;

    public long BytesSent { get; set; }

    public long BytesInHoles { get; set; }

    /// <summary>The plan of a folder for the host; null to send all of it.</summary>
    public HostTreePlan? Plan { get; set; }

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
                TransferTrace.Current?.Note(
                    $"{host.Text}: receives {request.Source} from byte {Start} on, as {(IsSparse ? "data without holes" : Form == "0" ? "all bytes" : $"a tar stream ({Form})")}");
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
            if (line == HostScript.Complete && IsWaiting && Session.IsLive)
            {
                // The pipe is empty. Without the bytes, the host removes what it has and reports that it was interrupted.
                LibC.Write(Session.Input, Commit.Span, offset: null);
                EndSending();
            }

            if (line.StartsWith(HostScript.Path, StringComparison.Ordinal))
            {
                _path = ParsePath(line[HostScript.Path.Length..]);
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
        TransferException? failure = StartFailure ?? Session!.Failure;
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
            Destination = _path ?? request.DestinationOf(host),
            BytesSent = BytesSent,
            BytesInHoles = BytesInHoles,
            Length = Length,
            FileCount = FileCount,
            FailedCount = FailedCount,
            DirectoryCount = DirectoryCount,
            Updated = Plan?.Updated ?? 0,
            Unchanged = Plan?.Unchanged ?? 0,
            Skipped = Plan?.Skipped ?? 0,
            ResumedAt = Start > 0 ? Start : null,
            Verified = failure is null && request.Verify,
            Warnings = _warnings,
        };
        return failure is null ? new RemoteOutcome(host, result, null) : new RemoteOutcome(host, null, failure.With(result));
    }
}
