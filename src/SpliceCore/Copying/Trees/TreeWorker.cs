using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>One of the threads that copy a tree: it goes into each folder as soon as it meets it, so that only the
/// folders on the way are kept, and gives half of a folder away where another worker has nothing to do.</summary>
internal sealed class TreeWorker(TreeJob job)
{
    private readonly EntryCopier _entries = new(job);
    private readonly FolderMaker _folders = new(job);
    private readonly Stack<TreeSlice> _path = new();

    public TreeSums Sums => _entries.Sums;

    /// <summary>Works until there is nothing left, or the job is cancelled.</summary>
    public void Run()
    {
        long before = SystemCallCount.Current;
        try
        {
            while (job.Slices.Take() is { } slice)
            {
                _path.Push(slice);
                Walk();
            }
        }
        finally
        {
            Sums.SystemCalls = SystemCallCount.Current - before;
        }
    }

    private void Walk()
    {
        while (_path.TryPeek(out TreeSlice? slice))
        {
            job.Cancellation.ThrowIfCancellationRequested();
            if (job.Slices.IsWanted && slice.Split() is { } half)
            {
                half.Folder.AddPending();
                job.Handles.Pin(half.Folder);
                job.Slices.Add(half);
            }

            if (!slice.TryTake(out FileName name, out DescriptorKind kind, out SysResult read))
            {
                if (!read.Ok)
                {
                    _entries.Fail(FileFailures.OpenSource(slice.Folder.SourcePath, read.Errno));
                }

                Leave();
            }
            else
            {
                Take(new TreeEntry(slice.Folder, name), kind);
            }
        }
    }

    private void Take(TreeEntry entry, DescriptorKind listed)
    {
        TreeFolder? folder = null;
        try
        {
            DescriptorKind kind = entry.FindKind(listed, job.Request.FollowSymlink);
            if (kind == DescriptorKind.Directory)
            {
                folder = _folders.Enter(entry);
            }
            else if (job.Request.Includes?.Invoke(entry.Name.ToString()) != false)
            {
                _entries.Copy(entry, kind);
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            _entries.Fail(exception.Target is null ? TreeErrors.About(entry.SourcePath, exception) : exception);
        }

        if (folder is not null)
        {
            Sums.Folders++;
            _path.Push(new TreeSlice(folder));
            job.Handles.Unpin(entry.Folder);
        }
    }

    /// <summary>Goes back to the folder above, which must be open again before this one is closed.</summary>
    private void Leave()
    {
        TreeFolder folder = _path.Pop().Folder;
        while (_path.TryPeek(out TreeSlice? above) && !TryReturn(above.Folder, folder))
        {
            // What is left of it cannot be reached any more. It is not complete, and stays as it is.
            _path.Pop();
        }

        Complete(folder);
    }

    private bool TryReturn(TreeFolder folder, TreeFolder inside)
    {
        try
        {
            job.Handles.Pin(folder, inside);
            return true;
        }
        catch (TransferException exception)
        {
            if (!folder.IsLost)
            {
                folder.IsLost = true;
                _entries.Fail(exception);
            }

            return false;
        }
    }

    /// <summary>Says that a part of a folder is done. With the last part the folder gets its attributes, and that may have
    /// been the last part of the one above.</summary>
    private void Complete(TreeFolder folder)
    {
        while (folder.RemovePending())
        {
            try
            {
                _folders.Finish(folder);
            }
            catch (TransferException exception)
            {
                _entries.Fail(exception);
            }

            bool goesUp = folder.Parent is { } above && TryReturn(above, folder);
            job.Handles.Unpin(folder);
            job.Handles.Close(folder);
            if (folder.IsLinked)
            {
                job.Handles.Unpin(folder.Parent!);
            }

            if (!goesUp)
            {
                return;
            }

            folder = folder.Parent!;
        }

        job.Handles.Unpin(folder);
    }
}
