using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>The two folders of a synchronization, open and checked.</summary>
internal sealed class FolderPair : IDisposable
{
    private static readonly int Flags = LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NONBLOCK;
    private static readonly FileName Above = "..";

    private readonly Func<PathFilter?, ISourceFolder> _openSource;
    private bool _isLocked;

    private FolderPair(string sourcePath, string destinationPath, SafeFileHandle source, FileStatus sourceStatus)
        : this(sourcePath, destinationPath, filter => FolderCursor.At(source, sourcePath, filter))
    {
        Source = source;
        SourceStatus = sourceStatus;
    }

    /// <param name="openSource">Opens the top of a source that is not a directory here.</param>
    /// <param name="destination">The open destination, which the pair owns.</param>
    public FolderPair(string sourcePath, string destinationPath, SafeFileHandle destination, Func<PathFilter?, ISourceFolder> openSource)
        : this(sourcePath, destinationPath, openSource) => Destination = destination;

    private FolderPair(string sourcePath, string destinationPath, Func<PathFilter?, ISourceFolder> openSource)
    {
        SourcePath = sourcePath;
        DestinationPath = destinationPath;
        _openSource = openSource;
    }

    public string SourcePath { get; }

    public string DestinationPath { get; }

    /// <summary>The source; null if it is not a directory here.</summary>
    public SafeFileHandle? Source { get; }

    public FileStatus? SourceStatus { get; }

    /// <summary>The destination; null if it is missing.</summary>
    public SafeFileHandle? Destination { get; private set; }

    public FileStatus? DestinationStatus { get; private set; }

    /// <summary>True for the directory that is the source.</summary>
    public bool IsSource(FileStatus status) => status.Inode == SourceStatus?.Inode;

    /// <summary>Opens the top of the source once more.</summary>
    /// <param name="filter">Selects the entries; null for all.</param>
    public ISourceFolder OpenSource(PathFilter? filter) => _openSource(filter);

    /// <summary>Opens the folders. Nothing is changed.</summary>
    /// <exception cref="TransferException">One is not a folder, the source is empty, one is inside the other, or the destination is
    /// missing and nothing is to be added.</exception>
    public static FolderPair Open(SyncRequest request)
    {
        (string from, string to) = (request.Tree.Copy.Source, request.Tree.Copy.Destination);
        PathCheck.Name(from);
        PathCheck.Name(to);
        SysResult opened = LibC.Open(from, Flags, out SafeFileHandle source);
        FileStatus? status = null;
        opened = opened.Ok ? FileStatus.TryGet(source, out status) : opened;
        if (!opened.Ok)
        {
            source.Dispose();
            throw opened.Errno == Errno.ENOTDIR ? SyncErrors.SourceNotFolder(from) : FileFailures.OpenSource(from, opened.Errno);
        }

        var folders = new FolderPair(from, to, source, status!);
        try
        {
            folders.OpenDestination();
            folders.ThrowIfOverlapping(request);
            if (request.ExistingOnly && folders.Destination is null)
            {
                throw SyncErrors.MissingDestination(to);
            }

            if (!request.AllowEmptySource && DirectoryReader.IsEmpty(source))
            {
                throw SyncErrors.EmptySource(from);
            }

            return folders;
        }
        catch
        {
            folders.Dispose();
            throw;
        }
    }

    /// <summary>Creates the destination if it is missing, and locks it against other synchronizations.</summary>
    /// <returns>The directory that was created; null if it existed.</returns>
    public FileIdentity? Prepare(uint mode)
    {
        bool isMissing = Destination is null;
        if (isMissing)
        {
            string path = DestinationPath.TrimEnd('/');
            SysResult opened = LibC.Open(Path.GetDirectoryName(path) ?? "/", LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle parent);
            using (parent)
            {
                SysResult made = opened.Ok ? LibC.MakeDirectoryAt(parent, Path.GetFileName(path), mode) : opened;
                if (!made.Ok && made.Errno != Errno.EEXIST)
                {
                    throw FileFailures.OpenDestination(path, made.Errno);
                }

                isMissing = made.Ok;
            }

            OpenDestination();
        }

        // Some network file systems lock no directories.
        SysResult locked = LibC.Lock(Destination!);
        _isLocked = locked.Ok;
        if (locked.Errno == Errno.EAGAIN)
        {
            throw SyncErrors.Busy(DestinationPath);
        }

        return isMissing ? DestinationStatus!.Inode : null;
    }

