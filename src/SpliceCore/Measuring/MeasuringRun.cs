using System.Diagnostics;
using Splice.Copying;
using Splice.Transfer;

namespace Splice.Measuring;

/// <summary>A measurement under way: one round that does not count, then as many as were asked for. In a round every method
/// has its turn, so that what else the machine does meets all of them alike.</summary>
internal sealed class MeasuringRun(
    MeasurementRequest request, TestFolder source, TestFolder destination, MeasurementMonitor monitor)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Candidate[] _candidates = [.. request.Methods.Distinct().Select(method => new Candidate(method))];
    private int _runsDone;

    /// <summary>Writes the test data, and copies them.</summary>
    /// <returns>A result for each method.</returns>
    public IReadOnlyList<MeasurementResult> Run()
    {
        CancellationToken cancellation = monitor.Cancellation;
        using StagedFile data = TestData.Write(
            source, request.Size, written => Report(null, round: 0, written), cancellation);
        IReadOnlyList<MethodReport> reports = Look(data);
        var copy = new MeasuredCopy(source, data, destination, request.Size, cancellation);
        for (int round = 0; round <= request.Iterations; round++)
        {
            foreach (Candidate candidate in _candidates.Where(candidate => candidate.IsAvailable))
            {
                cancellation.ThrowIfCancellationRequested();
                Report(candidate.Method, round, request.Size);
                Run(candidate, copy, round);
                _runsDone++;
            }
        }

        TransferMethod? auto = reports.FirstOrDefault(report => report.Available && !IsRefused(report.Method))?.Method;
        return [.. _candidates.Select(candidate => candidate.ToResult(request, (int?)auto == (int)candidate.Method))];
    }

    private static void Run(Candidate candidate, MeasuredCopy copy, int round)
    {
        try
        {
            Sample sample = copy.Run(candidate.Method);
            if (round > 0)
            {
                candidate.Add(sample);
            }
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.MethodNotPossible && round == 0)
        {
            candidate.Refuse(exception.Errno, Refusals.Explain((TransferMethod)candidate.Method, exception.Errno) ?? exception.Message);
        }
    }

    /// <summary>Asks by which methods the data could go to a new file.</summary>
    private IReadOnlyList<MethodReport> Look(StagedFile data)
    {
        using StagedFile copy = destination.NewFile(monitor.Cancellation);
        IReadOnlyList<MethodReport> reports = MethodTest.Run(new MethodTestRequest
        {
            Source = StreamEnd.OfHandle(data.Handle, source.Path),
            Destination = StreamEnd.OfHandle(copy.Handle, destination.Path),
            Offset = 0,
            DestinationOffset = 0,
        });
        foreach (Candidate candidate in _candidates)
        {
            if (reports.FirstOrDefault(report => (int)report.Method == (int)candidate.Method) is { } report)
            {
                candidate.Take(report);
            }
        }

        return reports;
    }

    private bool IsRefused(TransferMethod method) =>
        Array.Exists(_candidates, candidate => (int)candidate.Method == (int)method && !candidate.IsAvailable);

    private void Report(MeasuredMethod? method, int round, long written)
    {
        double runs = _candidates.Count(candidate => candidate.IsAvailable) * (request.Iterations + 1.0);
        monitor.Progress?.Invoke(new MeasurementProgress(
            method, round, request.Iterations,
            written + ((double)_runsDone * request.Size), (1 + runs) * request.Size, Stopwatch.GetElapsedTime(_started)));
    }
}
