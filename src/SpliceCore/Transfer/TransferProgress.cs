namespace Splice;

/// <summary>Progress of a transfer.</summary>
/// <param name="BytesCopied">The bytes that have arrived, or were compared, reflinked ones included.</param>
/// <param name="TotalBytes">The bytes that will arrive, where that is known.</param>
/// <param name="Elapsed">The time since the transfer began.</param>
public readonly record struct TransferProgress(long BytesCopied, long? TotalBytes, TimeSpan Elapsed)
{
    /// <summary>The bytes of holes that were recreated, which take no time and are not among those copied.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>The current phase.</summary>
    public TransferPhase Phase { get; init; }

    /// <summary>The progress with each host, valid during the call; null for other transfers.</summary>
    public IEnumerable<HostProgress>? Hosts { get; init; }
}

/// <summary>Progress of a transfer with one host.</summary>
/// <param name="HostName">The host as specified.</param>
/// <param name="Phase">The current phase.</param>
/// <param name="BytesCopied">Number of bytes transferred, without those of an interrupted transfer that is resumed.</param>
/// <param name="TotalBytes">Number of bytes to transfer, where it is known.</param>
public readonly record struct HostProgress(string HostName, TransferPhase Phase, long BytesCopied, long? TotalBytes)
{
    /// <summary>Returns the phase of several hosts together: copying, if any host is.</summary>
    internal static TransferPhase PhaseOf(IEnumerable<TransferPhase> phases) => phases
        .DefaultIfEmpty(TransferPhase.Copying)
        .MinBy(phase => phase is TransferPhase.Copying ? 0 : phase is TransferPhase.Connecting ? 1 : 2);
}

/// <summary>Phase of a transfer.</summary>
public enum TransferPhase
{
    /// <summary>Moves bytes.</summary>
    Copying = 0,

    /// <summary>Waits until the bytes are on the disk.</summary>
    Flushing,

    /// <summary>Reads source and destination again, and compares them.</summary>
    Verifying,

    /// <summary>Removes the source of a move to another file system.</summary>
    Removing,

    /// <summary>Connects to a host.</summary>
    Connecting,
}
