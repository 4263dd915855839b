using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>One transfer between two open descriptors, from the first method to the result.</summary>
internal sealed class TransferRun : IDisposable
{
    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly TransferSpec _spec;
    private readonly TransferTally _tally;
    private readonly MethodLadder _ladder;
    private readonly TransferLoop _loop;
    private readonly TransferMonitor _monitor;
    private readonly HoleWriter? _holes;
    private TransferCursor _at;
    private ulong? _extents;

    /// <exception cref="TransferException">The method that the user named cannot serve.</exception>
    public TransferRun(
        Descriptor source, Descriptor destination, TransferSpec spec, TransferMonitor monitor, TransferTally tally)
    {
        _source = source;
        _destination = destination;
        _spec = spec;
        _tally = tally;
        _monitor = monitor;
        _at = new TransferCursor(spec.Offset, spec.DestinationOffset);
        bool mayHaveHoles = spec.Sparse != SparseMode.Never && Endpoint.Of(destination).MayHaveHoles;
        bool findsHoles = mayHaveHoles && spec.Sparse == SparseMode.Always;
        bool keepsHoles = mayHaveHoles && spec.Length > 0 && SparseTransfer.HasHoles(source);
        _holes = findsHoles || keepsHoles ? new HoleWriter(destination, spec.GrowsInOrder) : null;
        _ladder = new MethodLadder(source, destination, spec, findsHoles ? _holes : null);
        _loop = new TransferLoop(source, destination, _ladder, tally, monitor, spec);
    }

    /// <summary>Moves the bytes.</summary>
    /// <exception cref="TransferException">With <see cref="TransferException.Partial"/>: how far it got.</exception>
    public void Run()
    {
        FileSizeSignal.Handle();
        using var sourceMode = new NonBlockingScope(_source);
        using var destinationMode = new NonBlockingScope(_destination);
        try
        {
            LoopEnd end = Move();
            _spec.Append?.ThrowIfSplit(_source.Name);
            EndCheck.Check(end, _source, _destination, _spec, _tally);
            ChangeCheck.Check(_source, _destination, _spec, _tally, _extents);
            CheckWrittenBack();
            Tell(TransferJournal.Current);
        }
        catch (OperationCanceledException)
        {
            _loop.Deliver(ref _at);
            throw With(Result(), TransferFailures.Stopped(_source.Name, _destination.Name, _tally.BytesCopied));
        }
        catch (TransferException exception)
        {
            throw With(Result(), exception);
        }
    }

    /// <summary>The methods that did not serve.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _ladder.Attempts;

    /// <summary>True if the file system said at the close that bytes were lost, nobody knows which.</summary>
    public bool IsLost { get; private set; }

    /// <summary>What has been done so far.</summary>
    public TransferResult Result() => new()
    {
        Source = _source.Name,
        Destination = _destination.Name,
        Offset = _spec.Offset,
        DestinationOffset = _spec.DestinationOffset,
        Count = _spec.RequestedCount,
        BytesMoved = _tally.BytesMoved,
        BytesReflinked = _tally.BytesReflinked,
        BytesInHoles = _tally.BytesInHoles,
        BytesUndelivered = _source.IsSeekable ? 0 : _ladder.BytesInHand,
        Method = _tally.MainMethod,
        Attempts = _ladder.Attempts,
        Flags = _spec.Flags,
        SystemCalls = _tally.SystemCalls,
        Retries = _tally.Retries,
        Elapsed = _tally.Elapsed,
    };

    public void Dispose()
    {
        _loop.Dispose();
        _ladder.Dispose();
    }

    private LoopEnd Move()
    {
        if (_spec.Length == 0)
        {
            return LoopEnd.Done;
        }

        if (_spec.Length is long length && _ladder.Current.Kind == TransferMethod.Reflink && Reflink(length) is not LoopEnd.Refused and LoopEnd end)
        {
            return end;
        }

        return _holes is null ? _loop.Run(ref _at, _spec.Length) : MoveSparse(_holes);
    }

    /// <summary>Shares the whole blocks of the range, and moves the edges that do not fill one.</summary>
    private LoopEnd Reflink(long length)
    {
        ReflinkRange part = ReflinkRange.Align(_source, _destination, _at, length);
        bool all = part.Length == length;
        bool leavesGap = _spec.GrowsInOrder && part.Start > 0;
        if (part.Length == 0 || leavesGap || (!all && _spec.Method == TransferMethod.Reflink))
        {
            _ladder.Refused(TransferMethod.Reflink, Errno.None, ReflinkRange.NotAligned);
            _ladder.Descend();
            return LoopEnd.Refused;
        }

        TransferCursor start = _at;
        TransferCursor middle = _at;
        middle.Advance(part.Start);
        LoopEnd end = _loop.Run(ref middle, part.Length);
        if (end == LoopEnd.Done && !all)
        {
            _ladder.Descend();
            end = _loop.Run(ref start, part.Start);
            if (end == LoopEnd.Done)
            {
                end = _loop.Run(ref middle, length - part.Start - part.Length);
            }
        }

        if (end == LoopEnd.Done)
        {
            _at.Advance(length);
        }

        return end;
    }

    private LoopEnd MoveSparse(HoleWriter holes)
    {
        var sparse = new SparseTransfer(_source, holes, _loop, _tally, _monitor.Cancellation);
        LoopEnd end = sparse.Run(ref _at, _spec.Length, out SysResult sized);
        _extents = sparse.Extents;
        return sized.Ok ? end : throw DestinationFailed(sized.Errno);
    }

    /// <summary>Asks for what the file system would tell only when the destination is closed: after that it is too late
    /// to keep the old file.</summary>
    private void CheckWrittenBack()
    {
        if (!_spec.RequiresAll || _spec.DestinationFileSystem?.IsLocal() == true || _destination.Kind != DescriptorKind.Regular)
        {
            return;
        }

        SysResult closed = LibC.CloseDuplicate(_destination.Handle);
        if (!closed.Ok)
        {
            IsLost = true;
            throw DestinationFailed(closed.Errno);
        }
    }

    /// <summary>Tells what was decided: by which method the bytes went, and what became of holes.</summary>
    private void Tell(TransferJournal? journal)
    {
        if (journal is null)
        {
            return;
        }

        string names = $"{_source.Name} -> {_destination.Name}";
        string method = _tally.MainMethod is not TransferMethod main ? "no byte had to be moved"
            : $"{main} moved {_tally.BytesBy(main)} bytes; {(_spec.Method == TransferMethod.Auto ? "it is the first method in the order that serves" : "it was asked for")}";
        journal.Note($"{names}: {method}");
        if (_holes is not null)
        {
            string found = _spec.Sparse == SparseMode.Always ? "zeros that were read and holes of the source" : "holes of the source";
            journal.Note($"{names}: {_tally.BytesInHoles} bytes are holes: {found}");
        }
    }

    private TransferException DestinationFailed(Errno errno) => TransferFailures.Step(
        TransferMethod.ReadWrite, errno, TransferSide.Destination, _source, _destination, _tally.BytesCopied);

    private static TransferException With(TransferResult partial, TransferException exception)
    {
        exception.Partial = partial;
        return partial.BytesUndelivered == 0 ? exception : exception.Adding(TransferFailures.Undelivered(partial));
    }
}
