namespace Splice;

/// <summary>What became of one copy of many.</summary>
/// <param name="Request">What was to be copied.</param>
/// <param name="Result">What was done; null where it failed.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
public sealed record CopyOutcome(CopyRequest Request, TransferResult? Result, TransferException? Error)
{
    /// <summary>What was decided and called for it; null where nobody keeps a journal.</summary>
    public TransferJournal? Journal { get; init; }
}
