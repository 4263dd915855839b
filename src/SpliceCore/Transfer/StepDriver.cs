using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Runs the steps of a method, for copies and for both halves of a stream with several destinations. It owns signals,
/// waiting, short moves, bytes in hand, cancellation, progress, the rate limit, retries, counting, and the fallback to the next
/// method.</summary>
/// <remarks>If the source or the destination is an internal pipe (<see cref="TransferSpec.OwnPipe"/>), it never waits.</remarks>
internal sealed class StepDriver : IDisposable
{
    private const int PageSize = 4096;

    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly TransferSpec _spec;
    private readonly TransferCounters _counters;
    private readonly StepSize _stepSize = new();
    private readonly bool _isNonBlocking;
    private TransferMonitor _monitor;
    private Poller? _poller;
    private RateLimiter? _rateLimit;
    private Retrier? _retrier;
    private bool _neverWaits;
    private (TransferSide Side, Deadline Deadline)? _waiting;

    /// <exception cref="TransferException">The method that the user named is not possible.</exception>
    public StepDriver(
        Descriptor source, Descriptor destination, TransferSpec spec, TransferMonitor monitor, TransferCounters counters, HoleWriter? holes = null)
    {
        _source = source;
        _destination = destination;
        _spec = spec;
        _counters = counters;
        _monitor = monitor;
        _rateLimit = spec.RateLimit;
        _retrier = spec.Retrier;
        _isNonBlocking = spec.Flags.HasFlag(SpliceFlags.NonBlock);
        _neverWaits = spec.OwnPipe != TransferSide.Unknown;
        Chain = new MethodChain(source, destination, spec, holes);
    }

    public MethodChain Chain { get; }

    /// <summary>Bytes of holes that will be skipped, as far as they were counted.</summary>
    public long HoleBytes { get; set; }

    /// <summary>Bytes of holes that were skipped: they took no step, and progress does not count them.</summary>
    public long BytesSkipped { get; set; }

    /// <summary>Bytes that cannot be read again, and are not yet at the destination.</summary>
    public long BytesUndelivered => _source.IsSeekable ? 0 : Chain.BytesInHand;

    /// <summary>Moves <paramref name="count"/> bytes, or all up to the end where it is null.</summary>
    public TransferStatus Run(ref TransferCursor at, long? count) => Run(ref at, count ?? long.MaxValue, small: null);

    /// <summary>Moves an extent of a sparse file.</summary>
    public TransferStatus RunExtent(ref TransferCursor at, long length) => Run(ref at, length, Chain.ForExtent(length));

    /// <summary>After a cancellation, writes bytes that cannot be read again, as far as that goes without waiting.</summary>
    public void Deliver(ref TransferCursor at)
    {
        (_monitor, _rateLimit, _retrier, _neverWaits) = (TransferMonitor.None, null, null, true);
        try
        {
            Run(ref at, BytesUndelivered, small: null);
        }
        catch (TransferException)
        {
            // The result has the bytes that were not delivered.
        }
    }

    public void Report() =>
        _monitor.Progress?.Invoke(new TransferProgress(
            _counters.BytesCopied - BytesSkipped, _spec.Length - Math.Max(HoleBytes, BytesSkipped), _counters.Elapsed)
        {
            BytesInHoles = BytesSkipped,
        });

    public void Dispose()
    {
        _poller?.Dispose();
        Chain.Dispose();
    }

    private Poller Poller => _poller ??= new Poller(_monitor.Cancellation);

