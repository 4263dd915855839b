using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>Reads the source of a stream into the pipe that feeds all destinations.</summary>
internal sealed class SourcePump : IDisposable
{
    private readonly SplicePipe _pipe;
    private readonly StepDriver _driver;
    private TransferCursor _at;
    private long _left;

    public SourcePump(Descriptor source, SplicePipe pipe, TransferSpec spec, CancellationToken cancellation)
    {
        _pipe = pipe;
        _at = new TransferCursor(spec.Offset, DestinationOffset: null);
        _left = spec.Length ?? long.MaxValue;
        End = _left == 0 ? TransferStatus.Done : null;
        _driver = new StepDriver(
            source,
            Descriptor.Describe(pipe.WriteEnd, "the pipe"),
            spec with { OwnPipe = TransferSide.Destination },
            new TransferMonitor(Cancellation: cancellation),
            Counters);
    }

    /// <summary>Done or EndOfData; null while there may be more.</summary>
    public TransferStatus? End { get; private set; }

    /// <summary>The counts of what is in the pipe, or was.</summary>
    public TransferCounters Counters { get; } = new();

    public long BytesTaken => Counters.BytesCopied + _driver.BytesUndelivered;

    public IReadOnlyList<MethodAttempt> Attempts => _driver.Chain.Attempts;

    /// <summary>Fills the empty pipe by one step.</summary>
    /// <returns>Number of bytes; 0 if the source would block, or has ended.</returns>
    public long Fill()
    {
        long before = Counters.BytesCopied;
        TransferStatus status = _driver.Run(ref _at, Math.Min(_left, _pipe.Capacity));
        long moved = Counters.BytesCopied - before;
        _left -= moved;
        End = _left == 0 ? TransferStatus.Done : status == TransferStatus.EndOfData ? status : null;
        return moved;
    }

    public void Dispose() => _driver.Dispose();
}

/// <summary>Writes the bytes of a stream to one of its destinations, from a pipe whose capacity is how far the destination may
/// fall behind the others.</summary>
internal sealed class DestinationPump : IDisposable
{
    private readonly StreamDestination _destination;
    private readonly Descriptor _source;
    private readonly TransferSpec _spec;
    private readonly TransferCounters _counters = new();
    private readonly NonBlockingScope _mode;
    private readonly StepDriver _driver;
    private TransferCursor _at;
    private long _received;
    private bool _isReleased;

    public DestinationPump(StreamDestination destination, Descriptor source, TransferSpec spec, int pipeSize)
    {
        _destination = destination;
        _source = source;
        _spec = spec with { DestinationOffset = destination.Start };
        _at = new TransferCursor(SourceOffset: null, destination.Start);
        Pipe = SplicePipe.CreateNonBlocking(pipeSize);

        // Not cancelled: the bytes in the pipe are still delivered as far as possible.
        _driver = new StepDriver(
            Descriptor.Describe(Pipe.ReadEnd, source.Name),
            destination.Descriptor,
            new TransferSpec { OwnPipe = TransferSide.Source },
            TransferMonitor.None,
            _counters);
        _mode = new NonBlockingScope(destination.Descriptor);
    }

    public Descriptor Descriptor => _destination.Descriptor;

    public SplicePipe Pipe { get; }

    public RateFloor? Floor => _destination.Floor;

    /// <summary>Null while the pump runs.</summary>
    public StreamOutcome? Outcome { get; private set; }

    public bool IsLive => Outcome is null;

    public long BytesCopied => _counters.BytesCopied;

    /// <summary>Number of bytes in the pipe.</summary>
    public long BytesPending => _received - _counters.BytesCopied;

    /// <summary>Number of bytes received of the current chunk.</summary>
    public long ChunkReceived { get; set; }

    /// <summary>The time by which the destination has to take something; only while bytes are pending.</summary>
    public Deadline Deadline { get; private set; }

    /// <summary>Counts bytes that were put into the pipe.</summary>
    public void Receive(long bytes)
    {
        Deadline = BytesPending == 0 ? new Deadline(_spec.IdleTimeout) : Deadline;
        _received += bytes;
        ChunkReceived += bytes;
    }

    /// <summary>Writes the pending bytes, as far as that goes without waiting.</summary>
    /// <returns>True if something arrived.</returns>
    public bool Drain()
    {
        long before = _counters.BytesCopied;
        if (_driver.Run(ref _at, BytesPending) == TransferStatus.EndOfData)
        {
            throw DestinationFailed(Errno.EIO);
        }

        bool moved = _counters.BytesCopied > before;
        Deadline = moved ? new Deadline(_spec.IdleTimeout) : Deadline;
        return moved;
    }

    /// <summary>Publishes the destination, which has all bytes.</summary>
    /// <exception cref="TransferException">Fewer bytes arrived than were requested, or the file could not be published.</exception>
    public void Complete(SourcePump source, IEnumerable<MethodAttempt> attempts)
    {
        EndCheck.Check(source.End!.Value, _source, Descriptor, _spec, _counters);

        // Some file systems report a lost write only at close(2).
        if (Descriptor.Kind == DescriptorKind.Regular && LibC.CloseDuplicate(Descriptor.Handle) is { Ok: false } closed)
        {
            throw DestinationFailed(closed.Errno);
        }

        _destination.Complete();
        Outcome = new StreamOutcome(Result(source, attempts) with { Warnings = _destination.Warnings }, null);
        Release();
    }

    public void Fail(TransferException exception, SourcePump source, IEnumerable<MethodAttempt> attempts)
    {
        Outcome = new StreamOutcome(null, TransferFailures.With(exception, Result(source, attempts)));
        Release();
    }

    public void Dispose()
    {
        Release();
        _mode.Dispose();
    }

    private TransferException DestinationFailed(Errno errno) => TransferFailures.Step(
        TransferMethod.ReadWrite, errno, TransferSide.Destination, _source, Descriptor, _counters.BytesCopied);

    private TransferResult Result(SourcePump source, IEnumerable<MethodAttempt> attempts)
    {
        TransferResult result = _counters.ToResult(
            _source.Name,
            Descriptor.Name,
            _spec,
            [.. source.Attempts, .. attempts, .. _driver.Chain.Attempts],
            _source.IsSeekable ? 0 : source.BytesTaken - _counters.BytesCopied);
        return source.Counters.MainMethod == TransferMethod.ReadWrite && _counters.BytesCopied > 0
            ? result with { Method = TransferMethod.ReadWrite }
            : result;
    }

    /// <summary>Only once: a buffer returned twice would be rented out twice.</summary>
    private void Release()
    {
        if (!_isReleased)
        {
            _isReleased = true;
            Pipe.Dispose();
            _driver.Dispose();
        }
    }
}
