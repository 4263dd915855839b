using System.Buffers;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>read(2) and write(2), where the destination's blocks that would be zeros throughout become holes. A block is
/// judged when all of it has been read.</summary>
internal sealed class HoleFindingMethod : ITransferMethod
{
    private const int BufferSize = ReadWriteMethod.BufferSize;
    private const int SmallestBlock = 4096;

    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly HoleWriter _holes;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly int _blockSize;
    private int _start;
    private int _end;
    private int _ready;
    private bool _ended;

    public HoleFindingMethod(Descriptor source, Descriptor destination, HoleWriter holes)
    {
        _source = source;
        _destination = destination;
        _holes = holes;
        SysResult blockSize = LibC.FileSystemBlockSize(destination.Handle);
        _blockSize = (int)Math.Clamp(blockSize.Value, SmallestBlock, BufferSize);
    }

    public TransferMethod Kind => TransferMethod.ReadWrite;

    public long SmallestStep => _blockSize;

    /// <summary>What can be written. A block that has only begun does not count: more of it must be read first.</summary>
    public long BytesInHand => _ready;

    public StepResult Step(TransferCursor at, long count)
    {
        long offset = at.DestinationOffset!.Value;
        if (_ready == 0)
        {
            StepResult filled = Fill(at.SourceOffset, offset, count);
            if (_ready == 0)
            {
                return filled;
            }
        }

        int length = FirstRun(offset, out bool isZero);
        if (isZero && _holes.TryMake(offset, length))
        {
            Remove(length);
            return StepResult.BecameHole(length);
        }

        SysResult result = LibC.Write(_destination.Handle, _buffer.AsSpan(_start, length), offset);
        if (!result.Ok)
        {
            return StepResult.From(result.Errno, TransferSide.Destination, Kind);
        }

        Remove((int)result.Value);
        return StepResult.Moved(result.Value);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    /// <summary>Reads on after the block that has begun. At the end, and at the count, what there is of it will do.</summary>
    private StepResult Fill(long? sourceOffset, long offset, long count)
    {
        int begun = _end - _start;
        _buffer.AsSpan(_start, begun).CopyTo(_buffer);
        (_start, _end) = (0, begun);
        int wanted = (int)Math.Min(count, BufferSize) - begun;
        if (wanted > 0 && !_ended)
        {
            SysResult result = LibC.Read(_source.Handle, _buffer.AsSpan(begun, wanted), sourceOffset + begun);
            if (!result.Ok)
            {
                return StepResult.From(result.Errno, TransferSide.Source, Kind);
            }

            _ended = result.Value == 0;
            _end += (int)result.Value;
        }

        long lastEdge = (offset + _end) / _blockSize * _blockSize;
        _ready = _ended || wanted <= 0 ? _end : (int)Math.Max(0, lastEdge - offset);
        return _end == 0 ? StepResult.EndOfData : StepResult.Moved(0);
    }

    /// <summary>The bytes up to where blocks of zeros change to blocks of data, or the other way round.</summary>
    private int FirstRun(long offset, out bool isZero)
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _ready);
        int length = (int)Math.Min(_blockSize - (offset % _blockSize), bytes.Length);
        isZero = IsZero(bytes[..length]);
        while (length < bytes.Length)
        {
            int block = Math.Min(_blockSize, bytes.Length - length);
            if (IsZero(bytes.Slice(length, block)) != isZero)
            {
                break;
            }

            length += block;
        }

        return length;
    }

    private void Remove(int length)
    {
        _start += length;
        _ready -= length;
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);
}
