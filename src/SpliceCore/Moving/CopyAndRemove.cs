using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Moving;

/// <summary>Moves to another file system. The copy is built beside the destination, verified and flushed, gets its name atomically,
/// and only then is the source removed: what was copied and has not changed since.</summary>
internal sealed class CopyAndRemove(MoveRequest request, MovePlan plan, TreeMonitor monitor)
{
    private readonly TransferCounters _counters = new();
    private readonly CopiedSources _copied = new();
    private readonly List<TransferException> _kept = [];
    private CopyState _complete;
    private string? _newPath; // of an item of another process

    public TransferResult Run()
    {
        plan.ThrowIfNotRemovable();
        using SafeFileHandle flushed = DiskFlush.OpenFolder(plan.Place);
        if (plan.IsFirstIntoFolder())
        {
            StagingFolder.RemoveLeft(plan.Place, monitor.Cancellation);
        }

        using var staging = StagingFolder.Create(plan.Place);
        try
        {
            TransferResult copied = Copy(staging);
            ThrowIfIncomplete(staging);
            Publish(staging, flushed, copied);
            Remove(staging, copied);
            return copied with
            {
                Source = plan.Source,
                Destination = plan.Place.Path,
                Status = ItemStatus.Moved,
                Reason = "copied, then removed",
                Failed = _kept.Count,
                Flushed = true,
                Elapsed = _counters.Elapsed,
                Warnings = [.. copied.Warnings.Select(warning => AtDestination(staging, warning))],
            };
        }
        catch (Exception exception) when (exception is OperationCanceledException or TransferException { Id: TransferErrorId.Cancelled })
        {
            throw exception as TransferException is { Target: string target } stopped && target == plan.Place.Path
                ? stopped
                : MoveErrors.Stopped(plan.Source, plan.Place.Path, isWhole: true);
        }
    }

    private TransferResult Copy(StagingFolder staging)
    {
        List<TransferException> errors = [];
        var tree = new TreeRequest
        {
            Copy = new CopyRequest
            {
                Source = plan.Source,
                Destination = staging.Path,
                Preserve = PreserveAttributes.All,
                RequiresMetadata = true,
                Flush = true,
                Verify = request.Verify,
                RateLimit = request.RateLimit,
                Copied = _copied,
            },
            ThrottleLimit = request.ThrottleLimit > 0 ? request.ThrottleLimit : MoveRequest.DefaultThrottleLimit,
            IsStaged = true,
        };
        TransferResult? copied = null;
        try
        {
            copied = TreeCopy.Copy(tree, monitor with { Failed = errors.Add, FileCopied = null, Warned = warning => monitor.Warned?.Invoke(AtDestination(staging, warning)) });
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            errors.Add(exception);
        }

        ThrowIfAny(errors.ConvertAll(error => error.WithProblem(
            AtDestination(staging, error.Problem), error.Target is null ? plan.Source : AtDestination(staging, error.Target))));
        return copied!;
    }

    /// <summary>Another process may have removed some of the copy, such as one that removes files of a certain age.</summary>
    private void ThrowIfIncomplete(StagingFolder staging)
    {
        _complete = CopyState.Of(staging, plan.Name, monitor.Cancellation);
        if (_complete.Count != _copied.Count)
        {
            throw MoveErrors.CopyChanged(plan.Source, plan.Place.Path);
        }
    }

    private void Publish(StagingFolder staging, SafeFileHandle flushed, TransferResult copied)
    {
        SysResult renamed = Rename(staging.Handle, plan.Name, plan.Place.Folder, plan.Place.Name, plan.Place.Replaces);
        if (!renamed.Ok)
        {
            throw MoveErrors.Rename(plan.Source, plan.Place.Path, renamed.Errno);
        }

        try
        {
            DiskFlush.OfFolder(flushed, plan.Place.Path, monitor.Cancellation, () => Report(copied, TransferPhase.Flushing, done: 0));
        }
        catch (OperationCanceledException)
        {
            throw WithNewPath(TakeBack(staging)
                ? MoveErrors.Stopped(plan.Source, plan.Place.Path, isWhole: true)
                : MoveErrors.StoppedBeforeFlush(plan.Source, plan.Place.Path));
        }
        catch (TransferException exception)
        {
            throw WithNewPath(TakeBack(staging)
                ? FileFailures.Flush(plan.Place.Path, exception.Errno, "fsync(2) of the folder").Adding($"'{plan.Source}' was not moved.")
                : exception);
        }

        if (FileStatus.TryGet(plan.Place.Folder, plan.Place.Name, followLink: false, out FileStatus? moved).Ok)
        {
            plan.AddToCreated(moved!);
        }
    }

