using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Shares blocks. A step clones a range that <see cref="ReflinkRange"/> has lined up.</summary>
internal sealed class ReflinkMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.Reflink;

    public long StepLimit(long timed) => Tuning.LargestReflink;

    public StepResult Step(TransferCursor at, long count)
    {
        bool isWhole = source.Size == 0 || (count == source.Size && at is { SourceOffset: 0, DestinationOffset: 0 });
        if (isWhole && destination.Size == 0)
        {
            return CloneWhole(source.Size);
        }

        if (source.Size == 0)
        {
            return CloneNothing(at.DestinationOffset.GetValueOrDefault());
        }

        SysResult result = LibC.CloneFileRange(
            source.Handle, at.SourceOffset.GetValueOrDefault(), count,
            destination.Handle, at.DestinationOffset.GetValueOrDefault());
        return result.Ok
            ? StepResult.Moved(count)
            : StepResult.From(result.Errno, TransferSide.Unknown, Kind);
    }

    /// <summary>Unlike a range, the whole file can be cloned also while it grows; what came later is cut off again. One
    /// that was cut short meanwhile has come to its end: nothing of it is kept.</summary>
    private StepResult CloneWhole(long count)
    {
        SysResult result = LibC.CloneFile(source.Handle, destination.Handle);
        FileStatus? cloned = null;
        if (result.Ok)
        {
            result = FileStatus.TryGet(destination.Handle, out cloned);
        }

        bool isShorter = cloned?.Size < count;
        if (result.Ok && cloned!.Size != count)
        {
            result = LibC.Truncate(destination.Handle, isShorter ? 0 : count);
        }

        return result switch
        {
            { Ok: false } => StepResult.From(result.Errno, TransferSide.Unknown, Kind),
            _ when isShorter || count == 0 => StepResult.EndOfData,
            _ => StepResult.Moved(count),
        };
    }

    /// <summary>An empty file has no range to name, but a length of 0 means up to its end. What came meanwhile is cut off
    /// again.</summary>
    private StepResult CloneNothing(long offset)
    {
        SysResult result = LibC.CloneFileRange(source.Handle, 0, 0, destination.Handle, offset);
        if (result.Ok && FileStatus.TryGet(destination.Handle, out FileStatus? cloned).Ok && cloned!.Size > destination.Size)
        {
            result = LibC.Truncate(destination.Handle, destination.Size);
        }

        return result.Ok ? StepResult.EndOfData : StepResult.From(result.Errno, TransferSide.Unknown, Kind);
    }
}

/// <summary>The part of a range that whole blocks can be shared for: the edges that do not fill a block are left to
/// other methods.</summary>
/// <param name="Start">Bytes from the range's start to the part.</param>
/// <param name="Length">The part's length in bytes; 0 where no block can be shared.</param>
internal readonly record struct ReflinkRange(long Start, long Length)
{
    /// <summary>Why no block of a range can be shared.</summary>
    public const string NotAligned = "offset, destination offset and count do not line up with the file system's blocks";

    /// <summary>Lines a range up with the file system's blocks.</summary>
    /// <param name="sourceOffset">The range's start in the source.</param>
    /// <param name="destinationOffset">The range's start in the destination.</param>
    /// <param name="count">The range's length.</param>
    /// <param name="sourceSize">The source's size: a last block that it ends in may be shared whole.</param>
    /// <param name="destinationSize">The destination's size: a part block may only go where it becomes the last.</param>
    /// <param name="blockSize">The file system's block size.</param>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/ioctl_ficlonerange.2.html">ioctl_ficlonerange(2)</see></remarks>
    public static ReflinkRange Align(
        long sourceOffset, long destinationOffset, long count, long sourceSize, long destinationSize, long blockSize)
    {
        if ((sourceOffset - destinationOffset) % blockSize != 0)
        {
            return default;
        }

        long start = (blockSize - (sourceOffset % blockSize)) % blockSize;
        bool endsBoth = sourceOffset + count == sourceSize && destinationOffset + count >= destinationSize;
        long end = endsBoth ? count : count - ((sourceOffset + count) % blockSize);
        return end > start ? new ReflinkRange(start, end - start) : default;
    }

    /// <summary>Lines a transfer's range up, with the block size of the destination's file system.</summary>
    public static ReflinkRange Align(Descriptor source, Descriptor destination, TransferCursor at, long count)
    {
        if (at is { SourceOffset: 0, DestinationOffset: 0 } && count == source.Size && count >= destination.Size)
        {
            // A whole file lines up with blocks of any size.
            return new ReflinkRange(0, count);
        }

        SysResult blockSize = LibC.FileSystemBlockSize(destination.Handle);
        return blockSize is { Ok: true, Value: > 0 }
            ? Align(at.SourceOffset!.Value, at.DestinationOffset!.Value, count, source.Size, destination.Size, blockSize.Value)
            : default;
    }
}
