using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Comparing;

/// <summary>Compares the content of two open files or block devices: several ranges at once, without those that need not be
/// read.</summary>
internal sealed class ContentComparison(Descriptor reference, Descriptor difference, ComparisonRequest request, CancellationToken cancellation)
{
    private readonly object _lock = new();
    private SharedBlocks _shared = SharedBlocks.None;
    private bool _readsHoles;
    private bool _ignoresSizes;
    private long _end;
    private long _next;
    private long _firstDifference;
    private long _inProgress;
    private long _ticked = Stopwatch.GetTimestamp();
    private ExceptionDispatchInfo? _fault;

    public long BytesRead { get; private set; }

    public long BytesShared { get; private set; }

    public long BytesInHoles { get; private set; }

    /// <summary>The bytes that were compared so far, on all threads.</summary>
    public long BytesDone => BytesRead + BytesShared + BytesInHoles + _inProgress;

    /// <summary>The bytes to compare; null if the sizes are unknown.</summary>
    public long? TotalBytes => _ignoresSizes ? null : _end;

    /// <summary>Compares.</summary>
    /// <param name="threads">Number of ranges that are compared at once.</param>
    /// <param name="tick">Called a few times a second, on this thread; may be null.</param>
    /// <returns>Offset of the first byte that differs; null if there is none.</returns>
    /// <exception cref="TransferException">A file could not be read, or changed during the comparison.</exception>
    public long? Run(int threads, Action? tick = null)
    {
        _ignoresSizes = HasUnknownSize(reference) || HasUnknownSize(difference);
        long? first = _ignoresSizes ? CompareToEnd(tick) : CompareSizes(threads, tick);
        if (!_ignoresSizes)
        {
            ThrowIfChanged(reference);
            ThrowIfChanged(difference);
        }

        return first;
    }

    private long? CompareToEnd(Action? tick)
    {
        _end = _firstDifference = long.MaxValue;
        Compare(0, long.MaxValue, tick);
        long same = BytesRead;
        return HasByteAt(reference, same) || HasByteAt(difference, same) ? same : null;
    }

    private static bool HasByteAt(Descriptor file, long offset)
    {
        SysResult read = RangeCheck.ReadByteAt(file.Handle, offset);
        return read.Ok ? read.Value > 0 : throw TransferFailures.Step(TransferMethod.ReadWrite, read.Errno, TransferSide.Source, file.Name, file.Name, offset);
    }

    private long? CompareSizes(int threads, Action? tick)
    {
        _end = Math.Min(reference.Size, difference.Size);
        if (!request.ReadAll && reference.Status.Identity == difference.Status.Identity)
        {
            BytesShared = _end;
            return null;
        }

        _readsHoles = request.ReadAll || !HasKnownHoles(reference) || !HasKnownHoles(difference);
        _shared = request.ReadAll ? SharedBlocks.None : SharedBlocks.Find(reference, difference, _end, cancellation);
        CompareRanges(threads, tick);
        if (!_shared.IsEmpty && !_shared.IsSameAs(SharedBlocks.Find(reference, difference, _end, cancellation)))
        {
            TransferTrace.Current?.Note($"{reference.Name} and {difference.Name}: shared blocks were moved during the comparison, so all bytes are read");
            _shared = SharedBlocks.None;
            CompareRanges(threads, tick);
        }

        return _firstDifference < _end || reference.Size != difference.Size ? _firstDifference : null;
    }

    private void CompareRanges(int threads, Action? tick)
    {
        (_next, _firstDifference, BytesRead, BytesShared, BytesInHoles) = (0, _end, 0, 0, 0);
        if (_end > Tuning.ReadAheadAbove)
        {
            LibC.AdviseSequential(reference.Handle);
            LibC.AdviseSequential(difference.Handle);
        }

        int count = (int)Math.Min(threads, (_end + Tuning.ComparedRange - 1) / Tuning.ComparedRange);
        if (count <= 1)
        {
            Work(tick);
        }
        else
        {
            RunThreads(count, tick);
        }

        _fault?.Throw();
    }

    private void RunThreads(int count, Action? tick)
    {
        List<Thread> workers = [];
        try
        {
            while (workers.Count < count && WorkerThread.TryStart(() => Work(tick: null)) is { } worker)
            {
                workers.Add(worker);
            }

            if (workers.Count == 0)
            {
                Work(tick);
            }

            foreach (Thread worker in workers)
            {
                while (!worker.Join(Tuning.ReportInterval))
                {
                    tick?.Invoke();
                }
            }
        }
        finally
        {
            // Also where the tick throws: the caller closes the files.
            Stop();
            workers.ForEach(worker => worker.Join());
        }
    }

