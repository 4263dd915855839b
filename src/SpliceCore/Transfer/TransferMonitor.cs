namespace Splice;

/// <summary>What the engine knows of whoever started it: when to stop, and whom to tell how far it is.</summary>
/// <param name="Progress">Called after every step, on the transfer's own thread; may be null.</param>
/// <param name="Cancellation">Stops the transfer after at most one step, or at once where it waits.</param>
public sealed record TransferMonitor(Action<TransferProgress>? Progress = null, CancellationToken Cancellation = default)
{
    /// <summary>Nobody watches, nothing stops it.</summary>
    public static TransferMonitor None { get; } = new();

    /// <summary>Called before a call that failed is made again, on the transfer's own thread; may be null.</summary>
    public Action<TransferRetry>? Retrying { get; init; }
}
