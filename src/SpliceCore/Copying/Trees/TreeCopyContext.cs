using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>State that the workers of one tree share.</summary>
internal sealed class TreeCopyContext : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Lazy<long?> _bootTime = new(DataProof.FindBootTime);
    private readonly Lazy<uint> _umask = new(() => ProcessUmask.Value);
    private readonly HashSet<FileIdentity> _destinations = [];
    private long _openRetries;

    public TreeCopyContext(TreeRequest request, int workers, CancellationToken cancellation)
    {
        Request = request;
        Queue = new WorkQueue(workers);
        MetadataWarnings = new MetadataWarnings(request.Copy.RequiresMetadata);
        Links = request.Copy.Preserve.HasFlag(PreserveAttributes.HardLink) ? new HardLinks(this) : null;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    public TreeRequest Request { get; }

    public CopyRequest Copy => Request.Copy;

    public CancellationToken Cancellation => _stop.Token;

    /// <summary>The directory at the top; null until it is created.</summary>
    public TreeDirectory? Root { get; set; }

    /// <summary>The destination at the top, to reach the entries below it again.</summary>
    public SafeFileHandle? RootDestination { get; set; }

    public DirectoryHandles Handles { get; } = new();

    public WorkQueue Queue { get; }

    /// <summary>Null where hard links are not preserved.</summary>
    public HardLinks? Links { get; }

    public MetadataWarnings MetadataWarnings { get; }

    public long OpenRetries => _openRetries;

    /// <summary>Results, errors and warnings, for the thread that started the copy.</summary>
    public BlockingCollection<object> Reports { get; } = new(Tuning.TreeReports);

    public uint Umask => _umask.Value;

    /// <summary>The time when the system was started; null where that is not known.</summary>
    public long? BootTime => _bootTime.Value;

    /// <summary>True if an entry is copied.</summary>
    public bool Selects(TreeEntry entry, bool isFolder) =>
        Request.Filter?.Selects(entry.Directory.Path, entry.Name.Bytes, isFolder, entry.Directory.IsIncluded) != false;

    /// <summary>True if no other directory of the source goes into this one of the destination, where case may not count.</summary>
    public bool IsFirstInto(FileIdentity destination)
    {
        lock (_destinations)
        {
            return _destinations.Add(destination);
        }
    }

    /// <summary>Waits where the reader of the reports is far behind.</summary>
    public void Report(object report) => Reports.Add(report, Cancellation);

    /// <summary>Stops all workers.</summary>
    public void Stop()
    {
        _stop.Cancel();
        Queue.Stop();
    }

    /// <summary>Opens an entry. Where the process may open no more files, idle directories are closed.</summary>
    public SafeFileHandle Open(SafeFileHandle directory, FileName name, int flags, object label, bool isSource)
    {
        Retrier? retrier = null;
        bool wasFull = false;
        while (true)
        {
            SysResult opened = LeasedFile.OpenAt(directory, name, flags, Cancellation, out SafeFileHandle handle);
            if (opened.Ok)
            {
                return handle;
            }

            retrier ??= Retrier.For(Copy.Retry, new TransferMonitor(null, Cancellation), new TransferCounters());
            bool isFull = opened.Errno is Errno.EMFILE or Errno.ENFILE;

            // The first time also where nothing was left to close: another thread may just have closed it.
            bool again = isFull
                ? Handles.CloseIdle() || !wasFull
                : retrier?.WaitToRetry(opened.Errno) == true;
            wasFull |= isFull;
            if (!again)
            {
                string path = label.ToString()!;
                throw (opened.Errno, isSource) switch
                {
                    // Not the kind that the directory reported, or that was created: something else is there now.
                    (Errno.ELOOP or Errno.ENOTDIR, true) or (Errno.ENOENT, false) => TreeErrors.Moved(path),
                    (Errno.ELOOP or Errno.ENOTDIR, false) => TreeErrors.NotAFolder(path),
                    (_, true) => FileFailures.OpenSource(path, opened.Errno),
                    (_, false) => FileFailures.OpenDestination(path, opened.Errno),
                };
            }

            Interlocked.Add(ref _openRetries, isFull ? 0 : 1);
        }
    }

    public void Dispose()
    {
        Handles.Dispose();
        RootDestination?.Dispose();
        Reports.Dispose();
        _stop.Dispose();
    }
}

/// <summary>Errors of trees that single files do not have.</summary>
internal static class TreeErrors
{
    public static TransferException Moved(string path) => new(TransferErrorId.FolderChanged,
        $"'{path}' was moved or replaced while it was copied. What has its name now was not changed.",
        "Copy it again while no other process changes it.",
        Errno.ESTALE, path);

    /// <summary>Adds the path to an error that does not name one.</summary>
    public static TransferException About(string path, TransferException exception) =>
        exception.WithProblem($"'{path}' was not copied. {exception.Problem}", path);

    public static TransferException NotAFolder(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' exists and is not a folder, so that a folder cannot be copied to it.",
        "Choose another destination, or remove it.",
        Errno.ENOTDIR, path);

    public static TransferException NoFolderForSeveral(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' exists and is not a folder. Several sources, wildcard matches and pipeline input go into a folder, and a path that ends in '/' is one. Nothing was copied.",
        "Specify a folder, or copy a single source by its path.",
        Errno.ENOTDIR, path);

    public static TransferException IntoItself(string source, string destination) => new(TransferErrorId.CopyIntoItself,
        $"'{destination}' is inside '{source}', and would be copied into itself endlessly. Nothing was changed.",
        "Choose a destination outside it.",
        Errno.ELOOP, destination);

    public static TransferException Range(string path, DescriptorKind kind) => new(TransferErrorId.RangeOfFolder,
        kind == DescriptorKind.Directory
            ? $"'{path}' is a folder, and a range is for a single file. Nothing was changed."
            : $"'{path}' is a {kind} and would be copied as such, without a range of bytes. Nothing was changed.",
        kind == DescriptorKind.Directory
            ? "Omit -Offset, -Count and -DestinationOffset, or specify a file."
            : "Omit -Recurse: then a link is followed, and a device is read.",
        Errno.EISDIR, path);

    public static TransferException HashOfFolder(string path) => new(TransferErrorId.ConflictingOptions,
        $"'{path}' is a folder, and a hash is for a single file. Nothing was copied.",
        "Use -PerFile, which emits a result with a hash for each file.",
        Errno.EISDIR, path);

    public static TransferException NoThreads(string path) => new(TransferErrorId.ResourceExhausted,
        $"'{path}' cannot be copied: the system cannot start another thread. Nothing was copied.",
        "End some processes, or raise the limit (ulimit -u).",
        Errno.EAGAIN, path);

    public static TransferException Loop(string path) => new(TransferErrorId.CopyIntoItself,
        $"'{path}' contains itself or the copy, through a link or a mount, and was skipped.",
        [
            "Copy without -FollowSymlink to copy links as links, or unmount what is mounted there.",
            "Unmount what is mounted there (umount), or skip it with -Exclude.",
            "Unmount what is mounted there (umount).",
        ],
        Errno.ELOOP, path);
}
