using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>read(2), and write(2) at the end of a file that other processes may append to as well (O_APPEND). As much as fits is
/// read and written by one call, whose bytes the kernel keeps together.</summary>
/// <param name="destination">The destination, opened with O_APPEND.</param>
/// <param name="position">Tracks the bytes in it.</param>
/// <param name="length">Number of bytes to copy; null for unknown.</param>
internal sealed class AppendMethod(
    Descriptor source, Descriptor destination, AppendPosition position, long? length, SparseMode sparse) : ITransferMethod
{
    private const int Block = 4096;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(length ?? Tuning.AppendedAtOnce, Tuning.AppendedAtOnce));
    private int _start;
    private int _end;
    private bool _isRead;

    public TransferMethod Kind => TransferMethod.ReadWrite;

    public long BytesInHand => _isRead ? _end - _start : 0;

    public long StepLimit(long timed) => Tuning.AppendedAtOnce;

    public StepResult Step(TransferCursor at, long count)
    {
        if (!_isRead)
        {
            StepResult read = Read(at.SourceOffset, (int)Math.Min(count, _buffer.Length));
            if (!_isRead || _end == 0)
            {
                return read;
            }
        }

        position.ThrowIfMoved(source.Name);
        SysResult result = LibC.Write(destination.Handle, _buffer.AsSpan(_start, _end - _start), offset: null);
        if (!result.Ok)
        {
            return StepResult.From(result, TransferSide.Destination, Kind);
        }

        int written = (int)result.Value;
        position.Wrote(written);
        if (sparse != SparseMode.Never && position.IsContiguous)
        {
            PunchHoles(_buffer.AsSpan(_start, written), at.SourceOffset, position.End - written);
        }

        _start += written;
        if (_start == _end)
        {
            (_start, _end, _isRead) = (0, 0, false);
        }

        return StepResult.Moved(written);
    }

    /// <summary>Reads until there is as much as one call writes; from a source that blocks, what there is.</summary>
    private StepResult Read(long? offset, int wanted)
    {
        Span<byte> room = _buffer.AsSpan(_end, Math.Min(wanted - _end, Tuning.LargestRead));
        SysResult result = LibC.Read(source.Handle, room, offset + _end);
        if (!result.Ok)
        {
            return StepResult.From(result, TransferSide.Source, Kind);
        }

        _end += (int)result.Value;
        _isRead = result.Value == 0 || _end >= wanted || source.CanBlock;
        return _end == 0 ? StepResult.EndOfData : StepResult.Moved(0);
    }

    /// <summary>Punches holes where the written bytes are zeros.</summary>
    private void PunchHoles(ReadOnlySpan<byte> bytes, long? sourceOffset, long destinationOffset)
    {
        if (sparse == SparseMode.Auto)
        {
            foreach (Extent extent in sourceOffset is long from && source.ProbablyHasHoles ? Extent.Walk(source.Handle, from, bytes.Length) : [])
            {
                // A hole of the source may have become data since it was read.
                int start = (int)(extent.Offset - sourceOffset!.Value);
                if (extent.IsHole && !bytes.Slice(start, (int)extent.Length).ContainsAnyExcept((byte)0))
                {
                    LibC.PunchHole(destination.Handle, destinationOffset + start, extent.Length);
                }
            }

            return;
        }

        int at = (int)(-destinationOffset & (Block - 1));
        while (at + Block <= bytes.Length)
        {
            int zeros = 0;
            while (at + zeros + Block <= bytes.Length && !bytes.Slice(at + zeros, Block).ContainsAnyExcept((byte)0))
            {
                zeros += Block;
            }

            if (zeros > 0)
            {
                LibC.PunchHole(destination.Handle, destinationOffset + at, zeros);
            }

            at += zeros + Block;
        }
    }
}

/// <summary>Tracks the bytes that a copy appends to a file. The kernel writes them at the current end (O_APPEND), so nothing that
/// other processes append is overwritten. What they append must not come between the bytes of the copy.</summary>
/// <param name="file">The file, opened with O_APPEND.</param>
internal sealed class AppendPosition(SafeFileHandle file, string path)
{
    private long? _firstEnd;
    private long _secondLength;

    /// <summary>The offset of the first byte; null before it is written.</summary>
    public long? Start { get; private set; }

    /// <summary>The offset after the last byte.</summary>
    public long End { get; private set; }

    public bool IsContiguous => _firstEnd is null;

    /// <exception cref="TransferException">The file no longer ends with the bytes of the copy.</exception>
    public void ThrowIfMoved(string source)
    {
        ThrowIfSplit(source);
        if (Start is long start && FileStatus.TryGet(file, out FileStatus? now).Ok && now!.Size != End)
        {
            string what = now.Size > End ? "wrote to it" : "truncated it";
            throw Changed(source,
                $"Another process {what} during the copy: {ByteText.Exact(End - start)} of '{source}' were appended at offset {start}, and the rest was not.");
        }
    }

    public void ThrowIfSplit(string source)
    {
        if (_firstEnd is long end)
        {
            throw Changed(source,
                $"Another process wrote to it during the copy: the first {ByteText.Exact(end - Start!.Value)} of '{source}' are at offset {Start}, and the next {ByteText.Exact(_secondLength)} at offset {End - _secondLength}.");
        }
    }

    /// <summary>Records bytes that were written, which end at the file offset.</summary>
    public void Wrote(long bytes)
    {
        SysResult at = LibC.Seek(file, 0, SeekOrigin.Current);
        long start = at.Value - bytes;
        if (Start is not null && start != End)
        {
            (_firstEnd, _secondLength) = (End, bytes);
        }

        Start ??= start;
        End = at.Value;
    }

    private TransferException Changed(string source, string what) => new(TransferErrorId.DestinationChanged,
        $"Not all of '{source}' was appended to '{path}' in one write. {what}",
        $"Append it while no other process writes to the file. To append between other writes, use Invoke-PipelineZeroCopy {{ cat {PowerShellText.Quote(source)} }} -OutputPath {PowerShellText.Quote(path)} -Append.",
        target: path);
}
