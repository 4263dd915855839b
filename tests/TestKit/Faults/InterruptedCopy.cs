using Xunit;

namespace Splice.TestKit.Faults;

/// <summary>Copies that are cancelled in the middle.</summary>
internal static class InterruptedCopy
{
    /// <summary>Cancels a copy when it reports at least so many bytes.</summary>
    /// <returns>Its error.</returns>
    public static TransferException Stop(CopyRequest request, long after)
    {
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(
            progress =>
            {
                if (progress.BytesCopied + progress.BytesInHoles >= after)
                {
                    stop.Cancel();
                }
            },
            stop.Token);
        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));
        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        return error;
    }
}
