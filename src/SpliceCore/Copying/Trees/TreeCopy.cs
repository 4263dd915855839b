using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice;

/// <summary>Copies a folder with all that is in it, several files at once; also a single link, special file or file.</summary>
public static class TreeCopy
{
    /// <summary>Copies. What fails in the tree is reported, and the rest goes on.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What was done in all.</returns>
    /// <exception cref="TransferException">Nothing was done (the destination is inside the source, say), or the copy was
    /// stopped: then <see cref="TransferException.Partial"/> says how far it got.</exception>
    public static TransferResult Copy(TreeRequest request, TreeMonitor monitor)
    {
        PathCheck.Name(request.Copy.Source);
        PathCheck.Name(request.Copy.Destination);
        SysResult looked = FileStatus.TryGet(request.Copy.Source, request.FollowSymlink, out FileStatus? status);
        if (!looked.Ok)
        {
            throw Failures.OpenSource(request.Copy.Source, looked.Errno);
        }

        switch (status!.Kind)
        {
            case DescriptorKind.Directory:
                CheckWhole(request.Copy, status.Kind);
                OptionCheck.Combination(request.Copy);
                return CopyFolder(request, monitor);
            case DescriptorKind.SymbolicLink:
            case DescriptorKind.Fifo or DescriptorKind.Socket or DescriptorKind.Character or DescriptorKind.Block
                when request.Copy.Preserve == PreserveAttributes.All:
                CheckWhole(request.Copy, status.Kind);
                OptionCheck.Combination(request.Copy);
                return NodeCopy.Copy(request.Copy, status.Kind, request.FollowSymlink, monitor.Cancellation);
            default:
                return FileCopy.Copy(request.Copy, monitor.ForFile());
        }
    }

    private static void CheckWhole(CopyRequest request, DescriptorKind kind)
    {
        if (!request.IsWhole)
        {
            throw TreeErrors.Range(request.Source, kind);
        }
    }

    private static TransferResult CopyFolder(TreeRequest request, TreeMonitor monitor)
    {
        int flags = FolderHandles.FolderFlags | OpenFlags.Directory | (request.FollowSymlink ? 0 : OpenFlags.NoFollow);
        SysResult opened = LibC.Open(request.Copy.Source, flags, out SafeFileHandle source);
        if (!opened.Ok)
        {
            source.Dispose();
            throw Failures.OpenSource(request.Copy.Source, opened.Errno);
        }

        // From here on it is the root folder's to close.
        return Copy(request, source, monitor);
    }

    private static TransferResult Copy(TreeRequest request, SafeFileHandle source, TreeMonitor monitor)
    {
        int threads = request.ThrottleLimit > 0 ? request.ThrottleLimit : TreeRequest.DefaultThrottleLimit;
        using var job = new TreeJob(request, threads, monitor.Cancellation);
        TreeDestination? destination = null;
        SafeFileHandle? flushed = null;
        try
        {
            FileStatus status;
            try
            {
                status = Look(source, request.Copy.Source);
                destination = TreeDestination.Find(request.Copy, status);
                flushed = request.Copy.Flush ? DiskFlush.OpenFolder(destination.Place) : null;
                if (request.Copy.Resume && destination.IsName)
                {
                    TreeMark.Make(destination.Place, status);
                }

                job.Root = new FolderMaker(job).EnterRoot(source, status, request.Copy.Source, destination.Place);
                job.RootDestination = TreeDestination.Reopen(job.Root.Destination!);
            }
            catch
            {
                source.Dispose();
                throw;
            }

            job.Slices.Add(new TreeSlice(job.Root));
            TransferResult result = new TreeCrew(job, threads, monitor).Run();
            Finish(request.Copy, status, destination, flushed, result, monitor.Cancellation);
            return result;
        }
        finally
        {
            flushed?.Dispose();
            destination?.Dispose();
        }
    }

    private static void Finish(
        CopyRequest request, FileStatus source, TreeDestination destination, SafeFileHandle? flushed, TransferResult result,
        CancellationToken cancellation)
    {
        if (request.Resume && destination.IsName && result.Failed == 0)
        {
            TreeMark.Remove(destination.Place, source);
        }

        if (flushed is not null)
        {
            DiskFlush.OfName(flushed, destination.Place, result, cancellation);
        }
    }

    private static FileStatus Look(SafeFileHandle source, string path)
    {
        SysResult looked = FileStatus.TryGet(source, out FileStatus? status);
        return looked.Ok ? status! : throw Failures.OpenSource(path, looked.Errno);
    }
}
