using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>The one loop under every method. It owns all that a method does not: signals, waiting, short moves, bytes
/// in hand, cancellation, progress, counting, and going on to the next method.</summary>
internal sealed class TransferLoop(
    Descriptor source, Descriptor destination, MethodLadder ladder, TransferTally tally, TransferMonitor monitor,
    TransferSpec spec) : IDisposable
{
    private const int PageSize = 4096;

    private readonly Readiness _readiness = new(monitor.Cancellation);
    private readonly StepSize _stepSize = new();
    private readonly bool _mayReturn = spec.Flags.HasFlag(SpliceFlags.NonBlock);
    private readonly RefillPause _refill = new();
    private long _copiedAtRefill;
    private double _pipeSize;
    private (TransferSide Side, Deadline Deadline)? _waiting;

    /// <summary>Moves <paramref name="count"/> bytes, or all up to the end where it is null.</summary>
    public LoopEnd Run(ref TransferCursor at, long? count) => Run(ref at, count ?? long.MaxValue, pieces: null);

    /// <summary>Moves a piece of a sparse file.</summary>
    public LoopEnd RunPiece(ref TransferCursor at, long length) => Run(ref at, length, ladder.ForPiece(length));

    private LoopEnd Run(ref TransferCursor at, long left, ITransferMethod? pieces)
    {
        while (left > 0)
        {
            monitor.Cancellation.ThrowIfCancellationRequested();
            ITransferMethod method = pieces?.Kind == TransferMethod.ReadWrite ? pieces : ladder.Current;
            if (!IsReady(method))
            {
                return LoopEnd.WouldBlock;
            }

            StepResult step = Step(method, at, left);
            if (TriesAgain(method, step))
            {
                continue;
            }

            switch (step.Kind)
            {
                case StepKind.Moved:
                    _stepSize.StepEnded(step.Bytes);
                    _waiting = null;
                    at.Advance(step.Bytes);
                    left -= step.Bytes;
                    tally.Add(method.Kind, step.Bytes);
                    Report();
                    break;

                case StepKind.BecameHole:
                    at.Advance(step.Bytes);
                    left -= step.Bytes;
                    tally.BytesInHoles += step.Bytes;
                    Report();
                    break;

                case StepKind.EndOfData when EndCheck.IsFalse(method.Kind, source, at):
                    ladder.Descend(Errno.None);
                    break;

                case StepKind.EndOfData:
                    return LoopEnd.EndOfData;

                case StepKind.WouldBlock when ReturnsInsteadOfWaiting(method):
                    return LoopEnd.WouldBlock;

                case StepKind.WouldBlock when CanWait(step.Side):
                    Wait(method, step.Side);
                    break;

                case StepKind.NotSupported when Refusals.IsBelieved(method, step.Errno, tally, source):
                    ladder.Descend(step.Errno);
                    if (method.Kind == TransferMethod.Reflink)
                    {
                        return LoopEnd.Refused;
                    }

                    break;

                case StepKind.WouldBlock:
                case StepKind.NotSupported:
                case StepKind.Failed:
                    throw TransferFailures.Step(method.Kind, step.Errno, step.Side, source, destination, tally.BytesCopied);

                case StepKind.Interrupted:
                default:
                    break;
            }
        }

        return LoopEnd.Done;
    }

    /// <summary>Tells whoever watches how far the transfer is.</summary>
    public void Report() =>
        monitor.Progress?.Invoke(new TransferProgress(tally.BytesCopied, spec.Length, tally.Elapsed));

    /// <summary>Writes what a source without positions gave and cannot give again, as far as that goes without waiting.</summary>
    public void Deliver(ref TransferCursor at)
    {
        ITransferMethod method = ladder.Current;
        while (!source.IsSeekable && method.BytesInHand > 0 && MayWrite(method))
        {
            StepResult step = method.Step(at, method.BytesInHand);
            if (step.Kind == StepKind.Moved && step.Bytes > 0)
            {
                at.Advance(step.Bytes);
                tally.Add(method.Kind, step.Bytes);
            }
            else if (step.Kind != StepKind.Interrupted)
            {
                return;
            }
        }
    }

    public void Dispose() => _readiness.Dispose();

    private bool MayWrite(ITransferMethod method) =>
        !MustAsk(method, destination, TransferSide.Destination) || _readiness.IsReady(destination.Handle, PollEvents.Out);

    /// <summary>Makes a step, when the rate allows it. Bytes that are not moved cost nothing.</summary>
    private StepResult Step(ITransferMethod method, TransferCursor at, long left)
    {
        long count = Math.Min(left, method.StepLimit(_stepSize.Current));
        RateLimiter? limiter = method.Kind == TransferMethod.Reflink ? null : spec.RateLimit;
        if (limiter is not null)
        {
            count = Math.Min(count, Math.Max(EvenStep(limiter.StepLimit), method.SmallestStep));
            limiter.Take(count, monitor.Cancellation);
        }

        _stepSize.StepStarts();
        StepResult step = method.Step(at, count);
        limiter?.Settle(count, step.Kind == StepKind.Moved ? step.Bytes : 0);
        return step;
    }

    /// <summary>What can be resumed ends with a whole page, as far as that is a matter of the step.</summary>
    private long EvenStep(long limit) => spec.GrowsInOrder && limit > PageSize ? limit - (limit % PageSize) : limit;

    /// <summary>True if a step that failed of what may pass is to be made again, where it stood.</summary>
    private bool TriesAgain(ITransferMethod method, StepResult step)
    {
        if (spec.Retrier is not { } retrier)
        {
            return false;
        }

        if (step.Bytes > 0)
        {
            retrier.Succeeded();
        }

        return Retrier.MayPass(step.Errno) && IsOfFiles(step.Side) && IsFailure(method, step) && retrier.TriesAgain(step.Errno);
    }

    private bool IsFailure(ITransferMethod method, StepResult step) => step.Kind switch
    {
        StepKind.Failed => true,
        StepKind.WouldBlock => !ReturnsInsteadOfWaiting(method) && !CanWait(step.Side),

        // A refusal is no failure while there is another method that may serve.
        StepKind.NotSupported => !ladder.HasNext || !Refusals.IsBelieved(method, step.Errno, tally, source),
        _ => false,
    };

    /// <summary>True if an error is a file system's or a disk's: a peer that broke off does not come back. Pipes have no
    /// such errors of their own.</summary>
    private bool IsOfFiles(TransferSide side)
    {
        bool fromFile = source.Kind is DescriptorKind.Regular or DescriptorKind.Block;
        bool toFile = destination.Kind is DescriptorKind.Regular or DescriptorKind.Block;
        return side switch
        {
            TransferSide.Source => fromFile,
            TransferSide.Destination => toFile,
            _ => (fromFile && (toFile || destination.Kind == DescriptorKind.Fifo))
                || (toFile && source.Kind == DescriptorKind.Fifo),
        };
    }

    /// <summary>A method that might wait inside the kernel, out of reach, is entered only when it will not have to.</summary>
    private bool IsReady(ITransferMethod method)
    {
        bool empty = method.BytesInHand == 0;
        return (!empty || IsReady(method, source, TransferSide.Source, PollEvents.In))
            && IsReady(method, destination, TransferSide.Destination, PollEvents.Out);
    }

    private bool IsReady(ITransferMethod method, Descriptor descriptor, TransferSide side, PollEvents events)
    {
        if (!MustAsk(method, descriptor, side))
        {
            return true;
        }

        if (ReturnsInsteadOfWaiting(method))
        {
            return _readiness.IsReady(descriptor.Handle, events);
        }

        Await(descriptor, side, events);
        return true;
    }

    /// <summary>Who does not wait looks for room before he takes anything.</summary>
    private bool MustAsk(ITransferMethod method, Descriptor descriptor, TransferSide side) =>
        descriptor.CanBlock && !method.NeverWaitsOn(side)
            && (!descriptor.IsNonBlocking || (_mayReturn && side == TransferSide.Destination));

    /// <summary>Waits for one side. While the source is silent, the destination's reader may go away.</summary>
    private void Await(Descriptor descriptor, TransferSide side, PollEvents events)
    {
        TimeSpan? patience = null;
        if (spec.IdleTimeout is not null)
        {
            _waiting = _waiting is { } waiting && waiting.Side == side ? waiting : (side, new Deadline(spec.IdleTimeout));
            patience = _waiting.Value.Deadline.Left;
        }

        SafeHandle? watched = side == TransferSide.Source && destination.CanBlock ? destination.Handle : null;
        switch (_readiness.Wait(descriptor.Handle, events, watched, patience))
        {
            case Awakening.WatchedGone:
                throw TransferFailures.ReaderGone(source.Name, destination.Name, tally.BytesCopied);
            case Awakening.TimedOut:
                throw TransferFailures.Idle(side, descriptor.Name, spec.IdleTimeout!.Value, tally.BytesCopied);
            default:
                break;
        }
    }

    /// <summary>Bytes that a source without positions gave up must find room first, or they would be lost. What a file
    /// gave can be read again.</summary>
    private bool ReturnsInsteadOfWaiting(ITransferMethod method) =>
        _mayReturn && (method.BytesInHand == 0 || source.IsSeekable);

    /// <summary>True if poll(2) can tell when to go on. A few generated files are regular and wait all the same
    /// (/proc/kmsg); of other files EAGAIN is an error.</summary>
    private bool CanWait(TransferSide side) =>
        source.CanBlock || destination.CanBlock || (side == TransferSide.Source && source.Size == 0);

    /// <summary>EAGAIN of a splice does not say whether the source is empty or the destination full: wait for both.</summary>
    private void Wait(ITransferMethod method, TransferSide side)
    {
        if (side != TransferSide.Destination && method.BytesInHand == 0 && (source.CanBlock || side == TransferSide.Source))
        {
            Await(source, TransferSide.Source, PollEvents.In);
        }

        if (side != TransferSide.Source && destination.CanBlock)
        {
            Await(destination, TransferSide.Destination, PollEvents.Out);
            LetReaderMakeRoom();
        }
    }

    /// <summary>A file does not run ahead: a source that others feed is taken from as soon as there is room.</summary>
    private void LetReaderMakeRoom()
    {
        if (destination.Kind == DescriptorKind.Fifo && source.Kind == DescriptorKind.Regular)
        {
            _pipeSize = _pipeSize > 0 ? _pipeSize : LibC.GetPipeSize(destination.Handle).Value;
            _refill.Observe((tally.BytesCopied - _copiedAtRefill) / _pipeSize);
            _copiedAtRefill = tally.BytesCopied;
            _refill.Wait();
        }
    }
}
