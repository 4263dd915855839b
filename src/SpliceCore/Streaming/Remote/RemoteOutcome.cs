namespace Splice;

/// <summary>What became of one host.</summary>
/// <param name="Host">The host.</param>
/// <param name="Result">What was sent or received; null where it failed.</param>
/// <param name="Error">Why it failed, with how far it got; null where it did not.</param>
public sealed record RemoteOutcome(RemoteHost Host, RemoteTransferResult? Result, TransferException? Error);
