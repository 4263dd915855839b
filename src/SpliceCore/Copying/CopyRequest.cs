using Splice.Transfer;

namespace Splice;

/// <summary>One file to copy.</summary>
public sealed record CopyRequest
{
    /// <summary>The file, device or FIFO to read: an absolute path.</summary>
    public required string Source { get; init; }

    /// <summary>Where to: an absolute path of a file, or of a folder that takes the source's name.</summary>
    public required string Destination { get; init; }

    /// <summary>The first byte to copy, in bytes from the source's start; null for its beginning.</summary>
    public long? Offset { get; init; }

    /// <summary>The bytes to copy; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>Where in the destination to write, in bytes from its start. The rest of it stays, and it is written in place.
    /// Null: the destination becomes exactly what was copied, and its old content survives until then.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>True if an existing regular file is written in place instead of replaced: processes that have it open, and all its
    /// names, see the new content. An interruption leaves a part of the new and the rest of the old.</summary>
    public bool InPlace { get; init; }

    /// <summary>True if the bytes are appended to an existing regular file, after what other processes append at the same time. After
    /// an error or an interruption it is cut back to what it was, if no other process has it open.</summary>
    public bool Append { get; init; }

    /// <summary>True if the copy is done only when the disk has it: bytes, attributes and name.</summary>
    public bool Flush { get; init; }

    /// <summary>True if both sides are read again and compared before a new file takes its name, the destination from its
    /// disk.</summary>
    public bool Verify { get; init; }

    /// <summary>True if an interrupted copy leaves what has arrived, beside the destination, and goes on with what the last one
    /// has left of the same source.</summary>
    public bool Resume { get; init; }

    /// <summary>How to move the bytes.</summary>
    public TransferMethod Method { get; init; }

    /// <summary>Whether the copy may, must or must not share blocks with the source.</summary>
    public ReflinkMode Reflink { get; init; }

    /// <summary>What becomes of holes and of zeros.</summary>
    public SparseMode Sparse { get; init; }

    /// <summary>Flags for splice(2).</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>The capacity to ask for where splice(2) needs a pipe of its own, in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }

    /// <summary>Limit in bytes per second; holes and reflinked bytes do not count. Copies that have one limiter
    /// keep to the rate together. Null: as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>Number of consecutive retries after a transient error (EIO, ESTALE, ETIMEDOUT and similar); 0 for none.</summary>
    public int RetryCount { get; init; }

    /// <summary>Time before each retry.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Policy for retrying its calls.</summary>
    internal RetryPolicy Retry => new(Source, Destination, RetryCount, RetryInterval);

    /// <summary>True if a source that changes during the copy is copied as it comes, up to its first size. Otherwise it is an
    /// error.</summary>
    public bool AllowChanging { get; init; }

    /// <summary>True if an existing destination is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>True if a destination that the user may not write to is replaced all the same.</summary>
    public bool Force { get; init; }

    /// <summary>What the copy of a whole file keeps of its source besides the bytes.</summary>
    public PreserveAttributes Preserve { get; init; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>What earlier copies of the same command have made: to replace that would lose what was just copied. May be
    /// null.</summary>
    public CopyLedger? Ledger { get; init; }

    /// <summary>True if it makes one of the parts of a file, which are as private as the file is.</summary>
    internal bool IsPart { get; init; }

    /// <summary>A copy from beginning to end to a file of its own: it keeps mode and times.</summary>
    internal bool IsWhole => Offset is null && Count is null && DestinationOffset is null;

    /// <summary>A regular file that is there is written into.</summary>
    internal bool WritesInto => InPlace || Append || DestinationOffset.HasValue;

    /// <summary>The destination has nothing but what was copied afterwards.</summary>
    internal bool IsExact => DestinationOffset is null && !Append;
}

/// <summary>What a copy keeps of its source besides the bytes.</summary>
[Flags]
public enum PreserveAttributes
{
    /// <summary>Nothing: a new file gets the source's permission bits as far as the umask allows, and the present time.</summary>
    None = 0,

    /// <summary>The permission bits; set-user-ID and set-group-ID only together with <see cref="Ownership"/>.</summary>
    Mode = 1,

    /// <summary>The times of the last access and the last modification, to the nanosecond.</summary>
    Timestamps = 2,

    /// <summary>User and group. Others than one's own take root's privilege.</summary>
    Ownership = 4,

    /// <summary>The extended attributes (xattr(7)), file capabilities included.</summary>
    Xattr = 8,

    /// <summary>The POSIX access control lists (acl(5)), a folder's default list included.</summary>
    Acl = 16,

    /// <summary>Names of one file become names of one file again, within a tree.</summary>
    HardLink = 32,

    /// <summary>All of these, and special files (FIFOs, sockets, devices) are made anew.</summary>
    All = Mode | Timestamps | Ownership | Xattr | Acl | HardLink,
}
