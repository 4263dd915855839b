using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>One synchronization: finds what has no source, copies what differs, and removes what has no source last.</summary>
internal sealed class SyncRun(SyncRequest request, FolderPair folders, TreeMonitor monitor, Func<TransferResult, bool>? mayRemove) : ITreeSync
{
    private const long SmallLimit = 10;

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly HashSet<FileIdentity> _declined = [];
    private readonly HashSet<string?> _failedTargets = [];
    private readonly ConcurrentQueue<TransferResult> _replacements = [];
    private RemovalPlan? _plan;
    private TransferException? _obstacle;
    private long _failed;
    private long _vanished;

    public bool IsExistingOnly => request.ExistingOnly;

    private CopyRequest Copy => request.Tree.Copy;

    public TransferResult Run()
    {
        FileIdentity? created = request.Tree.IsDryRun ? null : folders.Prepare(CreateMode());
        if (request.RemoveExtra && created is null && folders.Destination is not null)
        {
            _plan = RemovalPlan.Make(request, folders, monitor.Cancellation);
            ThrowIfTooMany(_plan);
            PromptForReplacements(_plan);
        }

        var files = new CreatedFiles();
        if (created is FileIdentity known)
        {
            // What this command created need not be looked up.
            files.AddFolder(known);
        }

        // With a slash, a link to the source is followed.
        CopyRequest copy = Copy with { Source = $"{folders.SourcePath.TrimEnd('/')}/", CreatedFiles = files };
        TransferResult copied = TreeCopy.Copy(request.Tree with { Copy = copy, Sync = this }, monitor with { Failed = OnFailed });
        long replaced = ReportReplacements();
        bool isSkipped = _plan is not null && !IsWhole(_plan);
        long removed = _plan is null || isSkipped ? 0 : Remove(_plan);
        return copied with
        {
            Source = folders.SourcePath,
            Failed = _failed,
            Removed = removed + replaced,
            RemovalSkipped = isSkipped,
            Vanished = _vanished,
            Elapsed = Stopwatch.GetElapsedTime(_started),
        };
    }

    public void AddUnreadable(TransferException exception)
    {
        if (!HasVanished(exception) && exception.Id is not (TransferErrorId.SourceChanged or TransferErrorId.SourceTruncated))
        {
            Interlocked.CompareExchange(ref _obstacle, exception, null);
        }
    }

    public void ThrowIfKept(TreeEntry entry)
    {
        if (!request.RemoveExtra)
        {
            throw SyncErrors.NotEmpty(entry.DestinationPath);
        }

        long count = Replace(entry, entry.Directory.Destination!, entry.Name, removes: false);
        TransferResult planned = FindPlanned(entry, entry.Directory.Destination!, entry.Name);
        if (planned.Removed != count)
        {
            throw SyncErrors.NotCounted(entry.DestinationPath);
        }

        if (request.Tree.IsDryRun)
        {
            _replacements.Enqueue(planned);
        }
    }

    public void RemoveDirectory(SafeFileHandle parent, FileName name, TreeEntry entry)
    {
        TransferResult planned = FindPlanned(entry, parent, name);
        _replacements.Enqueue(planned with { Removed = Replace(entry, parent, name, removes: true) });
    }

    private TransferResult FindPlanned(TreeEntry entry, SafeFileHandle parent, FileName name)
    {
        FileStatus.TryGet(parent, name, followLink: false, out FileStatus? status);
        if (status is null || _plan?.Replacements.TryGetValue(status.Inode, out TransferResult? planned) != true)
        {
            throw SyncErrors.NotCounted(entry.DestinationPath);
        }

        return _declined.Contains(status.Inode) ? throw SyncErrors.Declined(entry.DestinationPath) : planned!;
    }

    /// <summary>Prompts before the copy, since the threads of the copy cannot.</summary>
    private void PromptForReplacements(RemovalPlan plan)
    {
        if (!request.Tree.IsDryRun && mayRemove is not null)
        {
            _declined.UnionWith(plan.Replacements.Where(replacement => !mayRemove(replacement.Value)).Select(replacement => replacement.Key));
        }
    }

    /// <returns>Number of entries removed.</returns>
    private long ReportReplacements()
    {
        if (request.Tree.PerFile && monitor.FileCopied is { } report)
        {
            foreach (TransferResult replacement in _replacements)
            {
                report(replacement);
            }
        }

        return _replacements.Sum(replacement => replacement.Removed);
    }

    private long Replace(TreeEntry entry, SafeFileHandle parent, FileName name, bool removes)
    {
        TransferException? kept = null;
        PathFilter? filter = request.RemoveExcluded ? null : request.Tree.Filter;
        var remover = new ExtraRemover(folders, filter, monitor.Cancellation) { Report = exception => kept ??= exception };
        using var folder = FolderCursor.At(parent, entry.Directory.DestinationPath, filter, entry.Directory);
        long count = remover.Count(folder, name, out bool isWhole);
        if (isWhole && removes)
        {
            count = remover.Remove(folder, name);
        }

        return isWhole && kept is null ? count : throw kept ?? SyncErrors.Kept(entry.DestinationPath);
    }