    public void Dispose()
    {
        if (_isLocked)
        {
            LibC.Unlock(Destination!);
        }

        Source?.Dispose();
        Destination?.Dispose();
    }

    private void OpenDestination()
    {
        SysResult opened = LibC.Open(DestinationPath, Flags, out SafeFileHandle handle);
        FileStatus? status = null;
        opened = opened.Ok ? FileStatus.TryGet(handle, out status) : opened;
        if (opened.Ok)
        {
            (Destination, DestinationStatus) = (handle, status);
            return;
        }

        handle.Dispose();
        bool isMissing = opened.Errno == Errno.ENOENT && !LibC.ReadLink(DestinationPath.TrimEnd('/'), out _).Ok;
        if (!isMissing)
        {
            // A part of the path that is not a folder is ENOTDIR as well.
            bool exists = FileStatus.TryGet(DestinationPath.TrimEnd('/'), followLink: false, out _).Ok;
            throw exists && opened.Errno is Errno.ENOTDIR or Errno.ENOENT
                ? TreeErrors.NotAFolder(DestinationPath)
                : FileFailures.OpenDestination(DestinationPath, opened.Errno);
        }
    }

    /// <summary>One folder may be inside the other only where the filter keeps it out of the synchronization.</summary>
    private void ThrowIfOverlapping(SyncRequest request)
    {
        string folder = Path.GetDirectoryName(DestinationPath.TrimEnd('/')) ?? "/";
        SafeFileHandle? parent = null;
        SysResult opened = Destination is null ? LibC.Open(folder, LibC.O_PATH | LibC.O_DIRECTORY, out parent) : default;
        using (parent)
        {
            if (!opened.Ok)
            {
                throw FileFailures.OpenDestination(DestinationPath, opened.Errno);
            }

            bool isDestinationInside = IsInside(Destination ?? parent!, SourceStatus!.Inode);
            bool isSourceInside = DestinationStatus is not null && IsInside(Source!, DestinationStatus.Inode);
            string name = Destination is null ? $"/{Path.GetFileName(DestinationPath.TrimEnd('/'))}" : string.Empty;
            bool isExcluded = !request.RemoveExcluded && isDestinationInside != isSourceInside
                && (isDestinationInside
                    ? IsExcluded(request, PathOf(Source!), PathOf(Destination ?? parent!) + name)
                    : IsExcluded(request, PathOf(Destination!), PathOf(Source!)));
            if ((isDestinationInside || isSourceInside) && !isExcluded)
            {
                throw SyncErrors.Overlap(SourcePath, DestinationPath);
            }
        }
    }

    /// <summary>True if a directory is another one, or that is on the way up from it.</summary>
    private static bool IsInside(SafeFileHandle directory, FileIdentity other)
    {
        SafeFileHandle current = directory;
        FileIdentity below = default;
        try
        {
            while (FileStatus.TryGet(current, out FileStatus? status).Ok && status!.Inode != below)
            {
                if (status.Inode == other)
                {
                    return true;
                }

                below = status.Inode;
                SysResult opened = LibC.OpenAt(current, Above, LibC.O_PATH | LibC.O_DIRECTORY, 0, out SafeFileHandle next);
                if (current != directory)
                {
                    current.Dispose();
                }

                current = next;
                if (!opened.Ok)
                {
                    return false;
                }
            }

            return false;
        }
        finally
        {
            if (current != directory)
            {
                current.Dispose();
            }
        }
    }

    /// <summary>True if the filter excludes a directory, or one that it is in.</summary>
    private static bool IsExcluded(SyncRequest request, string top, string inside)
    {
        if (request.Tree.Filter is not { } filter || !inside.StartsWith($"{top.TrimEnd('/')}/", StringComparison.Ordinal))
        {
            return false;
        }

        string folder = string.Empty;
        foreach (string name in inside[top.TrimEnd('/').Length..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!filter.Selects(Encoding.UTF8.GetBytes(folder), Encoding.UTF8.GetBytes(name), isFolder: true, isInIncluded: false))
            {
                return true;
            }

            folder = folder.Length == 0 ? name : $"{folder}/{name}";
        }

        return false;
    }

    /// <summary>The path of an open directory without links.</summary>
    private static string PathOf(SafeFileHandle directory) => LibC.ReadLink(LibC.PathOf(directory), out string? path).Ok ? path! : string.Empty;
}
