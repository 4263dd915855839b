using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>The old file of a destination that is updated block by block: a new file begins as its clone, and an existing one is
/// written in place. A file from a host begins as its copy where it cannot be cloned.</summary>
internal sealed class DeltaBase : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly FileStatus _status;
    private readonly DestinationEntry _place;
    private bool _isCloned;

    private DeltaBase(SafeFileHandle file, FileStatus status, DestinationEntry place, bool isCloned, int blockSize, DeltaMode delta)
    {
        (_file, _status, _place, _isCloned) = (file, status, place, isCloned);
        Content = new OldContent(file, blockSize, IsSampled: delta == DeltaMode.Auto);
    }

    public OldContent Content { get; }

    public long Size => _status.Size;

    /// <summary>True if it has changed since it was cloned.</summary>
    // Unlike the modification time, that of the last status change cannot be set back. A removed link changes it as well.
    public bool HasChanged => _isCloned && !(FileStatus.TryGet(_file, out FileStatus? now).Ok && now!.ChangeTime.CompareTo(_status.ChangeTime) == 0);

    /// <summary>Opens the old file of a destination.</summary>
    /// <returns>Null if there is none, or it cannot be read.</returns>
    public static DeltaBase? TryOpen(DestinationEntry place, DeltaMode delta, int blockSize, CancellationToken cancellation)
    {
        if (place.Existing is not { Kind: DescriptorKind.Regular } || TryOpen(place, cancellation) is not SafeFileHandle file)
        {
            return null;
        }

        if (FileStatus.TryGet(file, out FileStatus? status).Ok)
        {
            return new DeltaBase(file, status!, place, isCloned: false, blockSize, delta);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Clones the old file into the new one, unless the file is written in place.</summary>
    /// <returns>Null if the file has to be written whole.</returns>
    public static DeltaBase? TryOpen(
        CopyRequest request, Descriptor source, TransferSpec spec, DestinationEntry place, ITargetFile target, CancellationToken cancellation)
    {
        bool isWanted = request is { Delta: not DeltaMode.Never, IsWhole: true, IsExact: true, Sparse: SparseMode.Auto }
            && spec is { Method: TransferMethod.Auto, Flags: SpliceFlags.None } && source is { IsSeekable: true, Size: >= Tuning.DeltaAbove }
            && place.Existing is { Kind: DescriptorKind.Regular, Size: >= Tuning.DeltaAbove };
        bool isCloned = isWanted && target is StagedFile && request.Reflink == ReflinkMode.Auto
            && (spec.DestinationFileSystem ?? FileSystemTypes.Of(target.Handle)).HasReflinks();
        if (isWanted && !isCloned && target is StagedFile && request.Reflink == ReflinkMode.Auto)
        {
            return NotCloned(place);
        }

        if (!isWanted || !(isCloned || target is ExistingFile)
            || (request.Delta == DeltaMode.Auto && CanReflink(source, spec, target.Handle))
            || TryOpen(place, cancellation) is not SafeFileHandle file)
        {
            return null;
        }

        if (FileStatus.TryGet(file, out FileStatus? status).Ok && (!isCloned || TryClone(file, status!, target.Handle, place, cancellation)))
        {
            LibC.AdviseSequential(file);
            TransferTrace.Current?.Note($"{place.Path}: only changed blocks are written{(isCloned ? ", to a reflink of the old file" : string.Empty)}");
            return new DeltaBase(file, status!, place, isCloned, request.BlockSize, request.Delta);
        }

        file.Dispose();
        return isCloned ? NotCloned(place) : null;
    }

    /// <summary>Checks a clone whose old file has changed since. Blocks were found equal in the old file, whose pages may be in the
    /// cache, and the clone's never are.</summary>
    public void ThrowIfTorn(Descriptor source, SafeFileHandle clone, long count, CancellationToken cancellation)
    {
        if (!HasChanged)
        {
            return;
        }

        using var comparison = new Comparison(source, clone, _place.Path, cancellation);
        if (comparison.Run(0, 0, count) < count)
        {
            throw Changed(_place.Path);
        }
    }

    /// <summary>Clones or copies the old file into a new one.</summary>
    /// <returns>The file to compare: the old one, whose pages may be in the cache, or its copy, to which no other process writes.</returns>
    public SafeFileHandle CopyTo(SafeFileHandle target, CancellationToken cancellation)
    {
        _isCloned = FileSystemTypes.Of(target).HasReflinks() && TryClone(_file, _status, target, _place, cancellation);
        if (!_isCloned)
        {
            var spec = new TransferSpec { Offset = 0, DestinationOffset = 0, Length = Size, RequiresAll = true, AllowsChanging = true };
            using var run = new TransferRun(
                Descriptor.Describe(_file, _place.Label), Descriptor.OfNewFile(target, _place.Label), spec, new TransferMonitor(Cancellation: cancellation), new TransferCounters());
            run.Run();
        }

        return _isCloned ? _file : target;
    }

    /// <summary>The error for a file that was changed during its comparison.</summary>
    public static TransferException Changed(string path) => new(TransferErrorId.DestinationChanged,
        $"Another process wrote to '{path}' while it was compared with its source. It was not replaced.",
        "Copy it again while no other process writes to it.",
        target: path);

    public void Dispose() => _file.Dispose();

    private static DeltaBase? NotCloned(DestinationEntry place)
    {
        TransferTrace.Current?.Note($"{place.Path}: written whole, because the file system has no reflinks; -InPlace writes only changed blocks");
        return null;
    }

    private static SafeFileHandle? TryOpen(DestinationEntry place, CancellationToken cancellation)
    {
        try
        {
            return ExistingFile.Open(place, LibC.O_RDONLY, cancellation).Handle;
        }
        catch (TransferException)
        {
            return null; // not readable: it may be replaced nevertheless
        }
    }

    /// <summary>True if the source's first block can be shared. Then all of it is, which is not slower than a delta and takes no
    /// more space.</summary>
    private static bool CanReflink(Descriptor source, TransferSpec spec, SafeFileHandle target) =>
        !spec.SkipsReflink && spec.Reflink == ReflinkMode.Auto
        && LibC.FileSystemBlockSize(target) is { Ok: true } block && LibC.CloneFileRange(source.Handle, 0, block.Value, target, 0).Ok;

    private static bool TryClone(SafeFileHandle old, FileStatus status, SafeFileHandle target, DestinationEntry place, CancellationToken cancellation)
    {
        // Two changes within a tick of the kernel's clock have the same time.
        TimeSpan age = DateTime.UtcNow - status.ChangeTime.ToDateTime();
        if (age < TimeSpan.Zero)
        {
            return false; // the clock was set back
        }

        Pause.Wait(Tuning.ClockTick - age, TimeProvider.System, cancellation);
        SysResult cloned = LibC.CloneFile(old, target);
        if (cloned.Errno == Errno.EINVAL && LibC.CopyNoCow(old, target).Ok)
        {
            cloned = LibC.CloneFile(old, target);
        }

        // A clone that failed half way may have left blocks.
        return cloned.Ok || (LibC.Truncate(target, 0) is { Ok: false } cut ? throw FileFailures.OpenDestination(place.Path, cut.Errno) : false);
    }
}