    private TransferStatus Run(ref TransferCursor at, long left, ITransferMethod? small)
    {
        while (left > 0)
        {
            _monitor.Cancellation.ThrowIfCancellationRequested();
            ITransferMethod method = small?.Kind == TransferMethod.ReadWrite ? small : Chain.Current;
            if (!IsReady(method))
            {
                return TransferStatus.WouldBlock;
            }

            StepResult step = Step(method, at, left);
            if (WaitToRetry(method, step))
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
                    _counters.Add(method.Kind, step.Bytes);
                    Report();
                    if (_spec.OwnPipe == TransferSide.Destination)
                    {
                        return TransferStatus.Done;
                    }

                    break;

                case StepKind.BecameHole:
                    at.Advance(step.Bytes);
                    left -= step.Bytes;
                    _counters.BytesInHoles += step.Bytes;
                    Report();
                    break;

                case StepKind.Unchanged:
                    at.Advance(step.Bytes);
                    left -= step.Bytes;
                    _counters.AddUnchanged(step.Bytes, isShared: _destination.IsNew);
                    Report();
                    break;

                case StepKind.EndOfData when IsSpuriousEof(method, at):
                    Chain.FallBack(Errno.None);
                    break;

                case StepKind.EndOfData:
                    return TransferStatus.EndOfData;

                case StepKind.WouldBlock when ReturnsInsteadOfWaiting(method):
                    return TransferStatus.WouldBlock;

                case StepKind.WouldBlock when CanWait(step.Side):
                    Wait(method, step.Side);
                    break;

                case StepKind.NotSupported when AllowsFallback(method, step.Errno):
                    Chain.FallBack(step.Errno);
                    if (method.Kind == TransferMethod.Reflink)
                    {
                        return TransferStatus.Unsupported;
                    }

                    break;

                case StepKind.WouldBlock:
                case StepKind.NotSupported:
                case StepKind.Failed:
                    throw Failed(method.Kind, step.Errno, step.Side);

                case StepKind.Interrupted:
                default:
                    break;
            }
        }

