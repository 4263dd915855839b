using System.Diagnostics;
using Splice.Copying;
using Splice.Transfer;

namespace Splice.Measuring;

/// <summary>A running measurement: a warm-up round, then as many as requested. In a round each method runs once, so that other
/// load of the machine affects all of them alike.</summary>
internal sealed class MeasurementRun(
    MeasurementRequest request, TestFolder source, TestFolder destination, MeasurementMonitor monitor)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Candidate[] _candidates = [.. request.Methods.Distinct().Select(method => new Candidate(method, request))];
    private int _runsDone;

    /// <summary>Writes the test data, and copies them with each method.</summary>
    public IReadOnlyList<MeasurementResult> Run()
    {
        CancellationToken cancellation = monitor.Cancellation;
        using StagedFile data = TestData.Write(
            source, request.Size, written => Report(null, round: 0, written), cancellation);
        IReadOnlyList<MethodReport> reports = Probe(data);
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

        TransferMethod? auto = reports.FirstOrDefault(
            report => report.Available && !Array.Exists(_candidates, candidate => candidate.Is(report.Method) && !candidate.IsAvailable))?.Method;
        return [.. _candidates.Select(candidate => candidate.Result() with { IsAuto = auto is { } method && candidate.Is(method) })];
    }

    private static void Run(Candidate candidate, MeasuredCopy copy, int round)
    {
        try
        {
            Sample sample = copy.Run(candidate.Method);
            if (round > 0)
            {
                candidate.Samples.Add(sample);
            }
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.MethodNotPossible && round == 0)
        {
            // The kernel refused only when it was to move bytes.
            string? reason = Refusals.Explain((TransferMethod)candidate.Method, exception.Errno);
            candidate.SetAvailability(isAvailable: false, exception.Errno, reason ?? exception.Message);
        }
    }

    /// <summary>Finds the methods that can copy the data to a new file.</summary>
    private IReadOnlyList<MethodReport> Probe(StagedFile data)
    {
        using StagedFile copy = destination.NewFile(monitor.Cancellation);
        IReadOnlyList<MethodReport> reports = MethodTest.Run(new MethodTestRequest
        {
            Source = TransferEndpoint.OfHandle(data.Handle, source.Path),
            Destination = TransferEndpoint.OfHandle(copy.Handle, destination.Path),
            Offset = 0,
            DestinationOffset = 0,
        });
        foreach (Candidate candidate in _candidates)
        {
            if (reports.FirstOrDefault(report => candidate.Is(report.Method)) is { } report)
            {
                candidate.SetAvailability(report.Available, report.Errno, report.Reason);
            }
        }

        return reports;
    }

    private void Report(MeasuredMethod? method, int round, long written)
    {
        double runs = _candidates.Count(candidate => candidate.IsAvailable) * (request.Iterations + 1.0);
        monitor.Progress?.Invoke(new MeasurementProgress(
            method, round, request.Iterations,
            written + ((double)_runsDone * request.Size), (1 + runs) * request.Size, Stopwatch.GetElapsedTime(_started)));
    }
}

/// <summary>A method in a measurement, and its runs.</summary>
internal sealed class Candidate(MeasuredMethod method, MeasurementRequest request)
{
    private MeasurementResult _result = new()
    {
        Method = method,
        IsAvailable = true,
        Reason = method switch
        {
            MeasuredMethod.StreamCopyTo => "a baseline: .NET's loop of reads and writes",
            MeasuredMethod.FileCopy => "a baseline: .NET's File.Copy, as Copy-Item calls it",
            _ => string.Empty,
        },
        Source = request.Path,
        Destination = request.Destination,
        Size = request.Size,
        Times = [],
    };

    public MeasuredMethod Method => method;

    public bool IsAvailable => _result.IsAvailable;

    public List<Sample> Samples { get; } = [];

    public bool Is(TransferMethod other) => (int)method == (int)other;

    public void SetAvailability(bool isAvailable, Errno errno, string reason) =>
        _result = _result with { IsAvailable = isAvailable, Errno = errno, Reason = reason };

    public MeasurementResult Result()
    {
        if (Samples.Count == 0)
        {
            return _result;
        }

        var times = Quartiles.Of(Samples.Select(sample => (double)sample.Elapsed.Ticks));
        double cpu = Quartiles.Of(Samples.Select(sample => (double)sample.Cpu.Ticks)).Median;
        bool isCounted = Samples.TrueForAll(sample => sample.SystemCalls.HasValue);
        return _result with
        {
            Times = [.. Samples.Select(sample => sample.Elapsed)],
            FirstQuartile = Span(times.First),
            Median = Span(times.Median),
            ThirdQuartile = Span(times.Third),
            BytesPerSecond = (double)request.Size * TimeSpan.TicksPerSecond / times.Median,
            CpuPerGiB = Span(cpu * (1L << 30) / request.Size),
            SystemCalls = isCounted ? (long)Quartiles.Of(Samples.Select(sample => (double)sample.SystemCalls!.Value)).Median : null,
        };
    }

    private static TimeSpan Span(double ticks) => TimeSpan.FromTicks((long)Math.Round(ticks));
}
