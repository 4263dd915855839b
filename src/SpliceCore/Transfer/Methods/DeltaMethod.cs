using System.Buffers;
using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>The old content of a destination, which has the source's bytes but for those that changed.</summary>
/// <param name="File">The old file, open for reading: the destination itself, or the file that it is a clone of.</param>
/// <param name="BlockSize">The bytes of a block: what differs in one is written with one call. Whole pages, at least one.</param>
/// <param name="IsSampled">True if content of which most differs is written without comparing all of it.</param>
internal sealed record OldContent(SafeHandle File, int BlockSize, bool IsSampled);

/// <summary>read(2) of the source and of the old content at the same offsets, and write(2) of what differs.</summary>
internal sealed class DeltaMethod(Descriptor source, Descriptor destination, OldContent old) : ITransferMethod
{
    // Blocks are written from their first page that differs to their last one.
    private const int PageSize = 4096;

    private readonly int _blockSize = Math.Max(PageSize, old.BlockSize - (old.BlockSize % PageSize));
    private readonly byte[] _new = ArrayPool<byte>.Shared.Rent(Tuning.BufferSize);
    private readonly byte[] _old = ArrayPool<byte>.Shared.Rent(Tuning.BufferSize);
    private int _start;
    private int _end;
    private int _oldEnd;
    private long _compared;
    private long _different;
    private long _uncompared;

    public TransferMethod Kind => TransferMethod.ReadWrite;

    public StepResult Step(TransferCursor at, long count)
    {
        long offset = at.DestinationOffset!.Value;
        if (_start == _end)
        {
            StepResult filled = Fill(at.SourceOffset, offset, (int)Math.Min(count, Tuning.BufferSize));
            if (_start == _end)
            {
                return filled;
            }
        }

        ReadOnlySpan<byte> bytes = _new.AsSpan(_start.._end);
        ReadOnlySpan<byte> there = _old.AsSpan(_start..Math.Max(_start, _oldEnd));
        int same = CountSame(bytes, there, offset);
        if (same > 0)
        {
            _start += same;
            return StepResult.Unchanged(same);
        }

        SysResult result = LibC.Write(destination.Handle, bytes[..CountDifferent(bytes, there, offset)], offset);
        int written = (int)Math.Max(result.Value, 0);
        _start += written;
        _different += written;
        return result.Ok ? StepResult.Moved(written) : StepResult.From(result, TransferSide.Destination, Kind);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_new);
        ArrayPool<byte>.Shared.Return(_old);
    }

    private StepResult Fill(long? sourceOffset, long offset, int count)
    {
        SysResult result = LibC.Read(source.Handle, _new.AsSpan(0, count), sourceOffset);
        _start = 0;
        _end = (int)Math.Max(result.Value, 0);
        _oldEnd = ShouldCompare(_end)
            ? (int)LibC.Read(old.File, _old.AsSpan(0, _end), offset).Value // what cannot be read is written
            : 0;
        return StepResult.From(result, TransferSide.Source, Kind);
    }

    /// <summary>Where most of a sample differed, comparing the next bytes would cost more than it saves.</summary>
    private bool ShouldCompare(int length)
    {
        if (_compared >= Tuning.DeltaSample)
        {
            _uncompared = old.IsSampled && _different > _compared / 2 ? Tuning.DeltaUncompared : 0;
            (_compared, _different) = (0, 0);
        }

        if (_uncompared > 0)
        {
            _uncompared -= length;
            _different = 0;
            return false;
        }

        _compared += length;
        return true;
    }

    /// <summary>Number of equal bytes, in whole pages unless all are equal.</summary>
    private static int CountSame(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> old, long offset)
    {
        int common = bytes.CommonPrefixLength(old);
        return common == bytes.Length ? common : (int)Math.Max(0, common - ((offset + common) % PageSize));
    }

    /// <summary>Number of bytes to the last page of the block that differs, or of the next block if its first page differs as
    /// well.</summary>
    private int CountDifferent(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> there, long offset)
    {
        int end = 0;
        int different = 0;
        do
        {
            int page = Math.Min(PageSize - (int)((offset + end) % PageSize), bytes.Length - end);
            bool isSame = end + page <= there.Length && bytes.Slice(end, page).SequenceEqual(there.Slice(end, page));
            end += page;
            different = isSame ? different : end;
        }
        while (end < bytes.Length && (different == end || (offset + end) % _blockSize != 0));

        return different;
    }
}
