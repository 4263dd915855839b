using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>Copies a folder with everything in it, several files at once; also a single link, special file or file.</summary>
public static class TreeCopy
{
    /// <summary>Copies. An entry that fails is reported, and the copy continues.</summary>
    /// <param name="request">The source, the destination and the options.</param>
    /// <param name="monitor">Callbacks and cancellation.</param>
    /// <returns>The sums of the tree.</returns>
    /// <exception cref="TransferException">Nothing was copied (for example, the destination is inside the source), or the copy was
    /// stopped: then <see cref="TransferException.Partial"/> reports how far it got.</exception>
    public static TransferResult Copy(TreeRequest request, TreeMonitor monitor)
    {
        try
        {
            return CopyItem(request, monitor);
        }
        catch (OperationCanceledException)
        {
            throw TransferFailures.Stopped(request.Copy.Source, request.Copy.Destination, arrived: 0);
        }
    }

    private static TransferResult CopyItem(TreeRequest request, TreeMonitor monitor)
    {
        PathCheck.Name(request.Copy.Source);
        PathCheck.Name(request.Copy.Destination);
        SysResult looked = FileStatus.TryGet(request.Copy.Source, request.FollowSymlink, out FileStatus? status);
        if (!looked.Ok)
        {
            throw FileFailures.OpenSource(request.Copy.Source, looked.Errno);
        }

        if (request.IsDryRun && status!.Kind != DescriptorKind.Directory)
        {
            return FileUpdate.Preview(request.Copy, status, monitor.Cancellation);
        }

        switch (status!.Kind)
        {
            case DescriptorKind.Directory:
                CheckWhole(request.Copy, status.Kind);
                if (request is { Copy.HashAlgorithm: not null, PerFile: false })
                {
                    throw TreeErrors.HashOfFolder(request.Copy.Source);
                }

                return CopyDirectory(request, monitor);
            case DescriptorKind.SymbolicLink:
            case DescriptorKind.Fifo or DescriptorKind.Socket or DescriptorKind.Character or DescriptorKind.Block
                when request.Copy.Preserve == PreserveAttributes.All:
                CheckWhole(request.Copy, status.Kind);
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

        request.ThrowIfInvalid();
    }

    private static TransferResult CopyDirectory(TreeRequest request, TreeMonitor monitor)
    {
        CopyRequest copy = request.Copy;
        int flags = DirectoryHandles.DirectoryFlags | LibC.O_DIRECTORY | (request.FollowSymlink ? 0 : LibC.O_NOFOLLOW);
        SysResult result = LibC.Open(copy.Source, flags, out SafeFileHandle source);
        using (source)
        {
            FileStatus? status = null;
            result = result.Ok ? FileStatus.TryGet(source, out status) : result;
            if (!result.Ok)
            {
                throw FileFailures.OpenSource(copy.Source, result.Errno);
            }

            if (copy.InPlace)
            {
                copy = copy with { CreatedFiles = copy.CreatedFiles ?? new CreatedFiles() };
                copy.CreatedFiles.AddSource(copy.Source, isTree: true, request.FollowSymlink);
                request = request with { Copy = copy };
            }

            int threads = request.ThrottleLimit > 0 ? request.ThrottleLimit : TreeRequest.DefaultThrottleLimit;
            using var destination = request.Sync is null ? TreeDestination.Find(copy, status!, request.IsIntoMissing) : TreeDestination.OfContents(copy);
            using SafeFileHandle? flushed = copy.Flush && !request.IsDryRun ? DiskFlush.OpenFolder(destination.DestinationEntry) : null;
            bool isFlushedAsOne = request.IsStaged && flushed is not null && FileSystemTypes.Of(flushed).IsLocal();
            request = isFlushedAsOne ? request with { Copy = copy with { Flush = false, WritesBack = true } } : request;
            using var context = new TreeCopyContext(request, threads, monitor.Cancellation);
            DestinationEntry place = destination.DestinationEntry;
            FileName marker = PartialName.OfFolder(place.Name, status!);
            bool isMarkable = destination.IsName && request is { IsDryRun: false, Sync: null };
            if (isMarkable && copy.Resume)
            {
                ResumeMarker.Create(place.Folder, marker, place.Path);
            }

            context.Root = new DirectoryCopier(context).EnterRoot(source, status!, copy.Source, place);
            context.RootDestination = context.Root.IsPlanned ? null : TreeDestination.Reopen(context.Root.Destination!);
            context.Queue.Add(new DirectoryBatch(context.Root));
            var pool = new TreeWorkerPool(context, threads, monitor);
            TransferResult copied = pool.Run();
            if (request.Sync is null && DirectoryCopier.IsSuperfluous(context.Root, request.Filter)
                && (context.Root.IsPlanned || LibC.RemoveDirectoryAt(place.Folder, place.Name).Ok))
            {
                copied = copied with { DirectoryCount = 0 };
            }

            if (isMarkable && copied.Failed == 0)
            {
                ResumeMarker.Remove(place.Folder, marker);
            }

            if (isFlushedAsOne)
            {
                DiskFlush.OfFileSystem(flushed!, place.Path, monitor.Cancellation, pool.ReportFlushing);
            }
            else if (flushed is not null)
            {
                DiskFlush.OfName(flushed, place, copied, monitor.Cancellation, pool.ReportFlushing);
            }

            return copied;
        }
    }
}

/// <summary>A folder to copy with all that is in it.</summary>
public sealed record TreeRequest
{
    /// <summary>The folder, its destination, and the options of each file. Ranges are for single files.</summary>
    public required CopyRequest Copy { get; init; }

