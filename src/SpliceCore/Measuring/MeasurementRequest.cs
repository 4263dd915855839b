namespace Splice;

/// <summary>What to measure.</summary>
public sealed record MeasurementRequest
{
    /// <summary>The folder for the test data, an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The folder for the copies, an absolute path; it may be the same.</summary>
    public required string Destination { get; init; }

    /// <summary>The bytes of the test data, and of each copy: 1 or more.</summary>
    public long Size { get; init; } = 1L << 30;

    /// <summary>What to run, each once however often it is named.</summary>
    public IReadOnlyList<MeasuredMethod> Methods { get; init; } = Enum.GetValues<MeasuredMethod>();

    /// <summary>How often each is run, after one run that is not counted: 1 or more.</summary>
    public int Iterations { get; init; } = 5;
}