    private uint CreateMode()
    {
        bool isClosed = Copy.Preserve.HasFlag(PreserveAttributes.Mode)
            && (Copy.Preserve & (PreserveAttributes.Ownership | PreserveAttributes.Acl)) != PreserveAttributes.None;
        return LibC.S_IRWXU | (isClosed ? 0 : AccessControlList.PermissionsWithoutList(folders.Source, folders.SourceStatus));
    }

    private void ThrowIfTooMany(RemovalPlan plan)
    {
        long limit = request.MaximumRemoval ?? Math.Max(SmallLimit, plan.EntryCount / 2);
        if (plan.RemovalCount > limit)
        {
            TransferException exception = SyncErrors.TooManyRemovals(folders.DestinationPath, plan, limit, request.Tree.IsDryRun);
            if (!request.Tree.IsDryRun)
            {
                throw exception;
            }

            Fail(exception);
        }
    }

    /// <summary>True if all of the source is known, and the copy of it went well enough to remove what it does not have.</summary>
    private bool IsWhole(RemovalPlan plan)
    {
        if ((_obstacle ?? plan.SourceFailure) is not { } obstacle)
        {
            return true;
        }

        if (_failed == 0)
        {
            Fail(obstacle);
        }

        monitor.Warned?.Invoke(
            $"Nothing was removed from '{folders.DestinationPath}', since the source was not read and copied completely. The first error: {obstacle.Problem}");
        return false;
    }

    private void OnFailed(TransferException exception)
    {
        if (HasVanished(exception))
        {
            _vanished++;
            monitor.Warned?.Invoke($"'{exception.Target}' vanished from the source before it was copied.");
            return;
        }

        // What the destination does not permit for one entry is no reason to keep the others.
        if (exception.Id is TransferErrorId.DiskFull or TransferErrorId.WriteFailed or TransferErrorId.ReadFailed
            or TransferErrorId.FileSizeLimit or TransferErrorId.FolderChanged or TransferErrorId.ResourceExhausted)
        {
            Interlocked.CompareExchange(ref _obstacle, exception, null);
        }

        Fail(exception);
    }

    private static bool HasVanished(TransferException exception) => exception is { Id: TransferErrorId.SourceNotFound, Errno: Errno.ENOENT };

    private void Fail(TransferException exception)
    {
        _failed++;
        _failedTargets.Add(exception.Target);
        monitor.Failed?.Invoke(exception);
    }

    private long Remove(RemovalPlan plan)
    {
        // What fails in the copy and in the removal is one error.
        plan.Remover.Report = exception =>
        {
            if (!_failedTargets.Contains(exception.Target))
            {
                Fail(exception);
            }
        };
        foreach (TransferException exception in plan.Reports.ToList())
        {
            plan.Remover.Report(exception);
        }

        long removed = 0;
        foreach (PlannedFolder planned in plan.Folders)
        {
            try
            {
                removed += Remove(plan, planned);
            }
            catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
            {
                Fail(exception);
            }
        }

        return removed;
    }

    private long Remove(RemovalPlan plan, PlannedFolder planned)
    {
        using var source = FolderCursor.At(folders.Source, folders.SourcePath, request.Tree.Filter);
        using var folder = FolderCursor.At(folders.Destination!, folders.DestinationPath, request.RemoveExcluded ? null : request.Tree.Filter);
        if (!source.TryReach(planned.Names) || !folder.TryReach(planned.Names))
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
        int renamed = request.Tree.IsDryRun ? 0 : planned.Renames.Count(rename => TryRename(folder, rename.From, rename.To));
        long removed = planned.Extras.Sum(extra => Remove(plan, source, folder, extra));
        if (isOpenedUp)
        {
            LibC.ChangeMode(folder.Handle, before.Permissions);
        }

        if (request.Tree.IsDryRun || renamed + removed == 0)
        {
            return removed;
        }

        if (Copy.Preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            LibC.ChangeTimes(folder.Handle, before.AccessTime, before.ModificationTime);
        }

        if (Copy.Flush)
        {
            DiskFlush.OfFolder(folder.Handle, folder.Path, monitor.Cancellation);
        }

        return removed;
    }

    private long Remove(RemovalPlan plan, FolderCursor source, FolderCursor folder, Extra extra)
    {
        monitor.Cancellation.ThrowIfCancellationRequested();
        if (!FileStatus.TryGet(folder.Handle, extra.Name, followLink: false, out FileStatus? status).Ok)
        {
            return 0;
        }

        bool isExcluded = !source.Selects(extra.Name, status!.Kind == DescriptorKind.Directory) || TemporaryNames.Contains(extra.Name);
        if (!isExcluded && FileStatus.TryGet(source.Handle, extra.Name, followLink: false, out _).Errno != Errno.ENOENT)
        {
            // It has a source by now.
            return 0;
        }

        if (!extra.Is(status))
        {
            plan.Remover.Report(SyncErrors.Changed(folder.PathOf(extra.Name)));
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

        result = result with { Removed = plan.Remover.Remove(folder, extra.Name) };
        if (request.Tree.PerFile && result.Removed > 0)
        {
            monitor.FileCopied?.Invoke(result);
        }

        return result.Removed;
    }

    /// <summary>Gives an entry the spelling of its source. Where case does not count, rename(2) to another spelling may do nothing, so
    /// it goes over a temporary name.</summary>
    private static bool TryRename(FolderCursor folder, FileName from, FileName to)
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

        ExclusiveRename.Run(folder.Handle, temporary, from);
        return false;
    }
}