    /// <summary>True to copy the targets of symbolic links. Otherwise links are copied as links.</summary>
    public bool FollowSymlink { get; init; }

    /// <summary>Selects the entries; null for all.</summary>
    public PathFilter? Filter { get; init; }

    /// <summary>True if the including patterns of the filter do not apply, as all that is in the folder is included.</summary>
    public bool IncludesAll { get; init; }

    /// <summary>True to skip the content of folders that are mount points: the copies of these are empty.</summary>
    public bool OneFileSystem { get; init; }

    /// <summary>True to write nothing: the results describe what the copy would do. Their <see cref="TransferResult.BytesMoved"/> are the
    /// bytes that it would copy.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>True in a dry run if <see cref="CopyRequest.Destination"/> is missing, and the folder would be created in it.</summary>
    public bool IsIntoMissing { get; init; }

    /// <summary>True if no other program uses the copy before it is complete: where the file system is local, it is flushed as a whole
    /// and not file by file.</summary>
    internal bool IsStaged { get; init; }

    /// <summary>Makes the copy a synchronization; null for a copy.</summary>
    internal ITreeSync? Sync { get; init; }

    /// <summary>Number of files copied at once; 0 for <see cref="DefaultThrottleLimit"/>.</summary>
    public int ThrottleLimit { get; init; }

    /// <summary>True if each file is reported.</summary>
    public bool PerFile { get; init; }

    /// <summary>True if existing folders get the attributes of the source too.</summary>
    public bool AppliesToExistingFolders { get; init; }

    /// <summary>The number of processors, at most 8.</summary>
    public static int DefaultThrottleLimit => Math.Clamp(Environment.ProcessorCount, 1, 8);
}

/// <summary>Callbacks and cancellation of a tree's copy. All are called on the thread that started the copy, and may be null.</summary>
/// <param name="FileCopied">Receives the result of each file, if the request has PerFile.</param>
/// <param name="Failed">Receives the error of each entry that was not copied.</param>
/// <param name="Warned">Receives warnings.</param>
/// <param name="Progress">Receives the progress a few times a second.</param>
/// <param name="Cancellation">Stops the copy after at most one step.</param>
public sealed record TreeMonitor(
    Action<TransferResult>? FileCopied = null,
    Action<TransferException>? Failed = null,
    Action<string>? Warned = null,
    Action<TreeProgress>? Progress = null,
    CancellationToken Cancellation = default)
{
    /// <summary>No callbacks, and no cancellation.</summary>
    public static TreeMonitor None { get; } = new();

    /// <summary>Receives in a dry run each folder that would be created, if the request has PerFile.</summary>
    public Action<TransferResult>? FolderPlanned { get; init; }

    /// <summary>The same for a single file.</summary>
    internal TransferMonitor ForFile() => new(
        Progress is null ? null : progress => Progress(
            progress.Phase == TransferPhase.Copying
                ? new TreeProgress(0, progress.BytesCopied, 1, progress.TotalBytes, progress.Elapsed)
                : new TreeProgress(0, progress.TotalBytes ?? 0, 1, progress.TotalBytes, progress.Elapsed)
                {
                    Phase = progress.Phase,
                    PhaseDone = progress.BytesCopied,
                    PhaseTotal = progress.TotalBytes ?? 0,
                }),
        Cancellation);
}

/// <summary>Progress of the copy of a tree.</summary>
/// <param name="FilesCopied">Number of complete files.</param>
/// <param name="BytesCopied">Number of bytes copied, also of incomplete files; holes are not counted.</param>
/// <param name="TotalFiles">Number of files of the tree; null until they are counted.</param>
/// <param name="TotalBytes">Number of bytes of the tree without holes; null until they are counted.</param>
/// <param name="Elapsed">Time since the start.</param>
public readonly record struct TreeProgress(
    long FilesCopied, long BytesCopied, long? TotalFiles, long? TotalBytes, TimeSpan Elapsed)
{
    /// <summary>The current phase. While several files are copied, another one than copying only if no thread copies.</summary>
    public TransferPhase Phase { get; init; }

    /// <summary>Number of bytes verified of the files that are in this phase, or of items removed.</summary>
    public long PhaseDone { get; init; }

    /// <summary>Number of bytes of these files, or of items to remove.</summary>
    public long PhaseTotal { get; init; }
}
