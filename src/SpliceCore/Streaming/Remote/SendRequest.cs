namespace Splice;

/// <summary>One file that is sent to one or many hosts.</summary>
public sealed record SendRequest
{
    /// <summary>The file: an absolute path.</summary>
    public required string Source { get; init; }

    /// <summary>The hosts, one or more.</summary>
    public required IReadOnlyList<RemoteHost> Hosts { get; init; }

    /// <summary>Where to, on each host: a path, relative to where ssh begins there (the home folder). A folder takes the
    /// source's name.</summary>
    public required string Destination { get; init; }

    /// <summary>How ssh connects.</summary>
    public SshOptions Ssh { get; init; } = new();

    /// <summary>How many hosts are sent to at once, 1 or more. The source is read once for so many.</summary>
    public int ThrottleLimit { get; init; } = 32;

    /// <summary>Whether each host has to say the SHA-256 of what it has, before the file gets its name.</summary>
    public bool Verify { get; init; }

    /// <summary>Whether what an interruption leaves is kept, and gone on with.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether an existing file is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>Whether a file that is read-only there is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>How many bytes of the source may be read a second; null for as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>How long a host may take nothing and say nothing; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }
}