    private void Stop()
    {
        lock (_lock)
        {
            _next = _end;
        }
    }

    /// <summary>Compares ranges until none is left. The first error or cancellation stops all threads.</summary>
    /// <param name="tick">Called a few times a second; null on the other threads.</param>
    private void Work(Action? tick)
    {
        try
        {
            while (TryTake(out long offset, out long count))
            {
                Compare(offset, count, tick);
            }
        }
        catch (Exception exception)
        {
            _fault = ExceptionDispatchInfo.Capture(exception);
            Stop();
        }
    }

    /// <summary>Takes the next range to read, and skips what need not be read before it.</summary>
    private bool TryTake(out long offset, out long count)
    {
        lock (_lock)
        {
            while (_next < Math.Min(_end, _firstDifference))
            {
                cancellation.ThrowIfCancellationRequested();
                offset = _next;
                long shared = _shared.LengthAt(offset, out long next);
                long hole = shared > 0 || _readsHoles ? 0
                    : Math.Min(Comparison.HoleAt(reference.Handle, offset), Comparison.HoleAt(difference.Handle, offset));
                count = Math.Min(_end - offset, shared > 0 ? shared : hole > 0 ? hole : Math.Min(DataAt(offset), next - offset));
                _next += count;
                if (shared == 0 && hole == 0)
                {
                    return true;
                }

                BytesShared += shared > 0 ? count : 0;
                BytesInHoles += shared > 0 ? 0 : count;
            }
        }

        (offset, count) = (0, 0);
        return false;
    }

    /// <summary>Number of bytes to read up to the next hole in both, or the most that are read at a time.</summary>
    private long DataAt(long offset)
    {
        long data = _readsHoles ? 0 : Math.Max(Comparison.DataAt(reference.Handle, offset), Comparison.DataAt(difference.Handle, offset));
        return data > 0 ? Math.Min(data, Tuning.ComparedRange) : Tuning.ComparedRange;
    }

    private void Compare(long offset, long count, Action? tick)
    {
        using var comparison = new Comparison(reference, (SafeFileHandle)difference.Handle, difference.Name, cancellation)
        {
            IsOtherFile = true,
            IgnoresSizes = _ignoresSizes,
            ReadsHoles = _readsHoles,
            ReadSize = (int)Math.Clamp(
                Math.Min(count, request.RateLimit?.StepLimit ?? long.MaxValue), Environment.SystemPageSize, Tuning.ComparedRead),
            RateLimit = request.RateLimit,
            Compared = tick is null ? null : same => Report(same, tick),
        };
        long same = comparison.Run(offset, offset, count);
        lock (_lock)
        {
            _inProgress = 0;
            BytesInHoles += comparison.BytesInHoles;
            BytesRead += same - comparison.BytesInHoles;
            if (same < count)
            {
                _firstDifference = Math.Min(_firstDifference, offset + same);
            }
        }
    }

    /// <summary>Reports a range that is compared on this thread, while no other compares.</summary>
    private void Report(long same, Action tick)
    {
        _inProgress = same;
        if (Stopwatch.GetElapsedTime(_ticked) >= Tuning.ReportInterval)
        {
            tick();
            _ticked = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>True for file systems whose holes are known to be right, also of files that are being written (openzfs/zfs#15526).</summary>
    private static bool HasKnownHoles(Descriptor file) =>
        file.Kind == DescriptorKind.Regular && file.Size > 0 && FileSystemTypes.Of(file.Handle) != FileSystemType.Other;

    /// <summary>True for generated files (procfs), and those of FUSE that have more bytes than their size.</summary>
    private static bool HasUnknownSize(Descriptor file) => SourceSnapshot.IsNeeded(file)
        || (file.Kind == DescriptorKind.Regular && FileSystemTypes.Of(file.Handle) == FileSystemType.Other && EndCheck.IsLongerThanItsSize(file));

    private static void ThrowIfChanged(Descriptor file)
    {
        FileStatus before = file.Status;
        if (file.Kind == DescriptorKind.Regular && FileStatus.TryGet(file.Handle, out FileStatus? now).Ok
            && !(now!.HasSameSizeAndMTime(before) && now.ChangeTime.CompareTo(before.ChangeTime) == 0))
        {
            throw ComparisonErrors.Changed(file.Name);
        }
    }
}
