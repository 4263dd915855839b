using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
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
            throw FileFailures.OpenSource(request.Copy.Source, looked.Errno);
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
            throw FileFailures.OpenSource(request.Copy.Source, opened.Errno);
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
        return looked.Ok ? status! : throw FileFailures.OpenSource(path, looked.Errno);
    }
}

/// <summary>A folder to copy with all that is in it.</summary>
public sealed record TreeRequest
{
    /// <summary>The folder, where it goes, and how each file of it is copied. Ranges are for single files.</summary>
    public required CopyRequest Copy { get; init; }

    /// <summary>True if symbolic links stand for what they lead to. Otherwise they are copied as links.</summary>
    public bool FollowSymlink { get; init; }

    /// <summary>Chooses the entries that are no folders by their names; null for all. Called on several threads.</summary>
    public Func<string, bool>? Includes { get; init; }

    /// <summary>Number of files copied at once; 0 for <see cref="DefaultThrottleLimit"/>.</summary>
    public int ThrottleLimit { get; init; }

    /// <summary>True if each file is reported.</summary>
    public bool PerFile { get; init; }

    /// <summary>True if folders that were there before get the source's attributes too.</summary>
    public bool AppliesToExistingFolders { get; init; }

    /// <summary>The number of processors, at most 8.</summary>
    public static int DefaultThrottleLimit => Math.Clamp(Environment.ProcessorCount, 1, 8);
}

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

/// <summary>Progress of the copy of a tree.</summary>
/// <param name="FilesCopied">The files that are complete.</param>
/// <param name="BytesCopied">The bytes that have arrived, those of files under way included.</param>
/// <param name="TotalFiles">The files of the tree; null until they are counted.</param>
/// <param name="TotalBytes">The bytes of the tree; null until they are counted.</param>
/// <param name="Elapsed">The time since the copy began.</param>
public readonly record struct TreeProgress(
    long FilesCopied, long BytesCopied, long? TotalFiles, long? TotalBytes, TimeSpan Elapsed);
