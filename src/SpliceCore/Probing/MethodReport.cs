namespace Splice;

/// <summary>Whether a method would serve for a pair of source and destination, and why.</summary>
public sealed record MethodReport
{
    /// <summary>The source: a path, or what the descriptor stands for.</summary>
    public required string Source { get; init; }

    /// <summary>The destination: a path, or what the descriptor stands for.</summary>
    public required string Destination { get; init; }

    /// <summary>Which one it is of those that are tried, from 1 on.</summary>
    public required int Order { get; init; }

    /// <summary>The method.</summary>
    public required TransferMethod Method { get; init; }

    /// <summary>True if it would serve.</summary>
    public required bool Available { get; init; }

    /// <summary>True if it is the one that a transfer would begin with: the first that serves. None is where a transfer would
    /// end with an error.</summary>
    public bool Chosen { get; init; }

    /// <summary>What the kernel said; <see cref="Splice.Errno.None"/> where it did not refuse or was not asked.</summary>
    public Errno Errno { get; init; }

    /// <summary>Why it would serve, or why not.</summary>
    public required string Reason { get; init; }

    /// <summary>The kernel, and the pipes that this user may have: the same in all reports of one test.</summary>
    public required KernelLimits Limits { get; init; }

    /// <summary>For example "Reflink: EOPNOTSUPP, the file system cannot share blocks".</summary>
    /// <returns>The report in one line.</returns>
    public override string ToString() => Errno == Errno.None ? $"{Method}: {Reason}" : $"{Method}: {Errno}, {Reason}";
}

/// <summary>A pair of source and destination to test for methods.</summary>
public sealed record MethodTestRequest
{
    /// <summary>What would be read: a path, or an open handle. Bytes are moved by no method.</summary>
    public required StreamEnd Source { get; init; }

    /// <summary>What would be written: a path of a file, there or not, or of a folder; or an open handle.</summary>
    public required StreamEnd Destination { get; init; }

    /// <summary>The first byte that would be read, in bytes from the source's start; null for its beginning, or for a handle's
    /// position.</summary>
    public long? Offset { get; init; }

    /// <summary>The bytes that would be moved; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>Where they would go, in bytes from the destination's start: a file that is there is written in place then.
    /// Null: it is replaced, and a handle is written at its position.</summary>
    public long? DestinationOffset { get; init; }
}
