using System.Diagnostics;
using System.Numerics;
using Splice.Descriptors;

namespace Splice.Streaming.Remote;

/// <summary>Sends something to some hosts at once, from the start of ssh to the outcomes. It is read once.</summary>
internal abstract class SendRun : IDisposable
{
    // Between two stretches somebody looks who is still there.
    private protected const long LongestStretch = 256L << 20;

    // All hosts' inputs together: a user's pipes have 64 MiB (pipe(7)), and each host has another pipe with us.
    private const int PipeBytes = 8 << 20;
    private const int LargestPipe = 1 << 20;

    private readonly SshSessions _sessions;
    private readonly Queue<RemoteHost> _hosts;
    private readonly Func<RemoteHost, Delivery> _deliver;
    private readonly List<Delivery> _deliveries = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <param name="request">What to send.</param>
    /// <param name="hosts">Where to. Those that it is not sent to at once are left in the queue.</param>
    /// <param name="deliver">Makes what is kept of a host.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    private protected SendRun(SendRequest request, Queue<RemoteHost> hosts, Func<RemoteHost, Delivery> deliver, TransferMonitor monitor)
    {
        Request = request;
        Monitor = monitor;
        _hosts = hosts;
        _deliver = deliver;
        _sessions = new SshSessions(request.IdleTimeout, monitor.Cancellation);
    }

    private protected SendRequest Request { get; }

    private protected TransferMonitor Monitor { get; }

    /// <summary>Sends it.</summary>
    /// <returns>What became of each host, in their order.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IReadOnlyList<RemoteOutcome> Run()
    {
        Dictionary<SshSession, Delivery> bySession = [];
        List<SshSession> first = Start(bySession);

        // A host that fails before it takes bytes leaves its place to the next, for as long as the others are waited for anyway:
        // with one dead host after the other, those that are there would never get anything.
        _sessions.WaitFor(first, session => bySession[session].TryBegin(), left => left.Intersect(first).Any() ? Start(bySession) : []);
        List<Delivery> started = [.. bySession.Values];
        Send([.. started.Where(delivery => delivery.IsReceiving)]);
        started.ForEach(delivery => delivery.Session!.Touch());
        _sessions.WaitFor(bySession.Keys, session =>
        {
            bySession[session].ReadEnd();
            return false;
        });
        return [.. _deliveries.Select(delivery => delivery.Outcome())];
    }

    public void Dispose() => _sessions.Dispose();

    /// <summary>What runs on the hosts.</summary>
    private protected abstract string Script();

    /// <summary>Sends to the hosts that take bytes now.</summary>
    private protected abstract void Send(IReadOnlyList<Delivery> deliveries);

    /// <summary>Moves a part of a file to all, and to the digest.</summary>
    /// <param name="group">Whom to.</param>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="count">Its bytes.</param>
    /// <param name="digest">The digest; null for none.</param>
    /// <param name="progress">How far all of it is before, and how much it is.</param>
    private protected void Move(
        IReadOnlyList<Delivery> group, StreamEnd file, long offset, long count, ContentDigest? digest, (long Before, long All) progress)
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

    private protected void Report(long bytes, long all) =>
        Monitor.Progress?.Invoke(new TransferProgress(bytes, all, Stopwatch.GetElapsedTime(_started)));

    /// <summary>Starts as many as there may be at once.</summary>
    /// <returns>Those that were started now.</returns>
    private List<SshSession> Start(Dictionary<SshSession, Delivery> bySession)
    {
        List<SshSession> started = [];
        int running = bySession.Keys.Count(session => session.IsLive);
        int size = PipeSize();
        while (running + started.Count < Request.ThrottleLimit && _hosts.TryDequeue(out RemoteHost? host))
        {
            Delivery delivery = _deliver(host);
            _deliveries.Add(delivery);
            try
            {
                delivery.Session = _sessions.Start(host, SshCommand.Of(host, Request.Ssh, Script()), size);
                bySession.Add(delivery.Session, delivery);
                started.Add(delivery.Session);
            }
            catch (TransferException exception)
            {
                delivery.StartFailure = exception;
            }
        }

        return started;
    }

    private int PipeSize()
    {
        int hosts = Math.Min(Request.ThrottleLimit, _deliveries.Count + _hosts.Count);
        int each = (int)BitOperations.RoundUpToPowerOf2((uint)(PipeBytes / hosts));
        return Math.Clamp(each, Tuning.CommandPipeSize, LargestPipe);
    }

    /// <summary>Sends bytes from memory.</summary>
    /// <param name="group">Whom to.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="isLimited">Whether they count for the rate.</param>
    private protected void Write(IReadOnlyList<Delivery> group, ReadOnlyMemory<byte> bytes, bool isLimited = false)
    {
        var request = new StreamRequest
        {
            Source = StreamEnd.OfContent(bytes),
            Destinations = [],
            RateLimit = isLimited ? Request.RateLimit : null,
            IdleTimeout = Request.IdleTimeout,
        };
        Copy(group, request, digest: null, new TransferMonitor(Cancellation: Monitor.Cancellation), isContent: false);
    }

    private void Copy(IReadOnlyList<Delivery> group, StreamRequest request, ContentDigest? digest, TransferMonitor monitor, bool isContent)
    {
        List<Delivery> live = [.. group.Where(delivery => delivery.IsReceiving)];
        live.ForEach(delivery => delivery.Session!.Look());
        live.Where(delivery => !delivery.Session!.IsLive).ToList().ForEach(delivery => delivery.EndSending());
        live.RemoveAll(delivery => !delivery.IsReceiving);
        if (live.Count == 0)
        {
            return;
        }

        StreamEnd[] ends = [.. live.Select(delivery => StreamEnd.OfHandle(delivery.Session!.Input, delivery.Host.Text))];
        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            request with { Destinations = digest is null ? ends : [.. ends, digest.Input] }, monitor);
        Monitor.Cancellation.ThrowIfCancellationRequested();
        digest?.Wrote(outcomes[^1].BytesCopied);
        for (int i = 0; i < live.Count; i++)
        {
            live[i].BytesSent += isContent ? outcomes[i].BytesCopied : 0;
            if (outcomes[i].Error is { } error)
            {
                bool isShorter = error.Id == TransferErrorId.CountPastEnd;
                Drop(live[i], isShorter ? RemoteFailure.SourceShorter(request.Source.Name!, live[i].Host.Text) : error);
            }
        }
    }

    /// <summary>A host takes no more. Where ssh does not read, it has ended or is about to, and knows why.</summary>
    private static void Drop(Delivery delivery, TransferException error)
    {
        if (error.Id is not (TransferErrorId.ReaderGone or TransferErrorId.WriteFailed))
        {
            delivery.Session!.Fail(error);
        }

        delivery.EndSending();
    }
}
