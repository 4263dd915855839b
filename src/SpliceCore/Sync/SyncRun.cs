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
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly HashSet<string?> _failedTargets = [];
    private readonly ConcurrentQueue<TransferResult> _replacements = [];
    private Removal? _removal;
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
            _removal = new Removal(request, folders, monitor, mayRemove, FailOnce);
            _removal.ThrowIfTooMany();
            _removal.PromptForReplacements();
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
        bool isSkipped = _removal is not null && !IsWhole(_removal.Plan);
        long removed = _removal is null || isSkipped ? 0 : _removal.Remove();
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

        using FolderCursor folder = OpenFolder(entry.Directory.Destination!, entry);
        Removal removal = _removal ?? throw SyncErrors.NotCounted(entry.DestinationPath);
        if (removal.ThrowIfKept(folder, entry.Name, entry.DestinationPath) is { } planned && request.Tree.IsDryRun)
        {
            _replacements.Enqueue(planned);
        }
    }

    public void RemoveDirectory(SafeFileHandle parent, FileName name, TreeEntry entry)
    {
        using FolderCursor folder = OpenFolder(parent, entry);
        try
        {
            if (_removal!.Replace(folder, name, entry.DestinationPath) is { } removed)
            {
                _replacements.Enqueue(removed);
            }
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.DestinationChanged)
        {
            throw SyncErrors.ChangedAside(entry.DestinationPath, name);
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

    private FolderCursor OpenFolder(SafeFileHandle parent, TreeEntry entry) =>
        FolderCursor.At(parent, entry.Directory.DestinationPath, Removal.FilterOf(request), entry.Directory);

    private uint CreateMode()
    {
        bool isClosed = Copy.Preserve.HasFlag(PreserveAttributes.Mode)
            && (Copy.Preserve & (PreserveAttributes.Ownership | PreserveAttributes.Acl)) != PreserveAttributes.None;
        return LibC.S_IRWXU | (isClosed ? 0 : AccessControlList.PermissionsWithoutList(folders.Source!, folders.SourceStatus!));
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
            $"No extra items were removed from '{folders.DestinationPath}', since the source was not read and copied completely. The first error: {obstacle.Problem}");
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

    /// <summary>Reports an error unless the copy has failed for the same item.</summary>
    private void FailOnce(TransferException exception)
    {
        if (!_failedTargets.Contains(exception.Target))
        {
            Fail(exception);
        }
    }
}
