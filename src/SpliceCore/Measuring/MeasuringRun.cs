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

/// <summary>A method in a measurement, and what came of it.</summary>
internal sealed class Candidate(MeasuredMethod method)
{
    private readonly List<Sample> _samples = [];

    public MeasuredMethod Method => method;

    public bool IsAvailable { get; private set; } = true;

    public Errno Errno { get; private set; }

    /// <summary>Why it serves, or why not.</summary>
    public string Reason { get; private set; } = method switch
    {
        MeasuredMethod.StreamCopyTo => "a baseline: .NET's loop of reads and writes",
        MeasuredMethod.FileCopy => "a baseline: .NET's File.Copy, as Copy-Item calls it",
        _ => string.Empty,
    };

    /// <summary>Takes what was said before any byte was moved.</summary>
    public void Take(MethodReport report)
    {
        IsAvailable = report.Available;
        Errno = report.Errno;
        Reason = report.Reason;
    }

    /// <summary>The kernel refused only when it was to move bytes.</summary>
    public void Refuse(Errno errno, string reason)
    {
        IsAvailable = false;
        Errno = errno;
        Reason = reason;
    }

    public void Add(Sample sample) => _samples.Add(sample);

    public MeasurementResult ToResult(MeasurementRequest request, bool isAuto)
    {
        var result = new MeasurementResult
        {
            Method = method,
            IsAvailable = IsAvailable,
            Errno = Errno,
            Reason = Reason,
            IsAuto = isAuto,
            Source = request.Path,
            Destination = request.Destination,
            Size = request.Size,
            Times = [.. _samples.Select(sample => sample.Elapsed)],
        };
        if (_samples.Count == 0)
        {
            return result;
        }

        var times = Quartiles.Of(_samples.Select(sample => (double)sample.Elapsed.Ticks));
        double processor = Quartiles.Of(_samples.Select(sample => (double)sample.Processor.Ticks)).Median;
        bool isCounted = _samples.TrueForAll(sample => sample.SystemCalls.HasValue);
        return result with
        {
            FirstQuartile = Span(times.First),
            Median = Span(times.Median),
            ThirdQuartile = Span(times.Third),
            BytesPerSecond = request.Size * TimeSpan.TicksPerSecond / times.Median,
            CpuPerGiB = Span(processor * (1L << 30) / request.Size),
            SystemCalls = isCounted ? (long)Quartiles.Of(_samples.Select(sample => (double)sample.SystemCalls!.Value)).Median : null,
        };
    }

    private static TimeSpan Span(double ticks) => TimeSpan.FromTicks((long)Math.Round(ticks));
}
