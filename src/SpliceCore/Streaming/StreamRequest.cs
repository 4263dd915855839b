namespace Splice;

/// <summary>One source that is moved to one or many destinations.</summary>
public sealed record StreamRequest
{
    /// <summary>What to read.</summary>
    public required StreamEnd Source { get; init; }

    /// <summary>Where to: one or more. Each gets all that the source has.</summary>
    public required IReadOnlyList<StreamEnd> Destinations { get; init; }

    /// <summary>Where to read, in bytes from the source's start; its own position is left alone. Null: from its position,
    /// which moves on.</summary>
    public long? Offset { get; init; }

    /// <summary>The bytes to move; null for all up to the end. A source that ends before is an error.</summary>
    public long? Count { get; init; }

    /// <summary>How many bytes of the source may be moved a second; null for as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>The capacity to ask for of the pipes that are needed, in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }

    /// <summary>Whether bytes in a pipe or socket may still be those of the source's pages.</summary>
    public StreamConsistency Consistency { get; init; }

    /// <summary>How long the source may give nothing, or a destination take nothing; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Whether a destination that fails ends all of it; otherwise the others go on.</summary>
    public bool StopsOnError { get; init; }
}
