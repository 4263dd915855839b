using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>One of the threads that copy a tree. It enters each directory as soon as it finds it, so that only those on the path
/// are kept, and gives half of a directory away where another worker waits for work.</summary>
internal sealed class TreeWorker(TreeCopyContext context)
{
    private readonly EntryCopier _entries = new(context);
    private readonly DirectoryCopier _directories = new(context);
    private readonly Stack<DirectoryBatch> _path = new();

    public TreeCounters Counters => _entries.Counters;

    /// <summary>Works until nothing is left, or the copy is cancelled.</summary>
    public void Run()
    {
        long before = SystemCallCount.Current;
        try
        {
            while (context.Queue.WaitToTake() is { } batch)
            {
                _path.Push(batch);
                Counters.IsWorking = true;
                Walk();
                Counters.IsWorking = false;
            }
        }
        finally
        {
            Counters.SystemCalls = SystemCallCount.Current - before;
        }
    }

    private void Walk()
    {
        while (_path.TryPeek(out DirectoryBatch? batch))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (context.Queue.IsWanted && batch.Split() is { } half)
            {
                half.Directory.AddPending();
                context.Handles.Pin(half.Directory);
                context.Queue.Add(half);
            }

            if (batch.TryRead(out FileName name, out DescriptorKind listed, out SysResult read))
            {
                Copy(new TreeEntry(batch.Directory, name), listed);
                continue;
            }

            if (!read.Ok)
            {
                FailToRead(FileFailures.ListFolder(batch.Directory.SourcePath, read.Errno));
            }

            Leave();
        }
    }

    private void Copy(TreeEntry entry, DescriptorKind listed)
    {
        TreeDirectory? directory = null;
        try
        {
            DescriptorKind kind = entry.FindKind(listed, context.Request.FollowSymlink);
            if (!context.Selects(entry, kind == DescriptorKind.Directory)
                || (context.Request.Sync is not null && TemporaryNames.Contains(entry.Name)))
            {
                return;
            }

            if (kind == DescriptorKind.Directory)
            {
                directory = _directories.Enter(entry);
            }
            else
            {
                _entries.Copy(entry, kind);
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            TransferException failure = exception.Target is null ? TreeErrors.About(entry.SourcePath, exception) : exception;
            _entries.Fail(failure);
            if (failure.Target as string == entry.SourcePath && failure.Errno != Errno.ENOENT)
            {
                context.Request.Sync?.AddUnreadable(failure);
            }
        }

        if (directory is not null)
        {
            Counters.Directories++;
            _path.Push(new DirectoryBatch(directory));
            context.Handles.Unpin(entry.Directory);
        }
    }

    private void FailToRead(TransferException exception)
    {
        _entries.Fail(exception);
        context.Request.Sync?.AddUnreadable(exception);
    }

    /// <summary>Returns to the parent, which must be open again before the directory is closed.</summary>
    private void Leave()
    {
        TreeDirectory directory = _path.Pop().Directory;
        while (_path.TryPeek(out DirectoryBatch? above) && !TryReturn(above.Directory, directory))
        {
            // The rest of it cannot be reached any more. It is not complete, and stays as it is.
            _path.Pop();
        }

        Complete(directory);
    }

    private bool TryReturn(TreeDirectory directory, TreeDirectory inside)
    {
        try
        {
            context.Handles.Pin(directory, inside);
            return true;
        }
        catch (TransferException exception)
        {
            if (!directory.IsLost)
            {
                directory.IsLost = true;
                FailToRead(exception);
            }

            return false;
        }
    }

    /// <summary>Counts a part of a directory as done. After the last part the directory gets its attributes, and that may have been
    /// the last part of its parent.</summary>
    private void Complete(TreeDirectory directory)
    {
        while (directory.RemovePending())
        {
            try
            {
                _directories.Finish(directory, waiting: () => Counters.Phase = TransferPhase.Flushing);
                Counters.Phase = TransferPhase.Copying;
            }
            catch (TransferException exception)
            {
                _entries.Fail(exception);
            }

            bool goesUp = directory.Parent is { } above && TryReturn(above, directory);
            if (goesUp && _directories.RemoveIfEmpty(directory))
            {
                Counters.Directories--;
            }
            else
            {
                _directories.ReportIfPlanned(directory);
            }

            context.Handles.Unpin(directory);
            context.Handles.Close(directory);
            if (directory.IsLinked)
            {
                context.Handles.Unpin(directory.Parent!);
            }

            if (!goesUp)
            {
                return;
            }

            directory = directory.Parent!;
        }

        context.Handles.Unpin(directory);
    }
}

/// <summary>Entries of a directory that one worker copies one by one. The second half can be given to another worker.</summary>
internal sealed class DirectoryBatch(TreeDirectory directory, DirectoryReader reader = default)
{
    private DirectoryReader _reader = reader;

