namespace Splice;

/// <summary>Result of a transfer.</summary>
public sealed record TransferResult
{
    /// <summary>Where the bytes came from: a path, or what the descriptor stands for.</summary>
    public required string Source { get; init; }

    /// <summary>Where the bytes went: a path, or what the descriptor stands for.</summary>
    public required string Destination { get; init; }

    /// <summary>The destination as PowerShell's cmdlets take files from the pipeline; null where it is no path. It is a
    /// property of its own since one that is added to each object costs more than to copy a small file.</summary>
    public string? PSPath => Path.IsPathRooted(Destination) ? $@"Microsoft.PowerShell.Core\FileSystem::{Destination}" : null;

    /// <summary>The first byte of the source that was asked for, in bytes from its start; null where the source has
    /// no position (pipes, sockets, terminals).</summary>
    public long? Offset { get; init; }

    /// <summary>The first byte of the destination that was written, in bytes from its start; null where it has no
    /// position.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>The bytes that were asked for; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>The bytes that the destination now has from the source: moved, reflinked and in holes.</summary>
    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles;

    /// <summary>Where this copy went on with one that was interrupted, in bytes from the destination's start: those before it
    /// were there, and are not counted. Null for all others.</summary>
    public long? ResumedAt { get; init; }

    /// <summary>The bytes that were moved one by one.</summary>
    public long BytesMoved { get; init; }

    /// <summary>The bytes whose blocks are shared now, holes between them included.</summary>
    public long BytesReflinked { get; init; }

    /// <summary>The bytes that are holes now: holes of the source that stayed holes, and zeros that became holes.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>The bytes that left a source which cannot give them again (pipes, sockets, terminals) and did not arrive; 0
    /// unless the transfer failed.</summary>
    public long BytesUndelivered { get; init; }

    /// <summary>The files copied, links and special files included: 1 for a single file.</summary>
    public long FileCount { get; init; } = 1;

    /// <summary>The folders copied.</summary>
    public long DirectoryCount { get; init; }

    /// <summary>The files of a tree that an interrupted copy had completed, and that were left as they are: they are among
    /// <see cref="FileCount"/>, and their bytes are not counted.</summary>
    public long Unchanged { get; init; }

    /// <summary>The entries of a tree that were not copied; each has its error.</summary>
    public long Failed { get; init; }

    /// <summary>The method that moved the most bytes; null where there was nothing to move.</summary>
    public TransferMethod? Method { get; init; }

    /// <summary>The methods that did not serve, in the order in which they were tried, each with its reason.</summary>
    public required IReadOnlyList<MethodAttempt> Attempts { get; init; }

    /// <summary>The flags that splice(2) got.</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>The system calls that the transfer made; closing the files is not counted.</summary>
    public long SystemCalls { get; init; }

    /// <summary>How many times a call was made again that had failed of what may pass.</summary>
    public long Retries { get; init; }

    /// <summary>The time from the first to the last system call.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Bytes a second, over <see cref="Elapsed"/>; 0 where nothing was copied.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesCopied / Elapsed.TotalSeconds : 0;

    /// <summary>True if both sides were read again, and were the same.</summary>
    public bool Verified { get; init; }

    /// <summary>True if the disk has the copy: bytes, attributes and name. False where that was not asked for, or where there
    /// is no disk (pipes, most character devices).</summary>
    public bool Flushed { get; init; }

    /// <summary>What worked only in part, in words: an owner that could not be kept, say.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
