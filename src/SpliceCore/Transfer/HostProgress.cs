namespace Splice;

/// <summary>Progress of a transfer with one host.</summary>
/// <param name="HostName">The host as it was given.</param>
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
