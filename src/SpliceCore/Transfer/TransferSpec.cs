using Splice.Descriptors;

namespace Splice.Transfer;

/// <summary>What one transfer between two descriptors shall do, checked and complete.</summary>
internal sealed record TransferSpec
{
    /// <summary>Where reading starts; null where the source has no position.</summary>
    public long? Offset { get; init; }

    /// <summary>Where writing starts; null where the destination has no position.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>The bytes to move; null up to the end.</summary>
    public long? Length { get; init; }

    /// <summary>The bytes that the user asked for, if he did: fewer are an error where they were promised.</summary>
    public long? RequestedCount { get; init; }

    /// <summary>Whether less than all that was asked for is an error: a file is copied, or it is not.</summary>
    public bool RequiresAll { get; init; }

    /// <summary>Whether the source may change meanwhile.</summary>
    public bool AllowsChanging { get; init; }

    /// <summary>Whether the destination, a regular file, must have all bytes up to its end at any time: its size is how far
    /// the transfer has come, and nothing is taken back.</summary>
    public bool GrowsInOrder { get; init; }

    /// <summary>Where the bytes are in a file that they are added to (O_APPEND); null where they are written at offsets.</summary>
    public AppendPosition? Append { get; init; }

    public TransferMethod Method { get; init; }

    /// <summary>The destination's, where it is known: then nobody asks.</summary>
    public FileSystemType? DestinationFileSystem { get; init; }

    /// <summary>The source's, where it is known.</summary>
    public FileSystemType? SourceFileSystem { get; init; }

    /// <summary>Whether the destination is a pipe of our own: nobody reads from it while it is filled.</summary>
    public bool FillsOwnPipe { get; init; }

    /// <summary>Whether it is known that these file systems share no blocks: then nobody asks.</summary>
    public bool SkipsReflink { get; init; }

    public ReflinkMode Reflink { get; init; }

    public SparseMode Sparse { get; init; }

    public SpliceFlags Flags { get; init; }

    public int? PipeSize { get; init; }

    /// <summary>Shared with other transfers; null where nothing limits the rate.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>How long a side may keep the transfer waiting; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Null where a failure is final.</summary>
    public Retrier? Retrier { get; init; }
}
