using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Shares blocks. A step clones a range that <see cref="ReflinkRange"/> has aligned.</summary>
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

    /// <summary>Unlike a range, a whole file can be cloned while it grows; what was appended is cut off. Of a file that was
    /// truncated, nothing is kept.</summary>
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

    /// <summary>For an empty file: a length of 0 means up to its end. What was appended meanwhile is cut off.</summary>
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

/// <summary>The part of a range that consists of whole blocks; other methods copy the edges.</summary>
/// <param name="Start">Number of bytes before the part.</param>
/// <param name="Length">Number of bytes of the part; 0 where no block can be shared.</param>
internal readonly record struct ReflinkRange(long Start, long Length)
{
    public const string NotAligned = "offset, destination offset and count do not line up with the file system's blocks";

    /// <summary>Aligns a range with the blocks of the file system. The last block of the source may be shared whole, if it becomes
    /// the last one of the destination.</summary>
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

    /// <summary>Aligns a range of a transfer, with the block size of the destination's file system.</summary>
    public static ReflinkRange Align(Descriptor source, Descriptor destination, TransferCursor at, long count)
    {
        if (at is { SourceOffset: 0, DestinationOffset: 0 } && count == source.Size && count >= destination.Size)
        {
            // A whole file is aligned with blocks of any size.
            return new ReflinkRange(0, count);
        }

        SysResult blockSize = LibC.FileSystemBlockSize(destination.Handle);
        return blockSize is { Ok: true, Value: > 0 }
            ? Align(at.SourceOffset!.Value, at.DestinationOffset!.Value, count, source.Size, destination.Size, blockSize.Value)
            : default;
    }
}
