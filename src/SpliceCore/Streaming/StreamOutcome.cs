namespace Splice;

/// <summary>What became of one destination.</summary>
/// <param name="Result">What it got; null where it failed.</param>
/// <param name="Error">Why it failed, with how far it got; null where it did not.</param>
public sealed record StreamOutcome(TransferResult? Result, TransferException? Error)
{
    /// <summary>What has arrived there, in bytes.</summary>
    public long BytesCopied => (Result ?? Error?.Partial)?.BytesCopied ?? 0;
}
