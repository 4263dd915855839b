using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;

namespace Splice.Streaming.Remote;

/// <summary>Sends a file to some hosts at once, from the start of ssh to the outcomes. The file is read once.</summary>
internal sealed class SendRun : IDisposable
{
    // Between two stretches somebody looks who is still there.
    private const long LongestStretch = 256L << 20;

    // All hosts' inputs together: a user's pipes have 64 MiB (pipe(7)), and each host has another pipe with us.
    private const int PipeBytes = 8 << 20;
    private const int LargestPipe = 1 << 20;

    // As long as the 64 digits of a SHA-256.
    private const string NoDigest = "----------------------------------------------------------------";

    private readonly SendRequest _request;
    private readonly Descriptor _source;
    private readonly TransferMonitor _monitor;
    private readonly SshSessions _sessions;
    private readonly IReadOnlyList<Delivery> _deliveries;
    private readonly bool _hasHoles;
    private readonly long _started = Stopwatch.GetTimestamp();

    public SendRun(SendRequest request, Descriptor source, IEnumerable<RemoteHost> hosts, TransferMonitor monitor)
    {
        _request = request;
        _source = source;
        _monitor = monitor;
        _hasHoles = source.Status.Size - source.Status.AllocatedBytes >= SparsePiece.SmallBlock;
        _deliveries = [.. hosts.Select(host => new Delivery(host, request, source.Size))];
        _sessions = new SshSessions(request.IdleTimeout, monitor.Cancellation);
    }

    /// <summary>Sends it.</summary>
    /// <returns>What became of each host, in their order.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IReadOnlyList<RemoteOutcome> Run()
    {
        foreach (Delivery delivery in _deliveries)
        {
            Start(delivery);
        }

        List<Delivery> started = [.. _deliveries.Where(delivery => delivery.Session is not null)];
        Dictionary<SshSession, Delivery> bySession = started.ToDictionary(delivery => delivery.Session!);
        _sessions.WaitFor(bySession.Keys, session => bySession[session].TryBegin());
        foreach (IGrouping<(long, bool), Delivery> group in started
            .Where(delivery => delivery.IsReceiving).GroupBy(delivery => (delivery.From!.Value, delivery.IsSparse)))
        {
            Send([.. group], group.Key.Item1, group.Key.Item2);
        }

        started.ForEach(delivery => delivery.Session!.Touch());
        _sessions.WaitFor(bySession.Keys, session =>
        {
            bySession[session].ReadEnd();
            return false;
        });
        return [.. _deliveries.Select(delivery => delivery.Outcome())];
    }

    public void Dispose() => _sessions.Dispose();

    private void Start(Delivery delivery)
    {
        try
        {
            delivery.Session = _sessions.Start(delivery.Host, SshCommand.Of(delivery.Host, _request.Ssh, Script()), PipeSize());
        }
        catch (TransferException exception)
        {
            delivery.StartFailure = exception;
        }
    }

    private int PipeSize()
    {
        int each = (int)BitOperations.RoundUpToPowerOf2((uint)(PipeBytes / _deliveries.Count));
        return Math.Clamp(each, CommandPipe.UsualSize, LargestPipe);
    }

