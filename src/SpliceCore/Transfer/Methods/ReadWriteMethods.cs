using System.Buffers;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>read(2) and write(2) through one rented buffer, which is written before more is read.</summary>
internal sealed class ReadWriteMethod : ITransferMethod
{
    private const int PIPE_BUF = 4096; // after POLLOUT, so much is written without waiting

    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Tuning.BufferSize);
    private readonly SplicePipe? _leftover;
    private readonly int _writeLimit;
    private int _start;
    private int _end;

    /// <param name="leftover">A pipe with bytes that another method took from the source and could not write.</param>
    public ReadWriteMethod(Descriptor source, Descriptor destination, SplicePipe? leftover)
    {
        _source = source;
        _destination = destination;
        _leftover = leftover;
        _writeLimit = destination.CanBlock && !destination.IsNonBlocking ? PIPE_BUF : Tuning.BufferSize;
    }

    public TransferMethod Kind => TransferMethod.ReadWrite;

    public long BytesInHand => _end - _start + (_leftover?.BytesHeld ?? 0);

    public StepResult Step(TransferCursor at, long count)
    {
        if (_start == _end)
        {
            StepResult filled = Fill(at.SourceOffset, (int)Math.Min(count, Tuning.BufferSize));
            if (_start == _end)
            {
                return filled;
            }
        }

        int length = Math.Min(_end - _start, _writeLimit);
        long? offset = _destination.IsAppending ? null : at.DestinationOffset;
        SysResult result = LibC.Write(_destination.Handle, _buffer.AsSpan(_start, length), offset);
        _start += (int)Math.Max(result.Value, 0);
        return result.Ok ? StepResult.Moved(result.Value) : StepResult.From(result, TransferSide.Destination, Kind);
    }

    public void Dispose()
    {
        _leftover?.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private StepResult Fill(long? offset, int count)
    {
        Span<byte> room = _buffer.AsSpan(0, count);
        SysResult result = _leftover?.BytesHeld > 0 ? _leftover.Read(room) : LibC.Read(_source.Handle, room, offset);
        _start = 0;
        _end = (int)Math.Max(result.Value, 0);
        return StepResult.From(result, TransferSide.Source, Kind);
    }
}

/// <summary>read(2) and write(2), where blocks of zeros become holes.</summary>
internal sealed class HoleFindingMethod : ITransferMethod
{
    private const int SmallestBlock = 4096;

    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly HoleWriter _holes;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Tuning.BufferSize);
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
        _blockSize = (int)Math.Clamp(blockSize.Value, SmallestBlock, Tuning.BufferSize);
    }

    public TransferMethod Kind => TransferMethod.ReadWrite;

    public long SmallestStep => _blockSize;

    /// <summary>Whole blocks only: more of an incomplete block must be read first.</summary>
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
        Remove((int)Math.Max(result.Value, 0));
        return result.Ok ? StepResult.Moved(result.Value) : StepResult.From(result, TransferSide.Destination, Kind);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    /// <summary>Reads on after an incomplete block, which is written as it is at the end and at the count.</summary>
    private StepResult Fill(long? sourceOffset, long offset, long count)
    {
        int begun = _end - _start;
        _buffer.AsSpan(_start, begun).CopyTo(_buffer);
        (_start, _end) = (0, begun);
        int wanted = (int)Math.Min(count, Tuning.BufferSize) - begun;
        if (wanted > 0 && !_ended)
        {
            SysResult result = LibC.Read(_source.Handle, _buffer.AsSpan(begun, wanted), sourceOffset + begun);
            if (!result.Ok)
            {
                return StepResult.From(result, TransferSide.Source, Kind);
            }

            _ended = result.Value == 0;
            _end += (int)result.Value;
        }

        long lastEdge = (offset + _end) / _blockSize * _blockSize;
        _ready = _ended || wanted <= 0 ? _end : (int)Math.Max(0, lastEdge - offset);
        return _end == 0 ? StepResult.EndOfData : StepResult.Moved(0);
    }

    /// <summary>Returns the number of bytes up to where blocks of zeros change to blocks of data, or the reverse.</summary>
    private int FirstRun(long offset, out bool isZero)
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _ready);
        int length = (int)Math.Min(_blockSize - (offset % _blockSize), bytes.Length);
        isZero = !bytes[..length].ContainsAnyExcept((byte)0);
        while (length < bytes.Length)
        {
            int block = Math.Min(_blockSize, bytes.Length - length);
            if (bytes.Slice(length, block).ContainsAnyExcept((byte)0) == isZero)
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
}
