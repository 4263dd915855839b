using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>The old file of a destination that is updated block by block: a new file begins as its clone, and an existing one is
/// written in place.</summary>
internal sealed class DeltaBase : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly FileStatus _status;
    private readonly DestinationEntry _place;
    private readonly bool _isCloned;

    private DeltaBase(SafeFileHandle file, FileStatus status, DestinationEntry place, bool isCloned, CopyRequest request)
    {
        (_file, _status, _place, _isCloned) = (file, status, place, isCloned);
        Content = new OldContent(file, request.BlockSize, IsSampled: request.Delta == DeltaMode.Auto);
    }

    public OldContent Content { get; }

    public long Size => _status.Size;

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
            return new DeltaBase(file, status!, place, isCloned, request);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Checks a clone whose old file has changed since. Blocks were found equal in the old file, whose pages may be in the
    /// cache, and the clone's never are.</summary>
    public void ThrowIfTorn(Descriptor source, SafeFileHandle clone, long count, CancellationToken cancellation)
    {
        // Unlike the modification time, that of the last status change cannot be set back. A removed link changes it as well.
        if (!_isCloned || (FileStatus.TryGet(_file, out FileStatus? now).Ok && now!.ChangeTime.CompareTo(_status.ChangeTime) == 0))
        {
            return;
        }

        using var comparison = new Comparison(source, clone, _place.Path, cancellation);
        if (comparison.Run(0, 0, count) < count)
        {
            throw new TransferException(TransferErrorId.DestinationChanged,
                $"Another process wrote to '{_place.Path}' while it was compared with its source. It was not replaced.",
                "Copy it again while no other process writes to it.",
                target: _place.Path);
        }
    }

    public void Dispose() => _file.Dispose();

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
