namespace Splice;

/// <summary>What transfers with one or many hosts have in common.</summary>
public abstract record RemoteRequest
{
    /// <summary>The hosts, one or more.</summary>
    public required IReadOnlyList<RemoteHost> Hosts { get; init; }

    /// <summary>How ssh connects.</summary>
    public SshOptions Ssh { get; init; } = new();

    /// <summary>Number of hosts at once, 1 or more.</summary>
    public int ThrottleLimit { get; init; } = 32;

    /// <summary>True if both sides' SHA-256 has to be the same before the file gets its name.</summary>
    public bool Verify { get; init; }

    /// <summary>True if what an interruption leaves is kept, and gone on with.</summary>
    public bool Resume { get; init; }

    /// <summary>True if an existing file is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>True if a read-only file is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>True if a folder is transferred with all that is in it; otherwise it is an error.</summary>
    public bool Recurse { get; init; }

    /// <summary>What the other side keeps besides the bytes.</summary>
    public PreserveAttributes Preserve { get; init; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Limit in bytes per second, by all hosts together; null for as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>How long a host may take nothing, give nothing and say nothing; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }
}

/// <summary>One file that is sent to one or many hosts. It is read once for as many as are sent to at once.</summary>
public sealed record SendRequest : RemoteRequest
{
    /// <summary>The file: an absolute path.</summary>
    public required string Source { get; init; }

    /// <summary>Where to, on each host: a path, relative to where ssh begins there (the home folder). A folder takes the
    /// source's name.</summary>
    public required string Destination { get; init; }
}

/// <summary>One file that is received from one or many hosts.</summary>
public sealed record ReceiveRequest : RemoteRequest
{
    /// <summary>The file on each host: a path, relative to where ssh begins there (the home folder).</summary>
    public required string Source { get; init; }

    /// <summary>Where to: an absolute path. A folder takes the source's name; where there are several hosts, it takes a folder
    /// of each host's name.</summary>
    public required string Destination { get; init; }
}

/// <summary>How ssh connects. What is not said here is said by the user's ssh_config(5).</summary>
public sealed record SshOptions
{
    /// <summary>The file of the private key: an absolute path; null for ssh's choice.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>Settings of ssh_config(5): names and values.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long a connection may take to come about, in whole seconds, 1 or more; null for ssh's choice.</summary>
    public int? ConnectingTimeout { get; init; }

    /// <summary>True if ssh compresses what it sends.</summary>
    public bool Compress { get; init; }
}

/// <summary>What was sent to a host, or received from it.</summary>
public sealed record RemoteTransferResult
{
    /// <summary>The host as it was given.</summary>
    public required string HostName { get; init; }

    /// <summary>Where the bytes came from: a path, here for what was sent, on the host for what was received.</summary>
    public required string Source { get; init; }

    /// <summary>Where the bytes went: a path, on the host for what was sent, here for what was received.</summary>
    public required string Destination { get; init; }

    /// <summary>The bytes of the file that went over the wire: without those that were there from an interrupted transfer, and
    /// without holes. Of a transfer that failed: those that were given to ssh, or came from it.</summary>
    public long BytesSent { get; init; }

    /// <summary>The file's size in bytes, or the sum of a folder's files; 0 where the transfer failed before it was known.</summary>
    public long Length { get; init; }

    /// <summary>The files, links and special files of it. Of a transfer that failed: those that were to be sent, or that have come.</summary>
    public long FileCount { get; init; } = 1;

    /// <summary>The folders of it: 0 for a file.</summary>
    public long DirectoryCount { get; init; }

    /// <summary>The bytes of the file's holes, which were not sent.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>Where this transfer went on with one that was interrupted, in bytes from the file's start; null for all
    /// others.</summary>
    public long? ResumedAt { get; init; }

    /// <summary>True if both sides' SHA-256 was the same.</summary>
    public bool Verified { get; init; }

    /// <summary>The time from the start of ssh to its end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Bytes a second, of those sent, over <see cref="Elapsed"/>.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesSent / Elapsed.TotalSeconds : 0;

    /// <summary>How the host's script ended: 0 where all went well; 255 is ssh's own failure. Null where ssh had to be ended, or
    /// did not begin.</summary>
    public int? RemoteExitCode { get; init; }

    /// <summary>What worked only in part, in words.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>What became of one host.</summary>
/// <param name="Host">The host.</param>
/// <param name="Result">What was sent or received; null where it failed.</param>
/// <param name="Error">Why it failed, with how far it got; null where it did not.</param>
public sealed record RemoteOutcome(RemoteHost Host, RemoteTransferResult? Result, TransferException? Error);
