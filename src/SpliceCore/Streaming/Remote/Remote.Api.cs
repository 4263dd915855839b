using Splice.Streaming.Remote;
using Splice.Transfer;

namespace Splice;

/// <summary>A transfer to or from one or many hosts.</summary>
public abstract record RemoteRequest
{
    /// <summary>The file or folder: an absolute path of a sender, or a path on each host, relative to the home folder there.</summary>
    public required string Source { get; init; }

    /// <summary>The destination: a path on each host, relative to the home folder there, or an absolute path of a receiver. An
    /// existing folder gets the source under its name, and for several hosts a folder for each.</summary>
    public required string Destination { get; init; }

    /// <summary>The hosts, one or more.</summary>
    public required IReadOnlyList<RemoteHost> Hosts { get; init; }

    /// <summary>Options for ssh.</summary>
    public SshOptions Ssh { get; init; } = new();

    /// <summary>Number of hosts at once, 1 or more.</summary>
    public int ThrottleLimit { get; init; } = DefaultThrottleLimit;

    /// <summary>True if the SHA-256 of source and destination is compared before the file gets its name.</summary>
    public bool Verify { get; init; }

    /// <summary>True if an interrupted transfer leaves a partial file, and the next one resumes it. Of a folder, the files that have arrived
    /// get their names, and the next one transfers the others.</summary>
    public bool Resume { get; init; }

    /// <summary>True if an existing file is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>True if a file that changes during the transfer is transferred with the size that it has at the start.</summary>
    public bool AllowChanging { get; init; }

    /// <summary>True to wait until the content and the name are on the disk at the destination.</summary>
    public bool Flush { get; init; }

    /// <summary>True if a read-only file is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>The existing files that are replaced: all, or only those that are not up to date.</summary>
    public UpdateMode Update { get; init; }

    /// <summary>True to find out what would be transferred, and to change nothing.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>True if a folder is transferred with its content; otherwise it is an error.</summary>
    public bool Recurse { get; init; }

    /// <summary>Selects the entries of folders; null for all.</summary>
    public PathFilter? Filter { get; init; }

    /// <summary>Returns true for the name of a folder to which the including patterns of the filter do not apply, as all that is in it is
    /// included; null for none.</summary>
    public Func<string, bool>? IncludesAll { get; init; }

    /// <summary>True if what the source does not have is removed from the destination, in an update of a folder.</summary>
    public bool RemoveExtra { get; init; }

    /// <summary>The most items to remove, with all that is in folders; null for half of the destination's, or 10 if that is more. If
    /// there are more, nothing is changed.</summary>
    public long? MaximumRemoval { get; init; }

    /// <summary>True if the source may be empty. Otherwise that is an error with <see cref="RemoveExtra"/>.</summary>
    public bool AllowEmptySource { get; init; }

    /// <summary>True if what the filter excludes is removed from the destination. Otherwise it is left alone.</summary>
    public bool RemoveExcluded { get; init; }

    /// <summary>The attributes that the destination keeps.</summary>
    public PreserveAttributes Preserve { get; init; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Defines when only those blocks of a single file are transferred that differ from the old file at the destination. The
    /// new file begins as a copy of the old one, or its reflink.</summary>
    public DeltaMode Delta { get; init; } = DeltaMode.Never;

    /// <summary>The smallest length of a block in bytes, at least 4,096. Large files, and hosts without Python, have larger ones.</summary>
    public int BlockSize { get; init; } = 64 << 10;

    /// <summary>Limit in bytes per second, for all hosts together; null for unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>Longest time without any byte to or from a host; null for unlimited.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Number of hosts at once if it is not specified.</summary>
    public static int DefaultThrottleLimit => 32;

    /// <summary>The name of the source; empty if only what is in it is transferred.</summary>
    internal virtual string Name => Path.GetFileName(Source.TrimEnd('/'));

    internal bool IsAllIncluded => IncludesAll?.Invoke(Name) == true;

    internal string DestinationOf(RemoteHost host) => host.Destination ?? Destination;

    /// <summary>Returns the request for a folder: one that is resumed is updated. To verify it, what has arrived before is compared.</summary>
    internal RemoteRequest ForTree() =>
        Resume && Update == UpdateMode.Always ? this with { Update = Verify ? UpdateMode.Content : UpdateMode.Changed } : this;
}

/// <summary>A file or folder that is sent to one or many hosts. It is read once for all that it is sent to at the same time.</summary>
public sealed record SendRequest : RemoteRequest
{
    /// <summary>True if what is in a folder goes into the destination itself, which is created if missing. The source has to be a folder
    /// then, and not an empty one unless <see cref="RemoteRequest.AllowEmptySource"/> is true. Otherwise a folder goes into an existing
    /// destination under its name.</summary>
    public bool ContentsOnly { get; init; }

    /// <summary>The lowest rate of a host for which others wait, in bytes per second; null for none.</summary>
    public long? MinimumRate { get; init; }

    internal override string Name => ContentsOnly ? string.Empty : base.Name;
}

/// <summary>A file or folder that is received from one or many hosts, or several.</summary>
public sealed record ReceiveRequest : RemoteRequest
{
    /// <summary>Further paths on each host. If there are any, all go into the folder <see cref="RemoteRequest.Destination"/>, which is
    /// created if missing.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>True if each host expands wildcards in the paths, as its shell does. A path with wildcards can be several.</summary>
    public bool ExpandsWildcards { get; init; }

