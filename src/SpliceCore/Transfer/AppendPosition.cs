using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Where a copy that is added to a file has its bytes. The kernel writes them at the file's end, wherever that is by then
/// (O_APPEND), so nothing that other processes add is overwritten. What they add must not come between the bytes of the
/// copy.</summary>
/// <param name="file">The file, opened with O_APPEND.</param>
/// <param name="path">Its path.</param>
internal sealed class AppendPosition(SafeFileHandle file, string path)
{
    private long? _firstEnd;
    private long _secondLength;

    /// <summary>The offset of the first byte; null before it is written.</summary>
    public long? Start { get; private set; }

    /// <summary>The offset behind the last byte.</summary>
    public long End { get; private set; }

    /// <summary>Whether all bytes that were written are one behind the other.</summary>
    public bool IsContiguous => _firstEnd is null;

    /// <summary>Looks, before the next bytes are written, whether the file still ends where the last ones do.</summary>
    /// <param name="source">What is added.</param>
    /// <exception cref="TransferException">It does not.</exception>
    public void ThrowIfMoved(string source)
    {
        ThrowIfSplit(source);
        if (Start is long start && FileStatus.TryGet(file, out FileStatus? now).Ok && now!.Size != End)
        {
            string what = now.Size > End ? "wrote to it" : "cut it";
            throw Changed(source,
                $"Another process {what} during the copy: {ByteText.Of(End - start)} of '{source}' were added at offset {start}, and the rest was not.");
        }
    }

    /// <summary>Looks whether all bytes are one behind the other.</summary>
    /// <param name="source">What is added.</param>
    /// <exception cref="TransferException">They are not.</exception>
    public void ThrowIfSplit(string source)
    {
        if (_firstEnd is long end)
        {
            throw Changed(source,
                $"Another process wrote to it during the copy: the first {ByteText.Of(end - Start!.Value)} of '{source}' are at offset {Start}, and the next {ByteText.Of(_secondLength)} at offset {End - _secondLength}.");
        }
    }

    /// <summary>Takes note of bytes that were written: the descriptor's own position is behind them.</summary>
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
        $"Not all of '{source}' was added to '{path}' in one piece. {what}",
        $"Add it when no other process writes to the file. To have it between what others write, use Invoke-PipelineZeroCopy {{ cat '{source}' }} -OutputPath '{path}' -Append.",
        target: path);
}