    private string Script()
    {
        LibC.StatxTimestamp time = _source.Status.ModificationTime;
        string name = Path.GetFileName(_request.Source);
        string exact = string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:D9}");
        List<string> parameters =
        [
            _request.Destination, name,
            _source.Size.ToString(CultureInfo.InvariantCulture),
            Convert.ToString(_source.Status.Permissions & 0x1FF, toBase: 8),
            exact, time.Seconds.ToString(CultureInfo.InvariantCulture),
            RemoteName.Passing(),
            _request.Resume ? RemoteName.Partial(_source.Size, exact, name) : string.Empty,
        ];
        parameters.AddRange(_request.Verify ? ["verify"] : []);
        parameters.AddRange(_request.NoClobber ? ["keep"] : []);
        parameters.AddRange(_request.Force ? ["force"] : []);
        parameters.AddRange(_hasHoles ? ["sparse"] : []);
        return ShellText.Command(SendScript.Text, [.. parameters]);
    }

    /// <summary>Sends to hosts that want the same bytes.</summary>
    private void Send(IReadOnlyList<Delivery> group, long from, bool isSparse)
    {
        using ContentDigest? digest = _request.Verify ? new ContentDigest(_monitor.Cancellation) : null;
        digest?.AddFile(_source.Handle, from);
        if (isSparse)
        {
            SendData(group, from, digest);
        }
        else
        {
            for (long at = from; at < _source.Size && group.Any(delivery => delivery.IsReceiving); at += LongestStretch)
            {
                Move(group, at, Math.Min(LongestStretch, _source.Size - at), digest);
            }
        }

        foreach (Delivery delivery in HasChanged() ? group.Where(delivery => delivery.IsReceiving) : [])
        {
            delivery.Session!.Fail(RemoteFailure.SourceChanged(_request.Source, delivery.Host.Text));
        }

        if (group.Any(delivery => delivery.IsReceiving))
        {
            string word = isSparse ? "end" : "splice";
            Write(group, Encoding.ASCII.GetBytes($"{word}:{digest?.Complete() ?? NoDigest}\n"));
        }

        foreach (Delivery delivery in group)
        {
            delivery.EndSending();
        }
    }

    /// <summary>Sends the data without the holes: before each piece a line for dd(1).</summary>
    private void SendData(IReadOnlyList<Delivery> group, long from, ContentDigest? digest)
    {
        long at = from;
        foreach (SparsePiece piece in SparsePiece.Walk(_source.Handle, from, _source.Size))
        {
            if (!group.Any(delivery => delivery.IsReceiving))
            {
                return;
            }

            AddHole(group, at, piece.Offset, digest);
            string line = string.Create(CultureInfo.InvariantCulture,
                $"{piece.BlockSize} {piece.Offset / piece.BlockSize} {piece.Count / piece.BlockSize}\n");
            Write(group, Encoding.ASCII.GetBytes(line));
            long data = Math.Min(piece.Count, _source.Size - piece.Offset);
            Move(group, piece.Offset, data, digest);
            if (data < piece.Count)
            {
                Write(group, new byte[piece.Count - data]);
            }

            at = piece.Offset + data;
        }

        AddHole(group, at, _source.Size, digest);
    }

    private static void AddHole(IReadOnlyList<Delivery> group, long start, long end, ContentDigest? digest)
    {
        digest?.AddZeros(end - start);
        foreach (Delivery delivery in group.Where(delivery => delivery.IsReceiving))
        {
            delivery.BytesInHoles += end - start;
        }
    }

    /// <summary>Moves a part of the file to all, and to the digest.</summary>
    private void Move(IReadOnlyList<Delivery> group, long offset, long count, ContentDigest? digest)
    {
        var request = new StreamRequest
        {
            Source = StreamEnd.OfHandle(_source.Handle, _request.Source),
            Destinations = [],
            Offset = offset,
            Count = count,
            RateLimit = _request.RateLimit,
            IdleTimeout = _request.IdleTimeout,
        };
        long before = offset;
        var monitor = new TransferMonitor(
            progress => _monitor.Progress?.Invoke(new TransferProgress(
                before + progress.BytesCopied, _source.Size, Stopwatch.GetElapsedTime(_started))),
            _monitor.Cancellation);
        Copy(group, request, digest, monitor, isContent: true);
    }

    private void Write(IReadOnlyList<Delivery> group, byte[] bytes)
    {
        var request = new StreamRequest
        {
            Source = StreamEnd.OfContent(bytes),
            Destinations = [],
            IdleTimeout = _request.IdleTimeout,
        };
        Copy(group, request, digest: null, new TransferMonitor(Cancellation: _monitor.Cancellation), isContent: false);
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
            request with { Destinations = digest is null ? ends : [.. ends, StreamEnd.OfHandle(digest.Input, "the digest")] }, monitor);
        _monitor.Cancellation.ThrowIfCancellationRequested();
        digest?.Wrote(outcomes[^1].BytesCopied);
        for (int i = 0; i < live.Count; i++)
        {
            live[i].BytesSent += isContent ? outcomes[i].BytesCopied : 0;
            if (outcomes[i].Error is { } error)
            {
                Drop(live[i], error);
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

    private bool HasChanged() =>
        !FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok
        || now!.Size != _source.Size
        || now.ModificationTime.Seconds != _source.Status.ModificationTime.Seconds
        || now.ModificationTime.Nanoseconds != _source.Status.ModificationTime.Nanoseconds;
}
