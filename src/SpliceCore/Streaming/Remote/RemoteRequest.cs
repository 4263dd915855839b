namespace Splice;

/// <summary>What transfers with one or many hosts have in common.</summary>
public abstract record RemoteRequest
{
    /// <summary>The hosts, one or more.</summary>
    public required IReadOnlyList<RemoteHost> Hosts { get; init; }

    /// <summary>How ssh connects.</summary>
    public SshOptions Ssh { get; init; } = new();

    /// <summary>How many hosts at once, 1 or more.</summary>
    public int ThrottleLimit { get; init; } = 32;

    /// <summary>Whether both sides' SHA-256 has to be the same before the file gets its name.</summary>
    public bool Verify { get; init; }

    /// <summary>Whether what an interruption leaves is kept, and gone on with.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether an existing file is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>Whether a read-only file is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>Whether a folder is transferred with all that is in it; otherwise it is an error.</summary>
    public bool Recurse { get; init; }

    /// <summary>What the other side keeps besides the bytes.</summary>
    public PreserveAttributes Preserve { get; init; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>How many bytes may be moved a second, by all hosts together; null for as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>How long a host may take nothing, give nothing and say nothing; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }
}