    /// <summary>Returns true for the name of a path to receive, with true for a folder; null to receive all.</summary>
    public Func<string, bool, bool>? IsWanted { get; init; }

    /// <summary>True if the destination is a folder, existing or not.</summary>
    internal bool GoesIntoFolder => Others.Count > 0 || HasWildcards || Destination.EndsWith('/');

    internal bool HasWildcards => ExpandsWildcards && Others.Prepend(Source).Any(PathListRun.HasWildcards);
}

/// <summary>Options for ssh, before those of the user's ssh_config(5).</summary>
public sealed record SshOptions
{
    /// <summary>The file of the private key: an absolute path; null for ssh's choice.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>The configuration file of ssh: an absolute path; null for those of the user and the system.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Settings of ssh_config(5): names and values.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Longest time to connect, in whole seconds, 1 or more; null for ssh's choice.</summary>
    public int? ConnectingTimeout { get; init; }

    /// <summary>True if ssh compresses what it sends.</summary>
    public bool Compress { get; init; }

    /// <summary>True if ssh may prompt on the terminal.</summary>
    internal bool HasTerminal { get; init; }

    /// <summary>The connections for several files; null for one.</summary>
    internal SharedConnections? Shared { get; init; }
}

/// <summary>The result of a transfer with one host.</summary>
public sealed record RemoteTransferResult
{
    private readonly TextList<string> _warnings = [];

    /// <summary>The host as specified; with its user and port if others are specified alike.</summary>
    public required string HostName { get; init; }

    /// <summary>The path of the source.</summary>
    public required string Source { get; init; }

    /// <summary>The path of the destination.</summary>
    public required string Destination { get; init; }

    /// <summary>Number of bytes transferred: without those that were resumed, and without holes. Of a failed transfer: those that
    /// ssh accepted or delivered.</summary>
    public long BytesSent { get; init; }

    /// <summary>The size in bytes, of a folder the sum of its files; 0 if the transfer failed before it was known.</summary>
    public long Length { get; init; }

    /// <summary>Number of files, links and special files. Of a failed transfer: those to send, or those received.</summary>
    public long FileCount { get; init; } = 1;

    /// <summary>Number of items of a folder that could not be read; each has an error.</summary>
    public long FailedCount { get; init; }

    /// <summary>Number of folders: 0 for a file.</summary>
    public long DirectoryCount { get; init; }

    /// <summary>Result for a single file: copied, updated, unchanged or skipped.</summary>
    public ItemStatus Status { get; init; }

    /// <summary>Why a single file was updated or skipped with -Update, for example "size differs"; null where
    /// <see cref="Status"/> is enough.</summary>
    public string? Reason { get; init; }

    /// <summary>Number of files that replaced others, or got other metadata; they are among <see cref="FileCount"/>.</summary>
    public long Updated { get; init; }

    /// <summary>Number of files that were up to date, and were left as they are; they are among <see cref="FileCount"/>.</summary>
    public long Unchanged { get; init; }

    /// <summary>Number of files that were skipped, since the destination is newer.</summary>
    public long Skipped { get; init; }

    /// <summary>Number of items removed from the destination, with those in removed folders.</summary>
    public long Removed { get; init; }

    /// <summary>True if no extra items were removed, because the source was not read completely.</summary>
    public bool RemovalSkipped { get; init; }

    /// <summary>Number of bytes in holes, which were not sent.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>Number of bytes in blocks that the destination had already, and that were not transferred with -Delta.</summary>
    public long BytesUnchanged { get; init; }

    /// <summary>Why the whole file was transferred in spite of -Delta, for example "most of it differs"; null if it did not.</summary>
    public string? WholeReason { get; init; }

    /// <summary>The offset at which an interrupted transfer was resumed, in bytes; null if none was.</summary>
    public long? ResumedAt { get; init; }

    /// <summary>True if the SHA-256 of source and destination, or with -Delta the hash of each block, was equal.</summary>
    public bool Verified { get; init; }

    /// <summary>The time from the start of ssh to its end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Bytes sent per second of <see cref="Elapsed"/>.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesSent / Elapsed.TotalSeconds : 0;

    /// <summary>Exit code of the script on the host: 0 for success, 255 for a failure of ssh. Null if ssh was terminated, or not
    /// started.</summary>
    public int? RemoteExitCode { get; init; }

    /// <summary>Attributes that could not be preserved, and items skipped.</summary>
    public IReadOnlyList<string> Warnings { get => _warnings; init => _warnings = TextList.From(value); }

    /// <summary>Begins a result.</summary>
    internal static RemoteTransferResult From(RemoteHost host, RemoteRequest request, SshSession? session) => new()
    {
        HostName = host.Text,
        Source = request.Source,
        Destination = request.DestinationOf(host),
        Elapsed = session?.Elapsed ?? TimeSpan.Zero,
        RemoteExitCode = session?.ExitCode,
    };
}

/// <summary>The outcome of a transfer with one host.</summary>
/// <param name="Host">The host.</param>
/// <param name="Result">The result; null if it failed.</param>
/// <param name="Error">The error, with the result until then; null if it succeeded.</param>
public sealed record RemoteOutcome(RemoteHost Host, RemoteTransferResult? Result, TransferException? Error);