        return TransferStatus.Done;
    }

    /// <summary>Makes a step, when the rate allows it. Bytes that are not moved cost nothing.</summary>
    private StepResult Step(ITransferMethod method, TransferCursor at, long left)
    {
        long count = Math.Min(left, method.StepLimit(_stepSize.Current));
        RateLimiter? limiter = method.Kind == TransferMethod.Reflink ? null : _rateLimit;
        if (limiter is not null)
        {
            count = Math.Min(count, Math.Max(EvenStep(limiter.StepLimit), method.SmallestStep));
            limiter.Take(count, _monitor.Cancellation);
        }

        _stepSize.StepStarts();
        StepResult step = method.Step(at, count);
        limiter?.Settle(count, step.Kind == StepKind.Moved ? step.Bytes : 0);
        return step;
    }

    /// <summary>A resumable copy stops at a whole page, as far as the step decides.</summary>
    private long EvenStep(long limit) => _spec.GrowsInOrder && limit > PageSize ? limit - (limit % PageSize) : limit;

    private TransferException Failed(TransferMethod method, Errno errno, TransferSide side) => TransferFailures.Step(
        method,
        errno,
        _spec.OwnPipe switch
        {
            TransferSide.Destination => TransferSide.Source,
            TransferSide.Source => TransferSide.Destination,
            _ => side,
        },
        _source,
        _destination,
        _counters.BytesCopied);

    private bool IsSpuriousEof(ITransferMethod method, TransferCursor at) =>
        _spec.OwnPipe == TransferSide.Source ? Chain.HasNext : EndCheck.IsSpuriousEof(method.Kind, _source, at);

    /// <summary>True if NotSupported is not an error: before the method's first byte, or for bytes in hand that cannot be read again.
    /// After that, another method would only hide an error.</summary>
    private bool AllowsFallback(ITransferMethod method, Errno errno)
    {
        bool isFirst = _counters.BytesBy(method.Kind) == 0 || _spec.OwnPipe == TransferSide.Source
            || (method.BytesInHand > 0 && !_source.IsSeekable);
        return isFirst
            && (errno != Errno.EPERM || method is PipedSpliceMethod { HasPipe: false } || SeccompProbe.Forbids(method.Kind));
    }

    private bool WaitToRetry(ITransferMethod method, StepResult step)
    {
        if (_retrier is not { } retrier)
        {
            return false;
        }

        if (step.Bytes > 0)
        {
            retrier.Succeeded();
        }

        return Retrier.IsTransient(step.Errno) && IsOfFiles(step.Side) && IsFailure(method, step) && retrier.WaitToRetry(step.Errno);
    }

    private bool IsFailure(ITransferMethod method, StepResult step) => step.Kind switch
    {
        StepKind.Failed => true,
        StepKind.WouldBlock => !ReturnsInsteadOfWaiting(method) && !CanWait(step.Side),
        StepKind.NotSupported => !Chain.HasNext || !AllowsFallback(method, step.Errno),
        _ => false,
    };

    /// <summary>True if an error is a file system's or a disk's: a peer that broke off does not come back. Pipes have no
    /// such errors of their own.</summary>
    private bool IsOfFiles(TransferSide side)
    {
        bool fromFile = _source.Kind is DescriptorKind.Regular or DescriptorKind.Block;
        bool toFile = _destination.Kind is DescriptorKind.Regular or DescriptorKind.Block;
        return side switch
        {
            TransferSide.Source => fromFile,
            TransferSide.Destination => toFile,
            _ => (fromFile && (toFile || _destination.Kind == DescriptorKind.Fifo))
                || (toFile && _source.Kind == DescriptorKind.Fifo),
        };
    }

    /// <summary>A method that could block inside the kernel, where a cancellation does not reach it, is called only when ready.</summary>
    private bool IsReady(ITransferMethod method) =>
        (method.BytesInHand > 0 || IsReady(method, _source, TransferSide.Source, PollEvents.In))
        && IsReady(method, _destination, TransferSide.Destination, PollEvents.Out);

    private bool IsReady(ITransferMethod method, Descriptor descriptor, TransferSide side, PollEvents events)
    {
        // With NonBlock, check that the destination has room before consuming from the source.
        bool mustPoll = descriptor.CanBlock && !method.NeverWaitsOn(side)
            && (!descriptor.IsNonBlocking || (_isNonBlocking && side == TransferSide.Destination));
        if (!mustPoll)
        {
            return true;
        }

        if (ReturnsInsteadOfWaiting(method))
        {
            return Poller.IsReady(descriptor.Handle, events);
        }

        Await(descriptor, side, events);
        return true;
    }

    /// <summary>Waits for the source or the destination. While the source is silent, the destination's reader may close it.</summary>
    private void Await(Descriptor descriptor, TransferSide side, PollEvents events)
    {
        TimeSpan? timeout = null;
        if (_spec.IdleTimeout is not null)
        {
            _waiting = _waiting is { } waiting && waiting.Side == side ? waiting : (side, new Deadline(_spec.IdleTimeout));
            timeout = _waiting.Value.Deadline.Left;
        }

        SafeHandle? watched = side == TransferSide.Source && _destination.CanBlock ? _destination.Handle : null;
        switch (Poller.Wait(descriptor.Handle, events, watched, timeout))
        {
            case PollResult.WatchedGone:
                throw TransferFailures.ReaderGone(_source.Name, _destination.Name, _counters.BytesCopied);
            case PollResult.TimedOut:
                throw TransferFailures.Idle(side, descriptor.Name, _spec.IdleTimeout!.Value, _counters.BytesCopied);
            default:
                break;
        }
    }

    /// <summary>With NonBlock, bytes that cannot be read again must still be written, or they would be lost.</summary>
    private bool ReturnsInsteadOfWaiting(ITransferMethod method) =>
        _neverWaits || (_isNonBlocking && (method.BytesInHand == 0 || _source.IsSeekable));

    /// <summary>True if poll(2) can wait for it. A few generated files are regular and block nevertheless
    /// (/proc/kmsg); of other files EAGAIN is an error.</summary>
    private bool CanWait(TransferSide side) =>
        _source.CanBlock || _destination.CanBlock || (side == TransferSide.Source && _source.Size == 0);

    /// <summary>EAGAIN from splice(2) can mean an empty source or a full destination: wait for both.</summary>
    private void Wait(ITransferMethod method, TransferSide side)
    {
        if (side != TransferSide.Destination && method.BytesInHand == 0 && (_source.CanBlock || side == TransferSide.Source))
        {
            Await(_source, TransferSide.Source, PollEvents.In);
        }

        if (side != TransferSide.Source && _destination.CanBlock)
        {
            Await(_destination, TransferSide.Destination, PollEvents.Out);
        }
    }
}
