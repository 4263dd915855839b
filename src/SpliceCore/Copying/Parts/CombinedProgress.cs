using System.Diagnostics;

namespace Splice.Copying.Parts;

/// <summary>Reports the progress of transfers that follow each other as that of one.</summary>
/// <param name="monitor">Receives it.</param>
/// <param name="started">Timestamp of the start.</param>
/// <param name="total">Number of bytes of all, with their holes; null if it is unknown.</param>
internal sealed class CombinedProgress(TransferMonitor monitor, long started, long? total)
{
    private long _bytes;
    private long _holes;

    /// <summary>Returns the monitor of the next transfer.</summary>
    public TransferMonitor Next()
    {
        (long bytes, long holes) = (_bytes, _holes);
        return monitor.Progress is not { } progress ? monitor : monitor with
        {
            Progress = now => progress(now.Phase == TransferPhase.Copying ? Copying(now, bytes, holes) : OtherPhase(now, bytes + holes)),
        };
    }

    private TransferProgress Copying(TransferProgress now, long bytesBefore, long holesBefore)
    {
        (_bytes, _holes) = (bytesBefore + now.BytesCopied, holesBefore + now.BytesInHoles);
        return new TransferProgress(_bytes, total - _holes, Stopwatch.GetElapsedTime(started)) { BytesInHoles = _holes };
    }

    /// <summary>Verifying and flushing count holes, too.</summary>
    private TransferProgress OtherPhase(TransferProgress now, long before) =>
        new(before + now.BytesCopied, total, Stopwatch.GetElapsedTime(started)) { Phase = now.Phase };
}
