namespace Splice;

/// <summary>One file that is received from one or many hosts.</summary>
public sealed record ReceiveRequest
{
    /// <summary>The file on each host: a path, relative to where ssh begins there (the home folder).</summary>
    public required string Source { get; init; }

    /// <summary>The hosts, one or more.</summary>
    public required IReadOnlyList<RemoteHost> Hosts { get; init; }

    /// <summary>Where to: an absolute path. A folder takes the source's name; where there are several hosts, it takes a folder
    /// of each host's name.</summary>
    public required string Destination { get; init; }

    /// <summary>How ssh connects.</summary>
    public SshOptions Ssh { get; init; } = new();

    /// <summary>How many hosts are received from at once, 1 or more.</summary>
    public int ThrottleLimit { get; init; } = 32;

    /// <summary>Whether each host has to say the SHA-256 of what it has, and it has to be that of what has come.</summary>
    public bool Verify { get; init; }

    /// <summary>Whether what an interruption leaves is kept, and gone on with.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether an existing file is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>Whether a read-only file is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>How many bytes all hosts together may send a second; null for as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>How long a host may give nothing; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }
}
