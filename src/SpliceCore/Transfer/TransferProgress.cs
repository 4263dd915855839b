namespace Splice;

/// <summary>How far a transfer is.</summary>
/// <param name="BytesCopied">The bytes that have arrived, holes and reflinked ones included.</param>
/// <param name="TotalBytes">The bytes that will arrive, where that is known.</param>
/// <param name="Elapsed">The time since the transfer began.</param>
public readonly record struct TransferProgress(long BytesCopied, long? TotalBytes, TimeSpan Elapsed);
