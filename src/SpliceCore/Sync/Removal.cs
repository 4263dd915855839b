using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>Removes entries of a directory that have no source, after they were counted and confirmed.</summary>
/// <param name="mayRemove">Called before an entry is removed with all that is in it, and decides that; null to remove all.</param>
/// <param name="fail">Receives the error of each entry that stays although it should not.</param>
internal sealed class Removal(
    SyncRequest request, FolderPair folders, TreeMonitor monitor, Func<TransferResult, bool>? mayRemove, Action<TransferException> fail)
{
    private const long SmallLimit = 10;

    private readonly HashSet<FileIdentity> _declined = [];

    public RemovalPlan Plan { get; } = RemovalPlan.Make(request, folders, monitor.Cancellation);

    /// <summary>The filter of what is removed; null for all.</summary>
    public static PathFilter? FilterOf(SyncRequest request) => request.RemoveExcluded ? null : request.Tree.Filter;

    /// <summary>Returns the most entries to remove.</summary>
    /// <param name="count">Number of entries in the destination.</param>
    public static long LimitOf(long? maximum, long count) => maximum ?? Math.Max(SmallLimit, count / 2);

    /// <summary>Checks that something else may replace a directory: it is empty, or it was planned and is as it was then. Thread-safe.</summary>
    /// <param name="path">Its path, for messages.</param>
    /// <returns>The planned result; null for an empty directory.</returns>
    /// <exception cref="TransferException">It is kept.</exception>
    public TransferResult? ThrowIfKept(FolderCursor folder, FileName name, string path)
    {
        TransferException? kept = null;
        if (FindReplacement(folder, name, path) is { } planned)
        {
            return Plan.Remover.OfWhole(exception => kept ??= exception).IsUnchanged(folder, name) ? planned : throw NotReplaced(kept, path);
        }

        var remover = new ExtraRemover(folders, FilterOf(request), monitor.Cancellation) { Report = exception => kept ??= exception };
        long count = remover.Count(folder, name, out bool isWhole);
        if (isWhole && count <= 1)
        {
            return null;
        }

        throw isWhole ? SyncErrors.NotCounted(path) : kept ?? SyncErrors.Kept(path);
    }

    /// <summary>Removes a directory that something else replaces, whatever its name is by now: as much of it as was planned. Thread-safe.</summary>
    /// <param name="path">Its path before, for messages.</param>
    /// <returns>The result; null for an empty directory.</returns>
    /// <exception cref="TransferException">Something of it is left.</exception>
    public TransferResult? Replace(FolderCursor folder, FileName name, string path)
    {
        if (FindReplacement(folder, name, path) is not { } planned)
        {
            return LibC.RemoveDirectoryAt(folder.Handle, name).Ok ? null : throw SyncErrors.NotCounted(path);
        }

        TransferException? kept = null;
        long removed = Plan.Remover.OfWhole(exception => kept ??= exception).Remove(folder, name, out bool isWhole);
        return isWhole ? planned with { Removed = removed } : throw NotReplaced(kept, path);
    }

    /// <summary>Prompts before the copy, since the threads of the copy cannot.</summary>
    public void PromptForReplacements()
    {
        if (!request.Tree.IsDryRun && mayRemove is not null)
        {
            _declined.UnionWith(Plan.Replacements.Where(replacement => !mayRemove(replacement.Value)).Select(replacement => replacement.Key));
        }
    }

    /// <summary>Opens the top of the destination once more.</summary>
    public FolderCursor OpenDestination() =>
        FolderCursor.At(folders.Destination!, folders.DestinationPath, FilterOf(request), includesAll: request.Tree.IncludesAll);

    /// <summary>Throws an error if more entries than permitted would be removed, and reports it in a dry run.</summary>
    public void ThrowIfTooMany()
    {
        long limit = LimitOf(request.MaximumRemoval, Plan.EntryCount);
        if (Plan.RemovalCount > limit)
        {
            TransferException exception = SyncErrors.TooManyRemovals(folders.DestinationPath, Plan.RemovalCount, Plan.EntryCount, limit, request.Tree.IsDryRun);
            if (!request.Tree.IsDryRun)
            {
                throw exception;
            }

            fail(exception);
        }
    }

    /// <summary>Removes the extra entries.</summary>
    /// <returns>Number of entries removed.</returns>
    public long Remove()
    {
        HashSet<string?> told = [];
        Plan.Remover.Report = exception =>
        {
            if (told.Add(exception.Target))
            {
                fail(exception);
            }
        };
        foreach (TransferException exception in Plan.Reports.ToList())
        {
            Plan.Remover.Report(exception);
        }

        long removed = 0;
        foreach (PlannedFolder planned in Plan.Folders)
        {
            try
            {
                removed += Remove(planned);
            }
            catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
            {
                fail(exception);
            }
        }

        return removed;
    }

    private static TransferException NotReplaced(TransferException? kept, string path) =>
        kept is null or { Id: TransferErrorId.DestinationChanged } ? SyncErrors.NotCounted(path) : kept;

    /// <summary>Returns the result of replacing a directory with entries; null if that was not planned.</summary>
    /// <exception cref="TransferException">The user has declined it.</exception>
    private TransferResult? FindReplacement(FolderCursor folder, FileName name, string path) =>
        !FileStatus.TryGet(folder.Handle, name, followLink: false, out FileStatus? directory).Ok
        || !Plan.Replacements.TryGetValue(directory!.Inode, out TransferResult? planned) ? null
        : _declined.Contains(directory.Inode) ? throw SyncErrors.Declined(path)
        : planned;

    private long Remove(PlannedFolder planned)
    {
        using ISourceFolder source = folders.OpenSource(request.Tree.Filter);
        using FolderCursor folder = OpenDestination();
        if (!planned.Names.All(name => source.TryEnter(name).Ok && folder.TryEnter(name).Ok))
        {
            // Gone on one side since: what has no source now is found the next time.
            return 0;
        }

        if (folder.Status.Inode != planned.Inode)
        {
            throw SyncErrors.Changed(folder.Path);
        }

        FileStatus before = folder.Status;
        bool isOpenedUp = !request.Tree.IsDryRun && folder.TryOpenUp();
        int renamed;
        long removed;
        try
        {
            renamed = request.Tree.IsDryRun ? 0 : planned.Renames.Count(rename => TryRename(folder, rename.From, rename.To));
            removed = planned.Extras.Sum(extra => Remove(source, folder, extra));
        }
        finally
        {
            if (isOpenedUp)
            {
                LibC.ChangeMode(folder.Handle, before.Permissions);
            }
        }

        if (request.Tree.IsDryRun || renamed + removed == 0)
        {
            return removed;
        }

        if (request.Tree.Copy.Preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            LibC.ChangeTimes(folder.Handle, before.AccessTime, before.ModificationTime);
        }

        if (request.Tree.Copy.Flush)
        {
            DiskFlush.OfFolder(folder.Handle, folder.Path, monitor.Cancellation);
        }

        return removed;
    }

    private long Remove(ISourceFolder source, FolderCursor folder, Extra extra)
    {
        monitor.Cancellation.ThrowIfCancellationRequested();
        if (!FileStatus.TryGet(folder.Handle, extra.Name, followLink: false, out FileStatus? status).Ok)
        {
            return 0;
        }

        bool isExcluded = !source.Selects(extra.Name, status!.Kind == DescriptorKind.Directory) || TemporaryNames.Contains(extra.Name);
        if (!isExcluded && source.Has(extra.Name))
        {
            // It has a source by now.
            return 0;
        }

        if (!extra.Is(status))
        {
            Plan.Remover.Report(SyncErrors.Changed(folder.PathOf(extra.Name)));
            return 0;
        }

        var result = new TransferResult
        {
            Source = source.PathOf(extra.Name),
            Destination = folder.PathOf(extra.Name),
            Status = ItemStatus.Removed,
            Reason = isExcluded ? "excluded" : "missing in the source",
            FileCount = 0,
            Removed = extra.Count,
            Attempts = [],
        };
        if (request.Tree.IsDryRun || mayRemove?.Invoke(result) == false)
        {
            if (request.Tree.IsDryRun)
            {
                monitor.FileCopied?.Invoke(result);
                return extra.Count;
            }

            return 0;
        }

        result = result with { Removed = Plan.Remover.Remove(folder, extra.Name, out _) };
        if (request.Tree.PerFile && result.Removed > 0)
        {
            monitor.FileCopied?.Invoke(result);
        }

        return result.Removed;
    }

    /// <summary>Gives an entry the spelling of its source. Where case does not count, rename(2) to another spelling may do nothing, so
    /// it goes over a temporary name.</summary>
    private bool TryRename(FolderCursor folder, FileName from, FileName to)
    {
        FileName temporary = StagedFile.TemporaryName();
        if (!ExclusiveRename.Run(folder.Handle, from, temporary).Ok)
        {
            return false;
        }

        if (ExclusiveRename.Run(folder.Handle, temporary, to).Ok)
        {
            return true;
        }

        if (ExclusiveRename.Run(folder.Handle, temporary, from) is { Ok: false } failed)
        {
            fail(FileFailures.GiveBack(folder.PathOf(from), temporary, failed.Errno));
        }

        return false;
    }
}
