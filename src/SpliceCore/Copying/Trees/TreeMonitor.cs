namespace Splice;

/// <summary>What the engine knows of whoever copies a tree. Everything is called on the thread that started the copy.</summary>
/// <param name="FileCopied">Hears of each file, where the request wants that; may be null.</param>
/// <param name="Failed">Hears of each entry that was not copied; may be null.</param>
/// <param name="Warned">Hears what else there is to know; may be null.</param>
/// <param name="Progress">Hears a few times a second how far the copy is; may be null.</param>
/// <param name="Cancellation">Stops the copy after at most one step.</param>
public sealed record TreeMonitor(
    Action<TransferResult>? FileCopied = null,
    Action<TransferException>? Failed = null,
    Action<string>? Warned = null,
    Action<TreeProgress>? Progress = null,
    CancellationToken Cancellation = default)
{
    /// <summary>Nobody watches, nothing stops it.</summary>
    public static TreeMonitor None { get; } = new();

    /// <summary>The same for a single file.</summary>
    internal TransferMonitor ForFile() => new(
        Progress is null ? null : progress => Progress(new TreeProgress(0, progress.BytesCopied, 1, progress.TotalBytes, progress.Elapsed)),
        Cancellation);
}
