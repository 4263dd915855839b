namespace Splice.Measuring;

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
