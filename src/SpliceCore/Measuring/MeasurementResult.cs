namespace Splice;

/// <summary>How fast a method is between two folders, or why it cannot serve there.</summary>
public sealed record MeasurementResult
{
    /// <summary>The method.</summary>
    public required MeasuredMethod Method { get; init; }

    /// <summary>Whether it can serve here. Where it cannot, it was not run, and all that is measured is null.</summary>
    public required bool IsAvailable { get; init; }

    /// <summary>What the kernel said against it; <see cref="Splice.Errno.None"/> where it did not refuse or was not asked.</summary>
    public Errno Errno { get; init; }

    /// <summary>Why it can serve, or why not.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether it is the one that -Method Auto of the other cmdlets takes here.</summary>
    public bool IsAuto { get; init; }

    /// <summary>The folder of the test data.</summary>
    public required string Source { get; init; }

    /// <summary>The folder of the copies.</summary>
    public required string Destination { get; init; }

    /// <summary>The bytes of each copy.</summary>
    public required long Size { get; init; }

    /// <summary>The time of each run, in order. The one before the first does not count, and is not here.</summary>
    public required IReadOnlyList<TimeSpan> Times { get; init; }

    /// <summary>The median of the times.</summary>
    public TimeSpan? Median { get; init; }

    /// <summary>A quarter of the runs took less.</summary>
    public TimeSpan? FirstQuartile { get; init; }

    /// <summary>A quarter of the runs took more.</summary>
    public TimeSpan? ThirdQuartile { get; init; }

    /// <summary>How much the times spread: from the first quartile to the third.</summary>
    public TimeSpan? InterquartileRange => ThirdQuartile - FirstQuartile;

    /// <summary>Bytes a second, at the median.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>The processor time of the copying thread, user and system, for 1 GiB: the median. What the kernel does later,
    /// to write to the disk, is not in it.</summary>
    public TimeSpan? CpuPerGiB { get; init; }

    /// <summary>The system calls of a run: the median. Of the baselines, the reads and writes only, as the kernel counts them;
    /// null where it does not count.</summary>
    public long? SystemCalls { get; init; }
}
