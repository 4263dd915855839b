namespace Splice;

/// <summary>A measurement, and where it was made.</summary>
public sealed record MeasurementReport
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The folder of the test data.</summary>
    public required MeasuredFolder Source { get; init; }

    /// <summary>The folder of the copies.</summary>
    public required MeasuredFolder Destination { get; init; }

    /// <summary>The bytes of each copy.</summary>
    public required long Size { get; init; }

    /// <summary>How often each method was run, the run before that does not count left out.</summary>
    public required int Iterations { get; init; }

    /// <summary>The machine.</summary>
    public required MeasuredMachine Machine { get; init; }

    /// <summary>A result for each method.</summary>
    public required IReadOnlyList<MeasurementResult> Results { get; init; }
}