    public TreeDirectory Directory => directory;

    public bool TryRead(out FileName name, out DescriptorKind kind, out SysResult result) =>
        directory.IsNotEntered ? ReadNothing(out name, out kind, out result) : _reader.TryRead(directory.Source!, out name, out kind, out result);

    private static bool ReadNothing(out FileName name, out DescriptorKind kind, out SysResult result)
    {
        (name, kind, result) = (default, default, default);
        return false;
    }

    public DirectoryBatch? Split() => _reader.Split() is { } half ? new DirectoryBatch(directory, half) : null;
}

/// <summary>Batches that one worker gives to another. All is done when every worker waits.</summary>
internal sealed class WorkQueue(int workers)
{
    private readonly object _lock = new();
    private readonly Queue<DirectoryBatch> _batches = new();
    private int _workers = workers;
    private int _waiting;
    private bool _isStopped;
    private volatile bool _isWanted;

    /// <summary>True if a worker waits for work.</summary>
    public bool IsWanted => _isWanted;

    public void Add(DirectoryBatch batch)
    {
        lock (_lock)
        {
            _batches.Enqueue(batch);
            _isWanted = _waiting > _batches.Count;
            Monitor.Pulse(_lock);
        }
    }

    /// <returns>Null when all is done, or the copy was stopped.</returns>
    public DirectoryBatch? WaitToTake()
    {
        lock (_lock)
        {
            _waiting++;
            while (_batches.Count == 0 && !_isStopped)
            {
                if (_waiting == _workers)
                {
                    Stop();
                    break;
                }

                _isWanted = true;
                Monitor.Wait(_lock);
            }

            _waiting--;
            bool found = _batches.TryDequeue(out DirectoryBatch? batch);
            _isWanted = _waiting > _batches.Count;
            return found && !_isStopped ? batch : null;
        }
    }

    /// <returns>Number of workers left.</returns>
    public int RemoveWorker()
    {
        lock (_lock)
        {
            _workers--;
            if (_waiting == _workers && _batches.Count == 0)
            {
                Stop();
            }

            return _workers;
        }
    }

    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            Monitor.PulseAll(_lock);
        }
    }
}

/// <summary>Counts of one worker, which other threads may read at any time.</summary>
internal sealed class TreeCounters
{
    public long Files { get; set; }

    public long Directories { get; set; }

    public long Updated { get; set; }

    public long Unchanged { get; set; }

    /// <summary>Number of entries that are unchanged, but perhaps for their metadata.</summary>
    public long ContentKept { get; set; }

    public long Skipped { get; set; }

    public long Failed { get; set; }

    public long SystemCalls { get; set; }

    /// <summary>Bytes of the file that is being copied.</summary>
    public long BytesInProgress { get; private set; }

    /// <summary>True unless the worker waits for work.</summary>
    public bool IsWorking { get; set; }

    public TransferPhase Phase { get; set; }

    /// <summary>Bytes of the file that are verified or flushed.</summary>
    public long PhaseDone { get; private set; }

    /// <summary>Bytes of the file that are to be verified or flushed.</summary>
    public long PhaseTotal { get; private set; }

    /// <summary>The counts of all files that are complete.</summary>
    public TransferCounters Transfers { get; } = new();

    /// <summary>Counts an entry that is not a directory.</summary>
    public void Add(EntryDecision decision)
    {
        ItemStatus status = decision.Status;
        Files += status == ItemStatus.Skipped ? 0 : 1;
        Updated += status == ItemStatus.Updated ? 1 : 0;
        Unchanged += status == ItemStatus.Unchanged ? 1 : 0;
        ContentKept += status == ItemStatus.Unchanged || decision.IsMetadataOnly ? 1 : 0;
        Skipped += status == ItemStatus.Skipped ? 1 : 0;
    }

    public void Add(TransferCounters file)
    {
        Transfers.Add(file);
        EndFile();
    }

    /// <summary>Takes the progress of the file that is being copied.</summary>
    public void Take(TransferProgress progress)
    {
        if (progress.Phase == TransferPhase.Copying)
        {
            BytesInProgress = progress.BytesCopied;
        }
        else
        {
            (PhaseDone, PhaseTotal) = (progress.BytesCopied, progress.TotalBytes ?? 0);
        }

        Phase = progress.Phase;
    }

    /// <summary>Ends a file, complete or not.</summary>
    public void EndFile()
    {
        BytesInProgress = 0;
        Phase = TransferPhase.Copying;
    }

    public void Add(TreeCounters other)
    {
        Files += other.Files;
        Directories += other.Directories;
        Updated += other.Updated;
        Unchanged += other.Unchanged;
        ContentKept += other.ContentKept;
        Skipped += other.Skipped;
        Failed += other.Failed;
        SystemCalls += other.SystemCalls;
        Transfers.Add(other.Transfers);
    }
}