    /// <summary>Removes the source. If none of it can be removed, the copy goes.</summary>
    private void Remove(StagingFolder staging, TransferResult copied)
    {
        long removed = 0;
        TimeSpan next = _counters.Elapsed;
        var remover = new TreeRemover(IsCopied, _kept.Add, monitor.Cancellation)
        {
            Removed = _ =>
            {
                removed++;
                if (_counters.Elapsed >= next)
                {
                    next = _counters.Elapsed + Tuning.ReportInterval;
                    Report(copied, TransferPhase.Removing, removed);
                }
            },
        };
        bool isStopped = false;
        try
        {
            remover.Remove(plan.Folder, plan.Name, plan.FolderPath);
        }
        catch (OperationCanceledException)
        {
            isStopped = true;
        }
        catch (TransferException exception)
        {
            _kept.Add(exception);
        }

        bool isWhole = remover.Files + remover.Directories == 0 && (isStopped || _kept.Count > 0) && TakeBack(staging);
        if (isStopped)
        {
            throw WithNewPath(MoveErrors.Stopped(plan.Source, plan.Place.Path, isWhole));
        }

        if (_kept.Count > 0)
        {
            _kept[0] = WithNewPath(_kept[0]);
        }

        if (isWhole)
        {
            ThrowIfAny(_kept);
        }

        _kept.ForEach(error => monitor.Failed?.Invoke(error));
    }

    private void Report(TransferResult copied, TransferPhase phase, long done)
    {
        long bytes = copied.BytesCopied - copied.BytesInHoles;
        monitor.Progress?.Invoke(new TreeProgress(copied.FileCount, bytes, copied.FileCount, bytes, _counters.Elapsed)
        {
            Phase = phase,
            PhaseDone = done,
            PhaseTotal = copied.FileCount + copied.DirectoryCount,
        });
    }

    private bool IsCopied(RemovalEntry entry)
    {
        bool isCopied = _copied.Contains(entry.Folder.Status?.Inode ?? default, entry.Name, entry.Status);
        if (!isCopied)
        {
            _kept.Add(MoveErrors.Kept(entry.Path));
        }

        return isCopied;
    }

    /// <summary>Returns the copy to the staging folder, with which it is removed. What another process has given the name, or has put into
    /// the copy, stays in place.</summary>
    /// <returns>True if the copy is not at the destination any more.</returns>
    private bool TakeBack(StagingFolder staging)
    {
        if (plan.Place.Replaces)
        {
            return false;
        }

        SysResult renamed = Rename(plan.Place.Folder, plan.Place.Name, staging.Handle, plan.Name, replaces: false);
        if (!renamed.Ok)
        {
            return renamed.Errno == Errno.ENOENT;
        }

        CopyState state = CopyState.Of(staging, plan.Name, CancellationToken.None);
        if (state == _complete)
        {
            return true;
        }

        if (!Rename(staging.Handle, plan.Name, plan.Place.Folder, plan.Place.Name, replaces: false).Ok)
        {
            _newPath = KeepBeside(staging);
        }

        return state.Inode != _complete.Inode;
    }

    /// <summary>Gives an item of another process, or a copy that has one in it, another name, or keeps it in the staging folder.</summary>
    /// <returns>Its path.</returns>
    private string KeepBeside(StagingFolder staging)
    {
        FileName name = StagedFile.KeptName(plan.Place.Name);
        if (Rename(staging.Handle, plan.Name, plan.Place.Folder, name, replaces: false).Ok)
        {
            return TreeDirectory.Join(Path.GetDirectoryName(plan.Place.Path) ?? "/", name);
        }

        staging.Keep();
        return TreeDirectory.Join(staging.Path, plan.Name);
    }

    private TransferException WithNewPath(TransferException error) => _newPath is null
        ? error
        : error.Adding($"What another process changed at '{plan.Place.Path}' is now '{_newPath}'. Rename it before the next move.");

    /// <summary>To change its "..", a directory has to be writable for others than root.</summary>
    private static SysResult Rename(SafeFileHandle folder, FileName name, SafeFileHandle newFolder, FileName newName, bool replaces)
    {
        SysResult renamed = MovePlan.Rename(folder, name, newFolder, newName, replaces);
        if (renamed.Errno != Errno.EACCES)
        {
            return renamed;
        }

        SysResult opened = LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_DIRECTORY | LibC.O_NOFOLLOW, 0, out SafeFileHandle directory);
        using (directory)
        {
            if (opened.Ok && FileStatus.TryGet(directory, out FileStatus? status).Ok
                && LibC.ChangeModeOfPath(directory, status!.Permissions | LibC.S_IRWXU).Ok)
            {
                renamed = MovePlan.Rename(folder, name, newFolder, newName, replaces);
                LibC.ChangeModeOfPath(directory, status.Permissions);
            }
        }

        return renamed;
    }

    /// <summary>Reports all errors, the first by throwing it.</summary>
    private void ThrowIfAny(List<TransferException> errors)
    {
        if (errors.Count > 0)
        {
            errors.Skip(1).ToList().ForEach(error => monitor.Failed?.Invoke(error));
            throw errors[0].Adding($"'{plan.Source}' was not moved.");
        }
    }

    /// <summary>Names the destination in place of the copy that is being built.</summary>
    private string AtDestination(StagingFolder staging, string text) =>
        text.Replace(TreeDirectory.Join(staging.Path, plan.Name), plan.Place.Path, StringComparison.Ordinal);
}
