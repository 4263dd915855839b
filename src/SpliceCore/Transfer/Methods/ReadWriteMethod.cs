using System.Buffers;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>read(2) and write(2) through one rented buffer. What has been read is written before more is read.</summary>
internal sealed class ReadWriteMethod : ITransferMethod
{
    /// <summary>Fits into a processor's own cache, and is many pages for file systems that take many at once, but not 512 KiB: a
    /// folio of that size comes from large blocks of free memory, which a virtual machine may have given back to its host
    /// (free page reporting). Then 1 GiB took twice copy_file_range(2)'s time, and with this size 0.83.</summary>
    public const int BufferSize = 448 * 1024;

    // After POLLOUT a pipe or terminal takes this much without waiting (PIPE_BUF).
    private const int AtomicWrite = 4096;

    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly KernelPipe? _leftover;
    private readonly int _writeLimit;
    private long _leftoverBytes;
    private int _start;
    private int _end;

    /// <param name="source">The source.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="leftover">A pipe with bytes that another method took from the source and could not deliver.</param>
    /// <param name="leftoverBytes">How many.</param>
    public ReadWriteMethod(Descriptor source, Descriptor destination, KernelPipe? leftover, long leftoverBytes)
    {
        _source = source;
        _destination = destination;
        _leftover = leftover;
        _leftoverBytes = leftoverBytes;
        _writeLimit = destination.CanBlock && !destination.IsNonBlocking ? AtomicWrite : BufferSize;
    }

    public TransferMethod Kind => TransferMethod.ReadWrite;

    public long BytesInHand => _end - _start + _leftoverBytes;

    public StepResult Step(TransferCursor at, long count)
    {
        if (_start == _end)
        {
            StepResult filled = Fill(at.SourceOffset, (int)Math.Min(count, BufferSize));
            if (_start == _end)
            {
                return filled;
            }
        }

        int length = Math.Min(_end - _start, _writeLimit);
        long? offset = _destination.IsAppending ? null : at.DestinationOffset;
        SysResult result = LibC.Write(_destination.Handle, _buffer.AsSpan(_start, length), offset);
        if (!result.Ok)
        {
            return StepResult.From(result.Errno, TransferSide.Destination, Kind);
        }

        _start += (int)result.Value;
        return StepResult.Moved(result.Value);
    }

    public void Dispose()
    {
        _leftover?.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private StepResult Fill(long? offset, int count)
    {
        SysResult result = _leftoverBytes > 0
            ? LibC.Read(_leftover!.ReadEnd, _buffer.AsSpan(0, (int)Math.Min(count, _leftoverBytes)), null)
            : LibC.Read(_source.Handle, _buffer.AsSpan(0, count), offset);
        _start = 0;
        _end = (int)Math.Max(result.Value, 0);
        _leftoverBytes = Math.Max(0, _leftoverBytes - _end);
        return result.Ok ? StepResult.EndOfData : StepResult.From(result.Errno, TransferSide.Source, Kind);
    }
}
