using Splice.Measuring;
using Splice.Transfer;

namespace Splice;

/// <summary>Measures how fast the methods are between two folders.</summary>
public static class Measurement
{
    /// <summary>Writes random bytes into a file without a name, and copies them to others again and again. Nothing of that is
    /// left, however it ends.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>A result for each method, in the order of the request.</returns>
    /// <exception cref="TransferException">There is no such folder or no room in it, or a copy failed.</exception>
    public static MeasurementReport Run(MeasurementRequest request, MeasurementMonitor monitor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Iterations, 1);
        FileSizeSignal.Handle();
        using var source = TestFolder.Open(request.Path);
        using var destination = TestFolder.Open(request.Destination);
        FreeSpace.Check(source, destination, request.Size);
        var report = new MeasurementReport
        {
            Date = DateTimeOffset.Now,
            Source = MeasuredFolder.Of(source),
            Destination = MeasuredFolder.Of(destination),
            Size = request.Size,
            Iterations = request.Iterations,
            Machine = MeasuredMachine.Read(),
            Results = [],
        };
        try
        {
            return report with { Results = new MeasuringRun(request, source, destination, monitor).Run() };
        }
        catch (Exception exception) when (IsStop(exception))
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Measuring from '{request.Path}' to '{request.Destination}' was stopped. Nothing of it is left.",
                "Start it again.",
                Errno.ECANCELED, request.Destination);
        }
    }

    private static bool IsStop(Exception exception) =>
        exception is OperationCanceledException or TransferException { Id: TransferErrorId.Cancelled };
}
