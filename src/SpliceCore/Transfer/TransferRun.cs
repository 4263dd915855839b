using Splice.Descriptors;
using Splice.Errors;
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
    private readonly HoleWriter _holes;
    private readonly TransferMonitor _monitor;
    private TransferCursor _at;

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
        _holes = new HoleWriter(destination);
        _ladder = new MethodLadder(source, destination, spec.Method, spec.Flags, spec.PipeSize);
        _loop = new TransferLoop(source, destination, _ladder, tally, monitor, spec);
    }

    /// <summary>Moves the bytes.</summary>
    /// <exception cref="TransferException">With <see cref="TransferException.Partial"/>: how far it got.</exception>
    public TransferResult Run()
    {
        FileSizeSignal.Handle();
        using var sourceMode = new NonBlockingScope(_source);
        using var destinationMode = new NonBlockingScope(_destination);
        try
        {
            CheckEnd(Move());
            return Result();
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Copying '{_source.Name}' to '{_destination.Name}' was stopped after {_tally.BytesCopied} bytes.",
                Errno.ECANCELED, _destination.Name)
            {
                Partial = Result(),
            };
        }
        catch (TransferException exception)
        {
            exception.Partial = Result();
            throw;
        }
    }

    /// <summary>Asks for what the file system would tell only when the destination is closed.</summary>
    /// <exception cref="TransferException">Not all that was moved has arrived.</exception>
    public void CheckWrittenBack()
    {
        SysResult closed = _destination.Kind == DescriptorKind.Regular ? LibC.CloseDuplicate(_destination.Handle) : default;
        if (!closed.Ok)
        {
            TransferException failure = DestinationFailed(closed.Errno);
            failure.Partial = Result();
            throw failure;
        }
    }

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
        Method = _tally.MainMethod,
        Attempts = _ladder.Attempts,
        Flags = _spec.Flags,
        SystemCalls = _tally.SystemCalls,
        Elapsed = _tally.Elapsed,
    };

    public void Dispose()
    {
        _loop.Dispose();
        _ladder.Dispose();
    }

    private LoopEnd Move()
    {
        if (_spec.Length is not long length)
        {
            return _loop.Run(ref _at, null);
        }

        if (length == 0)
        {
            return LoopEnd.Done;
        }

        if (_ladder.Current.Kind == TransferMethod.Reflink && Reflink(length) is not LoopEnd.Refused and LoopEnd end)
        {
            return end;
        }

        bool keepsHoles = _source is { Kind: DescriptorKind.Regular, IsSeekable: true, Status.IsProbablySparse: true }
            && _destination is { Kind: DescriptorKind.Regular or DescriptorKind.Block, IsSeekable: true, IsAppending: false };
        return keepsHoles ? MoveExtents(_spec.Offset!.Value, length) : _loop.Run(ref _at, length);
    }

    /// <summary>Shares the whole blocks of the range, and moves the edges that do not fill one.</summary>
    private LoopEnd Reflink(long length)
    {
        ReflinkRange part = ReflinkRange.Align(_source, _destination, _at, length);
        bool all = part.Length == length;
        if (part.Length == 0 || (!all && _spec.Method == TransferMethod.Reflink))
        {
            _ladder.Refused(TransferMethod.Reflink, Errno.None,
                "offset, destination offset and count do not line up with the file system's blocks");
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

    private LoopEnd MoveExtents(long offset, long length)
    {
        CheckSized(_holes.GrowTo(_at.DestinationOffset!.Value + length));
        try
        {
            LoopEnd end = WalkExtents(offset, length);
            if (end != LoopEnd.Done)
            {
                CheckSized(_holes.CutAt(_at.DestinationOffset.Value));
            }

            return end;
        }
        catch
        {
            _holes.CutAt(_at.DestinationOffset.Value);
            throw;
        }
    }

    private LoopEnd WalkExtents(long offset, long length)
    {
        foreach (Extent extent in Extent.Walk(_source.Handle, offset, length))
        {
            _monitor.Cancellation.ThrowIfCancellationRequested();
            if (extent.IsHole && IsCutOff(extent))
            {
                return LoopEnd.EndOfData;
            }

            if (extent.IsHole && _holes.TryMake(_at.DestinationOffset!.Value, extent.Length))
            {
                _at.Advance(extent.Length);
                _tally.BytesInHoles += extent.Length;
                _loop.Report();
            }
            else if (_loop.Run(ref _at, extent.Length) is not LoopEnd.Done and LoopEnd end)
            {
                return end;
            }
        }

        return LoopEnd.Done;
    }

    private TransferException DestinationFailed(Errno errno) => Failures.Step(
        TransferMethod.ReadWrite, errno, TransferSide.Destination, _source.Name, _destination.Name, _tally.BytesCopied);

    /// <summary>SEEK_DATA answers the same for a hole that reaches the end and for a file that ends earlier by now.</summary>
    private bool IsCutOff(Extent hole)
    {
        long end = hole.Offset + hole.Length;
        return end == _spec.Offset + _spec.Length
            && FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok && now!.Size < end;
    }

    private void CheckSized(SysResult sized)
    {
        if (!sized.Ok)
        {
            throw DestinationFailed(sized.Errno);
        }
    }

    /// <summary>Whether the source had all that was to be copied until the end.</summary>
    private void CheckEnd(LoopEnd end)
    {
        if (end == LoopEnd.WouldBlock && _spec.RequiresAll)
        {
            throw new TransferException(TransferErrorId.WouldBlock,
                $"Only {_tally.BytesCopied} bytes could be copied from '{_source.Name}' to '{_destination.Name}' without waiting. Leave the flag NonBlock out to wait for the rest.",
                Errno.EAGAIN, _source.Name);
        }

        if (end != LoopEnd.EndOfData)
        {
            return;
        }

        FileStatus.TryGet(_source.Handle, out FileStatus? now);
        bool isShorter = now?.Size < _source.Size && now.Size < _spec.Offset + _spec.Length;

        // A size without blocks is a generated file's, and was never true: sysfs says 4096 for all.
        bool endedEarly = _spec.Length.HasValue && _source.Status.AllocatedBytes > 0;
        if (_source.Kind == DescriptorKind.Regular && (isShorter || endedEarly))
        {
            throw new TransferException(TransferErrorId.SourceTruncated,
                $"'{_source.Name}' became shorter while it was copied: {_source.Size} bytes at first, {now?.Size} now. Copy it again when nobody writes to it.",
                target: _source.Name);
        }

        if (_spec.RequiresAll && _tally.BytesCopied < _spec.RequestedCount)
        {
            throw new TransferException(TransferErrorId.CountPastEnd,
                $"'{_source.Name}' ended after {_tally.BytesCopied} bytes, and {_spec.RequestedCount} were asked for. Leave -Count out to copy up to the end.",
                target: _source.Name);
        }
    }
}
