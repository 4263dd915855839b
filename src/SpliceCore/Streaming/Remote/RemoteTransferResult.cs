namespace Splice;

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

    /// <summary>Whether both sides' SHA-256 was the same.</summary>
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
