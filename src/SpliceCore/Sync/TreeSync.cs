using Splice.Sync;

namespace Splice;

/// <summary>Makes a folder equal to another: adds and updates what differs, and removes what the other does not have if that is
/// requested.</summary>
public static class TreeSync
{
    /// <summary>Synchronizes. An entry that fails is reported, and the rest continues.</summary>
    /// <param name="request">The folders and the options.</param>
    /// <param name="monitor">Callbacks and cancellation. <see cref="TreeMonitor.FileCopied"/> also receives what is removed.</param>
    /// <param name="mayRemove">Called before an entry without a source is removed with all that is in it, and decides that; null to remove all.</param>
    /// <returns>The sums of both trees.</returns>
    /// <exception cref="TransferException">Nothing was changed (for example, the source is empty), or it was stopped: then
    /// <see cref="TransferException.Partial"/> reports how far it got.</exception>
    public static TransferResult Sync(SyncRequest request, TreeMonitor monitor, Func<TransferResult, bool>? mayRemove = null)
    {
        using var folders = FolderPair.Open(request);
        try
        {
            return new SyncRun(request, folders, monitor, mayRemove).Run();
        }
        catch (OperationCanceledException)
        {
            throw SyncErrors.Stopped(folders);
        }
    }
}

/// <summary>Two folders of which the second is made equal to the first.</summary>
public sealed record SyncRequest
{
    /// <summary>The folders, and the options of their entries. What is in the source goes into the destination itself, which is created
    /// if it is missing.</summary>
    public required TreeRequest Tree { get; init; }

    /// <summary>True if what the source does not have is removed from the destination.</summary>
    public bool RemoveExtra { get; init; }

    /// <summary>The most entries to remove, with all that is in folders; null for half of the destination's, or 10 if that is more. If
    /// there are more, nothing is changed.</summary>
    public long? MaximumRemoval { get; init; }

    /// <summary>True if the source may be empty. Otherwise that is an error.</summary>
    public bool AllowEmptySource { get; init; }

    /// <summary>True if what the filter excludes is removed from the destination. Otherwise it is left alone.</summary>
    public bool RemoveExcluded { get; init; }

    /// <summary>True if what is missing in the destination is not added. A missing destination is an error.</summary>
    public bool ExistingOnly { get; init; }
}
