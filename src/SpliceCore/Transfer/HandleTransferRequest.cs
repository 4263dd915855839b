using System.Runtime.InteropServices;

namespace Splice;

/// <summary>One transfer between two open handles. They stay the caller's, and open.</summary>
public sealed record HandleTransferRequest
{
    /// <summary>The handle to read.</summary>
    public required SafeHandle Source { get; init; }

    /// <summary>The handle to write.</summary>
    public required SafeHandle Destination { get; init; }

    /// <summary>How messages and the result call the source; null for what the descriptor stands for.</summary>
    public string? SourceName { get; init; }

    /// <summary>How messages and the result call the destination; null for what the descriptor stands for.</summary>
    public string? DestinationName { get; init; }

    /// <summary>Where to read, in bytes from the source's start; its own position is left alone. Null: from its
    /// position, which moves on.</summary>
    public long? Offset { get; init; }

    /// <summary>Where to write, in bytes from the destination's start; its own position is left alone. Null: at its
    /// position, which moves on.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>The bytes to move; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>How to move the bytes.</summary>
    public TransferMethod Method { get; init; } = TransferMethod.Splice;

    /// <summary>Flags for splice(2). With <see cref="SpliceFlags.NonBlock"/> the transfer ends where it would wait.</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>The capacity to ask for where splice(2) needs a pipe of its own, in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }
}
