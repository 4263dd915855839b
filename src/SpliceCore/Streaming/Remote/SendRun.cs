using System.Diagnostics;
using Splice.Descriptors;

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
        Prepare(_uploads);

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

    /// <summary>Does what needs no host, while ssh connects.</summary>
    /// <param name="uploads">The uploads that were started; others can follow.</param>
    private protected virtual void Prepare(IEnumerable<HostUpload> uploads)
    {
    }

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
        Copy(Live(group), request, digest, monitor, isContent: true);
    }

    private void EmitEnded(Action<RemoteOutcome> emit)
    {
        foreach (HostUpload upload in _uploads.FindAll(upload => upload.Session?.IsLive != true))
        {
            _uploads.Remove(upload);
            emit(upload.Outcome());
            upload.ItemErrors.ForEach(error => emit(new RemoteOutcome(upload.Host, null, error)));
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
        while (running + started.Count < Request.ThrottleLimit && _hosts.TryDequeue(out RemoteHost? host))
        {
            HostUpload upload = _create(host);
            _uploads.Add(upload);
            try
            {
                RemoteCopy.CheckRemotePath(Request.DestinationOf(host));
                upload.Session = _sessions.Start(host, Script(host));
                bySession.Add(upload.Session, upload);
                started.Add(upload.Session);
            }
            catch (TransferException exception)
            {
                upload.Failure = exception;
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

    /// <summary>Sends bytes from memory.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="isLimited">True if they count for the rate limit.</param>
    private protected void Write(IReadOnlyList<HostUpload> group, ReadOnlyMemory<byte> bytes, bool isLimited = false)
    {
        List<HostUpload> live = Live(group);
        RateLimiter? limit = isLimited ? Request.RateLimit : null;
        if (limit is null && live is [HostUpload one])
        {
            // Several hosts get the same pages of a file in memory, which takes longer than a write(2) for one.
            if (!_sessions.TryWrite(one.Session!, bytes.Span))
            {
                one.EndSending();
            }

            return;
        }

        var request = new StreamRequest
        {
            Source = TransferEndpoint.OfContent(bytes),
            Destinations = [],
            RateLimit = limit,
            IdleTimeout = Request.IdleTimeout,
        };
        Copy(live, request, digest: null, new TransferMonitor(Cancellation: Monitor.Cancellation), isContent: false);
    }

    /// <summary>Returns the hosts that still receive.</summary>
    private static List<HostUpload> Live(IReadOnlyList<HostUpload> group)
    {
        List<HostUpload> live = [.. group.Where(upload => upload.IsReceiving)];
        live.ForEach(upload => upload.Session!.Update());
        live.Where(upload => !upload.Session!.IsLive).ToList().ForEach(upload => upload.EndSending());
        live.RemoveAll(upload => !upload.IsReceiving);
        return live;
    }

    private void Copy(List<HostUpload> live, StreamRequest request, ContentDigest? digest, TransferMonitor monitor, bool isContent)
    {
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
