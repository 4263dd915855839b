using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>From the source into the pipe that all destinations are served from. Its methods are those of every transfer.</summary>
internal sealed class Inlet : IDisposable
{
    private readonly Descriptor _source;
    private readonly KernelPipe _pipe;
    private readonly TransferSpec _spec;
    private readonly TransferTally _tally = new();
    private readonly MethodLadder _ladder;
    private readonly Readiness _readiness;
    private readonly CancellationToken _cancellation;
    private TransferCursor _at;
    private long _left;

    public Inlet(Descriptor source, KernelPipe pipe, TransferSpec spec, CancellationToken cancellation)
    {
        _source = source;
        _pipe = pipe;
        _spec = spec;
        _cancellation = cancellation;
        _at = new TransferCursor(spec.Offset, DestinationOffset: null);
        _left = spec.Length ?? long.MaxValue;
        _ladder = new MethodLadder(
            source, Descriptor.Describe(pipe.WriteEnd, "the pipe"), spec with { FillsOwnPipe = true }, holes: null);
        _readiness = new Readiness(cancellation);
    }

    /// <summary>How it ended; null while there may be more.</summary>
    public LoopEnd? End { get; private set; }

    public long BytesTaken => _tally.BytesCopied + (_source.IsSeekable ? 0 : _ladder.BytesInHand);

    /// <summary>The bytes that are in the pipe, or have been.</summary>
    public long BytesGiven => _tally.BytesCopied;

    public TransferMethod? Method => _tally.MainMethod;

    public TimeSpan Elapsed => _tally.Elapsed;

    public IReadOnlyList<MethodAttempt> Attempts => _ladder.Attempts;

    /// <summary>Fills the empty pipe with what there is.</summary>
    /// <returns>How many bytes; 0 where the source must be waited for, or has ended.</returns>
    /// <exception cref="TransferException">The source failed.</exception>
    public long Fill()
    {
        while (End is null)
        {
            if (_left == 0)
            {
                End = LoopEnd.Done;
                break;
            }

            ITransferMethod method = _ladder.Current;
            bool mayWait = _source.CanBlock && !_source.IsNonBlocking && !method.NeverWaitsOn(TransferSide.Source);
            if (mayWait && method.BytesInHand == 0 && !_readiness.IsReady(_source.Handle, PollEvents.In))
            {
                return 0;
            }

            StepResult step = Step(method);
            switch (step.Kind)
            {
                case StepKind.Moved:
                    _at.Advance(step.Bytes);
                    _left -= step.Bytes;
                    _tally.Add(method.Kind, step.Bytes);
                    return step.Bytes;

                case StepKind.EndOfData when EndCheck.IsFalse(method.Kind, _source, _at):
                    _ladder.Descend(Errno.None);
                    break;

                case StepKind.EndOfData:
                    End = LoopEnd.EndOfData;
                    break;

                case StepKind.WouldBlock:
                    return 0;

                case StepKind.NotSupported when _ladder.HasNext && Refusals.IsBelieved(method, step.Errno, _tally, _source):
                    _ladder.Descend(step.Errno);
                    break;

                case StepKind.Interrupted:
                    _cancellation.ThrowIfCancellationRequested();
                    break;

                default:
                    throw TransferFailures.Step(method.Kind, step.Errno, TransferSide.Source, _source.Name, "the pipe", _tally.BytesCopied);
            }
        }

        return 0;
    }

    public void Dispose()
    {
        _ladder.Dispose();
        _readiness.Dispose();
    }

    private StepResult Step(ITransferMethod method)
    {
        long count = Math.Min(_left, _pipe.Capacity);
        if (_spec.RateLimit is not { } limiter)
        {
            return method.Step(_at, count);
        }

        count = Math.Min(count, limiter.StepLimit);
        limiter.Take(count, _cancellation);
        StepResult step = method.Step(_at, count);
        limiter.Settle(count, step.Kind == StepKind.Moved ? step.Bytes : 0);
        return step;
    }
}

/// <summary>Opening what waits for its other end, for no longer than a side may be idle.</summary>
internal sealed class IdleWait(TimeSpan? patience, CancellationToken cancellation)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue); // of a timer

    /// <exception cref="TransferException">It took too long.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public T For<T>(TransferSide side, string name, Func<CancellationToken, T> open)
    {
        if (patience is not TimeSpan time || time > Longest)
        {
            return open(cancellation);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        either.CancelAfter(time);
        try
        {
            return open(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw TransferFailures.Idle(side, name, time, arrived: 0);
        }
    }
}
