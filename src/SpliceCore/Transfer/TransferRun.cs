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
    private readonly TransferCounters _counters;
    private readonly StepDriver _driver;
    private readonly TransferMonitor _monitor;
    private readonly HoleWriter? _holes;
    private TransferCursor _at;
    private ulong? _extents;

    /// <exception cref="TransferException">The method that the user named is not possible.</exception>
    public TransferRun(
        Descriptor source, Descriptor destination, TransferSpec spec, TransferMonitor monitor, TransferCounters counters)
    {
        _source = source;
        _destination = destination;
        _spec = spec;
        _counters = counters;
        _monitor = monitor;
        _at = new TransferCursor(spec.Offset, spec.DestinationOffset);
        bool mayHaveHoles = spec.Sparse != SparseMode.Never && DescriptorTraits.Of(destination).MayHaveHoles;
        bool findsHoles = mayHaveHoles && spec.Sparse == SparseMode.Always;
        bool keepsHoles = mayHaveHoles && spec.Length > 0 && source.ProbablyHasHoles;
        _holes = findsHoles || keepsHoles ? new HoleWriter(destination, spec.GrowsInOrder) : null;
        _driver = new StepDriver(source, destination, spec, monitor, counters, findsHoles ? _holes : null);
    }

    /// <summary>Moves the bytes.</summary>
    public void Run()
    {
        SigXfsz.Suppress();
        using var sourceMode = new NonBlockingScope(_source);
        using var destinationMode = new NonBlockingScope(_destination);
        try
        {
            TransferStatus end = Move();
            _spec.Append?.ThrowIfSplit(_source.Name);
            EndCheck.Check(end, _source, _destination, _spec, _counters);
            ChangeCheck.Check(_source, _destination, _spec, _counters, _extents);
            CheckWrittenBack();
            NoteDecisions(TransferTrace.Current);
        }
        catch (OperationCanceledException)
        {
            _driver.Deliver(ref _at);
            throw TransferFailures.With(TransferFailures.Stopped(_source.Name, _destination.Name, _counters.BytesCopied - _driver.BytesSkipped), Result());
        }
        catch (TransferException exception)
        {
            throw TransferFailures.With(exception, Result());
        }
    }

    /// <summary>The unsupported methods.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _driver.Chain.Attempts;

    /// <summary>True if the file system reported at close(2) that bytes were lost, and not which.</summary>
    public bool IsLost { get; private set; }

    public TransferResult Result() =>
        _counters.ToResult(_source.Name, _destination.Name, _spec, _driver.Chain.Attempts, _driver.BytesUndelivered);

    public void Dispose() => _driver.Dispose();

    private TransferStatus Move()
    {
        if (_spec.Length == 0)
        {
            return TransferStatus.Done;
        }

        if (_spec.Length is long length && _driver.Chain.Current.Kind == TransferMethod.Reflink && Reflink(length) is not TransferStatus.Unsupported and TransferStatus end)
        {
            return end;
        }

        return _holes is null ? _driver.Run(ref _at, _spec.Length) : MoveSparse(_holes);
    }

    /// <summary>Shares the whole blocks of the range, and moves the edges that do not fill one.</summary>
    private TransferStatus Reflink(long length)
    {
        ReflinkRange part = ReflinkRange.Align(_source, _destination, _at, length);
        if (part.Length > Tuning.LargestReflink && _spec.Method != TransferMethod.Reflink)
        {
            part = part.WithoutPartialBlock(_at, _destination);
        }

        bool all = part.Length == length;
        bool leavesGap = _spec.GrowsInOrder && part.Start > 0;
        if (part.Length == 0 || leavesGap || (!all && _spec.Method == TransferMethod.Reflink))
        {
            _driver.Chain.FallBack(Errno.None, ReflinkRange.NotAligned);
            return TransferStatus.Unsupported;
        }

        TransferCursor start = _at;
        TransferCursor middle = _at;
        middle.Advance(part.Start);
        TransferStatus end = _driver.Run(ref middle, part.Length);
        if (end == TransferStatus.Done && !all)
        {
            _driver.Chain.Skip();
            end = _driver.Run(ref start, part.Start);
            if (end == TransferStatus.Done)
            {
                end = _driver.Run(ref middle, length - part.Start - part.Length);
            }
        }

        if (end == TransferStatus.Done)
        {
            _at.Advance(length);
        }

        return end;
    }

    /// <summary>Copies a file with its holes, or with holes for its zeros.</summary>
    private TransferStatus MoveSparse(HoleWriter holes)
    {
        SysResult sized = _spec.Length is long length ? holes.GrowTo(_at.DestinationOffset!.Value + length) : default;
        TransferStatus end = TransferStatus.Done;
        try
        {
            if (sized.Ok)
            {
                end = _spec.Length is long all && _source.ProbablyHasHoles ? MoveExtents(holes, all) : _driver.Run(ref _at, _spec.Length);
            }
        }
        catch
        {
            holes.EndAt(_at.DestinationOffset!.Value);
            throw;
        }

        if (end != TransferStatus.Done)
        {
            sized = holes.EndAt(_at.DestinationOffset!.Value);
        }

        return sized.Ok ? end : throw DestinationFailed(sized.Errno);
    }

    private TransferStatus MoveExtents(HoleWriter holes, long length)
    {
        var extents = default(ExtentSum);
        long start = _at.SourceOffset!.Value;
        if (_monitor.Progress is not null && length > Tuning.CountHolesAbove)
        {
            _driver.HoleBytes = Extent.CountHoles(_source.Handle, start, length);
        }

        foreach (Extent extent in Extent.Walk(_source.Handle, start, length))
        {
            _monitor.Cancellation.ThrowIfCancellationRequested();
            extents.Add(extent);
            if (extent.IsHole && IsTruncated(extent, start + length))
            {
                return TransferStatus.EndOfData;
            }

            if (extent.IsHole && holes.TryMake(_at.DestinationOffset!.Value, extent.Length))
            {
                _at.Advance(extent.Length);
                _counters.BytesInHoles += extent.Length;
                _driver.BytesSkipped += extent.Length;
                _driver.Report();
                continue;
            }

            _driver.HoleBytes -= extent.IsHole ? extent.Length : 0;
            if (_driver.RunExtent(ref _at, extent.Length) is not TransferStatus.Done and TransferStatus end)
            {
                return end;
            }
        }

        _extents = extents.Value;
        return TransferStatus.Done;
    }

    /// <summary>SEEK_DATA returns the same for a hole at the end and for a file that was truncated.</summary>
    private bool IsTruncated(Extent hole, long end) => hole.Offset + hole.Length == end
        && FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok && now!.Size < end;

    /// <summary>Some file systems report a lost write only at close(2), when it would be too late to keep the old file.</summary>
    private void CheckWrittenBack()
    {
        if (!_spec.RequiresAll || _destination.Kind != DescriptorKind.Regular || (_spec.DestinationFileSystem ?? _destination.FileSystem).IsLocal())
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

    private void NoteDecisions(TransferTrace? trace)
    {
        if (trace is null)
        {
            return;
        }

        string names = $"{_source.Name} -> {_destination.Name}";
        string method = _counters.MainMethod is not TransferMethod main ? "no byte had to be moved"
            : $"{main} moved {ByteText.Exact(_counters.BytesBy(main))}; {(_spec.Method == TransferMethod.Auto ? "it is the first available method" : "it was specified")}";
        trace.Note($"{names}: {method}");
        if (_holes is not null)
        {
            string found = _spec.Sparse == SparseMode.Always ? "zeros that were read and holes of the source" : "holes of the source";
            trace.Note($"{names}: {ByteText.Exact(_counters.BytesInHoles)} in holes: {found}");
        }
    }

    private TransferException DestinationFailed(Errno errno) => TransferFailures.Step(
        TransferMethod.ReadWrite, errno, TransferSide.Destination, _source, _destination, _counters.BytesCopied);
}
