using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>copy_file_range(2), at explicit offsets in source and destination.</summary>
internal sealed class CopyFileRangeMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.CopyFileRange;

    public StepResult Step(TransferCursor at, long count)
    {
        SysResult result = LibC.CopyFileRange(
            source.Handle, at.SourceOffset.GetValueOrDefault(),
            destination.Handle, at.DestinationOffset.GetValueOrDefault(), count);
        return StepResult.From(result, TransferSide.Unknown, Kind);
    }
}

/// <summary>sendfile(2). It writes at the destination's file offset, which is set at every step: another process, or the source,
/// may share the open file description and move it.</summary>
internal sealed class SendFileMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.SendFile;

    public StepResult Step(TransferCursor at, long count)
    {
        if (at.DestinationOffset is long offset && LibC.Seek(destination.Handle, offset, SeekOrigin.Begin) is { Ok: false } seek)
        {
            return StepResult.From(seek, TransferSide.Destination, Kind);
        }

        SysResult result = LibC.SendFile(destination.Handle, source.Handle, at.SourceOffset.GetValueOrDefault(), count);
        return StepResult.From(result, TransferSide.Unknown, Kind);
    }
}

/// <summary>splice(2), if the source or the destination is a pipe.</summary>
internal sealed class DirectSpliceMethod(Descriptor source, Descriptor destination, SpliceFlags flags) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.Splice;

    public bool NeverWaitsOn(TransferSide side) =>
        (side == TransferSide.Source ? source : destination).Kind == DescriptorKind.Fifo;

    public StepResult Step(TransferCursor at, long count)
    {
        SysResult result = LibC.Splice(
            source.Handle, at.SourceOffset, destination.Handle, at.DestinationOffset, count, flags | SpliceFlags.NonBlock);

        // Only a socket's connection can be reset, and if the source is a socket, the destination is a pipe.
        bool isSource = result.Errno == Errno.ECONNRESET && source.Kind == DescriptorKind.Socket;
        return StepResult.From(result, isSource ? TransferSide.Source : TransferSide.Unknown, Kind);
    }
}

/// <summary>splice(2) through a pipe of our own: where neither side is a pipe, and from a file into a large one. The pipe is
/// drained before it is filled.</summary>
/// <param name="pipeSize">Capacity of the pipe in bytes; null for the fastest.</param>
/// <param name="smallest">A pipe of fewer bytes is unsupported: another method takes less time.</param>
internal sealed class PipedSpliceMethod(
    Descriptor source, Descriptor destination, SpliceFlags flags, int? pipeSize, int smallest)
    : ITransferMethod
{
    // A file gets what is in the pipe as one write.
    private readonly int _chunk = pipeSize is null && destination.Kind == DescriptorKind.Regular ? Tuning.BufferSize : int.MaxValue;
    private readonly SpliceFlags _drainFlags = destination.Kind == DescriptorKind.Fifo ? flags | SpliceFlags.NonBlock : flags;
    private SplicePipe? _pipe;

    public TransferMethod Kind => TransferMethod.Splice;

    public long BytesInHand => _pipe?.BytesHeld ?? 0;

    /// <summary>False while EPERM is about the pipe, not about splice(2).</summary>
    public bool HasPipe => _pipe is not null;

    public bool NeverWaitsOn(TransferSide side) =>
        side == TransferSide.Destination && destination.Kind == DescriptorKind.Fifo;

    public StepResult Step(TransferCursor at, long count)
    {
        if (_pipe is null && Open(at.DestinationOffset) is { Kind: not StepKind.Moved } failed)
        {
            return failed;
        }

        SplicePipe pipe = _pipe!;
        if (pipe.BytesHeld == 0)
        {
            SysResult filled = pipe.Fill(source.Handle, at.SourceOffset, Math.Min(count, Math.Min(pipe.Capacity, _chunk)), flags);
            if (pipe.BytesHeld == 0)
            {
                return StepResult.From(filled, TransferSide.Source, Kind);
            }
        }

        SysResult drained = pipe.Drain(destination.Handle, at.DestinationOffset, _drainFlags);

        // 0 although the pipe has bytes: their pages were truncated. Another call would return the same.
        return drained is { Ok: true, Value: 0 }
            ? StepResult.From(Errno.EIO, TransferSide.Destination, Kind)
            : StepResult.From(drained, TransferSide.Destination, Kind);
    }

    /// <summary>Hands the pipe, with the bytes that it holds, to the next method.</summary>
    public SplicePipe? TakePipe()
    {
        SplicePipe? pipe = _pipe;
        _pipe = null;
        return pipe;
    }

    public void Dispose() => _pipe?.Dispose();

    private StepResult Open(long? destinationOffset)
    {
        Errno errno = SplicePipe.TryCreate(pipeSize ?? Math.Min(_chunk, Tuning.PipeSize), LibC.O_NONBLOCK, out _pipe);
        if (_pipe?.Capacity < smallest)
        {
            // As pipe(2) where the user's pipes hold too much for another one.
            _pipe.Dispose();
            (_pipe, errno) = (null, Errno.ENFILE);
        }

        if (_pipe is null)
        {
            return StepResult.From(errno, TransferSide.Unknown, Kind);
        }

        TransferTrace.Current?.Note($"{source.Name} -> {destination.Name}: through a pipe of {ByteText.Of(_pipe.Capacity)}");
        if (source.IsSeekable)
        {
            return StepResult.Moved(0);
        }

        // Try the destination with the empty pipe before the source gives bytes that cannot be read again. EAGAIN: it is supported.
        SysResult probe = LibC.Splice(_pipe.ReadEnd, null, destination.Handle, destinationOffset, 1, flags | SpliceFlags.NonBlock);
        var probed = StepResult.From(probe, TransferSide.Destination, Kind);
        return probed.Kind == StepKind.NotSupported ? probed : StepResult.Moved(0);
    }
}

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

    /// <summary>Unlike a range, a whole file can be cloned while it grows; what was appended is truncated. Of a file that was
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

    /// <summary>For an empty file: a length of 0 means up to its end. Bytes appended since are truncated.</summary>
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
    public const string NotAligned = "offset, destination offset and count are not aligned to the blocks of the file system";

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

    /// <summary>Leaves out a last block that is not full. If the file grows before a later step, other blocks follow it, and it cannot be
    /// shared.</summary>
    public ReflinkRange WithoutPartialBlock(TransferCursor at, Descriptor destination)
    {
        SysResult blockSize = LibC.FileSystemBlockSize(destination.Handle);
        long end = at.SourceOffset!.Value + Start + Length;
        return blockSize is { Ok: true, Value: > 0 } ? this with { Length = Length - (end % blockSize.Value) } : this;
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
