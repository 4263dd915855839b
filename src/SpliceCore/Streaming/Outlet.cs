using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>One destination of many, with the pipe that holds what it has not taken yet: that is as far as it may fall
/// behind. Its methods are those of every transfer.</summary>
internal sealed class Outlet : IDisposable
{
    private readonly StreamDestination _destination;
    private readonly Descriptor _source;
    private readonly TransferSpec _spec;
    private readonly TransferTally _tally = new();
    private readonly NonBlockingScope _mode;
    private readonly Readiness _readiness;
    private readonly CancellationToken _cancellation;
    private readonly KernelPipe _pipe;
    private readonly MethodLadder _ladder;
    private TransferCursor _at;
    private long _given;
    private long _copiedAtWait;
    private double _capacity;
    private bool _isReleased;

    public Outlet(StreamDestination destination, Descriptor source, TransferSpec spec, int pipeSize, CancellationToken cancellation)
    {
        _destination = destination;
        _source = source;
        _spec = spec with { DestinationOffset = destination.Start };
        _cancellation = cancellation;
        _at = new TransferCursor(SourceOffset: null, destination.Start);
        _mode = new NonBlockingScope(destination.Descriptor);
        _pipe = KernelPipe.Create(pipeSize);
        _ladder = new MethodLadder(
            Descriptor.Describe(_pipe.ReadEnd, source.Name), destination.Descriptor, new TransferSpec(), holes: null);
        _readiness = new Readiness(cancellation);
    }

    public Descriptor Descriptor => _destination.Descriptor;

    /// <summary>Null while it is under way.</summary>
    public StreamOutcome? Outcome { get; private set; }

    public bool IsLive => Outcome is null;

    public long BytesCopied => _tally.BytesCopied;

    /// <summary>The bytes that it has been given and has not taken.</summary>
    public long BytesPending => _given - _tally.BytesCopied;

    /// <summary>What it has taken since it was waited for last, in capacities of the pipe that it is.</summary>
    public double PartSinceWait =>
        (_tally.BytesCopied - _copiedAtWait) / (_capacity = _capacity > 0 ? _capacity : LibC.GetPipeSize(Descriptor.Handle).Value);

    /// <summary>How many bytes of the present piece it has been given.</summary>
    public long PieceGiven { get; set; }

    /// <summary>Until when it has to take something; only while something is pending.</summary>
    public Deadline Deadline { get; private set; }

    public KernelPipe Pipe => _pipe;

    /// <summary>Takes note of bytes that are in its pipe now.</summary>
    public void Give(long bytes)
    {
        Deadline = BytesPending == 0 ? new Deadline(_spec.IdleTimeout) : Deadline;
        _given += bytes;
        PieceGiven += bytes;
    }

    public void WaitBegins() => _copiedAtWait = _tally.BytesCopied;

    /// <summary>Writes what is pending, as far as that goes without waiting.</summary>
    /// <returns>Whether something arrived.</returns>
    /// <exception cref="TransferException">The destination failed.</exception>
    public bool Drain()
    {
        long before = _tally.BytesCopied;
        while (BytesPending > 0)
        {
            ITransferMethod method = _ladder.Current;
            bool mayWait = Descriptor.CanBlock && !Descriptor.IsNonBlocking && !method.NeverWaitsOn(TransferSide.Destination);
            if (mayWait && !_readiness.IsReady(Descriptor.Handle, PollEvents.Out))
            {
                break;
            }

            StepResult step = method.Step(_at, BytesPending);
            if (step.Kind == StepKind.WouldBlock)
            {
                break;
            }

            Take(method, step);
        }

        bool moved = _tally.BytesCopied > before;
        Deadline = moved ? new Deadline(_spec.IdleTimeout) : Deadline;
        return moved;
    }

    /// <summary>All has arrived.</summary>
    /// <param name="end">How the source ended.</param>
    /// <param name="inlet">Where it came from.</param>
    /// <param name="attempts">What else did not serve.</param>
    /// <exception cref="TransferException">It was less than was asked for, or the file could not be put in its place.</exception>
    public void Complete(LoopEnd end, Inlet inlet, IEnumerable<MethodAttempt> attempts)
    {
        EndCheck.Check(end, _source, Descriptor, _spec, _tally);
        CheckWrittenBack();
        _destination.Complete();
        Outcome = new StreamOutcome(Result(inlet, attempts) with { Warnings = _destination.Warnings }, null);
        Release();
    }

    public void Fail(TransferException exception, Inlet inlet, IEnumerable<MethodAttempt> attempts)
    {
        TransferResult partial = Result(inlet, attempts);
        exception.Partial = partial;
        Outcome = new StreamOutcome(null, partial.BytesUndelivered == 0 ? exception : exception.Adding(TransferFailures.Undelivered(partial)));
        Release();
    }

    public void Dispose()
    {
        Release();
        _mode.Dispose();
    }

    private void Take(ITransferMethod method, StepResult step)
    {
        switch (step.Kind)
        {
            case StepKind.Moved:
                _at.Advance(step.Bytes);
                _tally.Add(method.Kind, step.Bytes);
                break;

            // What is in the pipe is in our hands: another method may always go on with it.
            case StepKind.NotSupported when _ladder.HasNext && (step.Errno != Errno.EPERM || SeccompProbe.Forbids(method.Kind)):
                _ladder.Descend(step.Errno);
                break;

            case StepKind.EndOfData when _ladder.HasNext:
                _ladder.Descend(Errno.None);
                break;

            case StepKind.Interrupted:
                _cancellation.ThrowIfCancellationRequested();
                break;

            default:
                throw TransferFailures.Step(method.Kind, step.Errno, TransferSide.Destination, _source, Descriptor, _tally.BytesCopied);
        }
    }

    /// <summary>Asks for what the file system would tell only when the file is closed.</summary>
    private void CheckWrittenBack()
    {
        if (Descriptor.Kind == DescriptorKind.Regular && LibC.CloseDuplicate(Descriptor.Handle) is { Ok: false } closed)
        {
            throw TransferFailures.Step(
                TransferMethod.ReadWrite, closed.Errno, TransferSide.Destination, _source, Descriptor, _tally.BytesCopied);
        }
    }

    private TransferResult Result(Inlet inlet, IEnumerable<MethodAttempt> attempts) => new()
    {
        Source = _source.Name,
        Destination = Descriptor.Name,
        Offset = _spec.Offset,
        DestinationOffset = _spec.DestinationOffset,
        Count = _spec.RequestedCount,
        BytesMoved = _tally.BytesMoved,
        BytesUndelivered = _source.IsSeekable ? 0 : inlet.BytesTaken - _tally.BytesCopied,
        Method = inlet.Method == TransferMethod.ReadWrite && _tally.BytesCopied > 0 ? inlet.Method : _tally.MainMethod,
        Attempts = [.. inlet.Attempts, .. attempts, .. _ladder.Attempts],
        SystemCalls = _tally.SystemCalls,
        Elapsed = _tally.Elapsed,
    };

    /// <summary>Once only: a buffer that is given back twice would be handed out twice.</summary>
    private void Release()
    {
        if (_isReleased)
        {
            return;
        }

        _isReleased = true;
        _pipe.Dispose();
        _ladder.Dispose();
        _readiness.Dispose();
    }
}
