using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

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
