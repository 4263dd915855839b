using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>The destination of a tree, or of a single link or special file: an entry of an existing directory, or a missing
/// name.</summary>
internal sealed class TreeDestination : IDisposable
{
    private static readonly int DirectoryFlags = LibC.O_PATH | LibC.O_DIRECTORY;

    private static readonly FileName Above = "..";
    private static readonly FileName Self = ".";

    private TreeDestination(DestinationEntry place, bool isName)
    {
        DestinationEntry = place;
        IsName = isName;
    }

    public DestinationEntry DestinationEntry { get; }

    /// <summary>True if the path is the copy's own, and not that of the directory that it goes into.</summary>
    public bool IsName { get; }

    /// <summary>Finds the destination, and checks it before anything is created.</summary>
    /// <param name="isIntoMissing">True in a dry run if the run would create the destination, and copy into it.</param>
    public static TreeDestination Find(CopyRequest request, FileStatus source, bool isIntoMissing = false)
    {
        string path = request.Destination;
        bool isTree = source.Kind == DescriptorKind.Directory;
        LinkCheck.ThrowIfMade(request.CreatedFiles, request.Source, path);
        string name = Path.GetFileName(request.Source.TrimEnd('/'));
        SysResult opened = LibC.Open(path, DirectoryFlags, out SafeFileHandle directory);
        bool isName = opened.Errno is Errno.ENOENT or Errno.ENOTDIR
            || (opened.Ok && isTree && IsContinued(request, source, path.TrimEnd('/')));
        if (!isName)
        {
            path = Path.Join(path, name);
        }
        else if (isTree && opened.Errno == Errno.ENOTDIR && FileStatus.TryGet(path, followLink: true, out _).Ok)
        {
            throw TreeErrors.NotAFolder(path);
        }
        else
        {
            path = path.TrimEnd('/');
            name = Path.GetFileName(path);
            directory.Dispose();
            opened = LibC.Open(Path.GetDirectoryName(path) ?? "/", DirectoryFlags, out directory);
        }

        try
        {
            if (!opened.Ok)
            {
                throw FileFailures.OpenDestination(path, opened.Errno);
            }

            // As cp -r does: such a source has no last name, and ".." would lead out of the destination.
            FileName fileName = name is "" or ".." ? Self : name;
            FileStatus.TryGet(directory, fileName, followLink: false, out FileStatus? existing);
            if (existing?.Inode == source.Inode)
            {
                throw RangeCheck.SameFile(request.Source, path);
            }

            if (isTree)
            {
                ThrowIfInside(request.Source, source, directory, path);
            }

            string label = isIntoMissing ? Path.Join(path, Path.GetFileName(request.Source.TrimEnd('/'))) : path;
            return new TreeDestination(new DestinationEntry(directory, fileName, existing, label, MayReplace: false), isName);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Finds the destination of a tree whose entries go into it.</summary>
    public static TreeDestination OfContents(CopyRequest request)
    {
        string path = request.Destination.Length > 1 ? request.Destination.TrimEnd('/') : request.Destination;
        FileName name = Self;
        SysResult opened = LibC.Open(path, DirectoryFlags, out SafeFileHandle directory);
        FileStatus? existing = null;
        if (opened.Errno == Errno.ENOENT)
        {
            directory.Dispose();
            name = Path.GetFileName(path);
            opened = LibC.Open(Path.GetDirectoryName(path) ?? "/", DirectoryFlags, out directory);
        }

        opened = opened.Ok && name == Self ? FileStatus.TryGet(directory, out existing) : opened;
        if (opened.Ok)
        {
            return new TreeDestination(new DestinationEntry(directory, name, existing, path, MayReplace: false), isName: true);
        }

        directory.Dispose();
        throw opened.Errno == Errno.ENOTDIR && FileStatus.TryGet(path, followLink: true, out _).Ok
            ? TreeErrors.NotAFolder(path)
            : FileFailures.OpenDestination(path, opened.Errno);
    }

    /// <summary>Opens the top of the tree with a handle that stays open.</summary>
    public static SafeFileHandle Reopen(SafeFileHandle directory)
    {
        SysResult opened = LibC.OpenAt(directory, Self, DirectoryFlags, 0, out SafeFileHandle handle);
        if (opened.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw FileFailures.OpenDestination(LibC.PathOf(directory), opened.Errno);
    }

    public void Dispose() => DestinationEntry.Folder.Dispose();

    private static bool IsContinued(CopyRequest request, FileStatus source, string path) =>
        (request.Resume || request.Update != UpdateMode.Always) && ResumeMarker.Exists(path, PartialName.OfFolder(Path.GetFileName(path), source));

    /// <summary>The source must not be on the way from the destination up to the root.</summary>
    private static void ThrowIfInside(string sourcePath, FileStatus source, SafeFileHandle directory, string path)
    {
        SafeFileHandle current = Reopen(directory);
        FileIdentity below = default;
        SysResult opened = default;
        while (opened.Ok && FileStatus.TryGet(current, out FileStatus? status).Ok && status!.Inode != below)
        {
            if (status.Inode == source.Inode)
            {
                current.Dispose();
                throw TreeErrors.IntoItself(sourcePath, path);
            }

            below = status.Inode;
            opened = LibC.OpenAt(current, Above, DirectoryFlags, 0, out SafeFileHandle next);
            current.Dispose();
            current = next;
        }

        current.Dispose();
    }
}

/// <summary>An empty file beside a tree that is copied with -Resume to a missing name. By it the next run recognizes the directory
/// as the copy, and not as one to copy into.</summary>
internal static class ResumeMarker
{
    /// <summary>True if a copy to the path was begun and not completed. FAT and other file systems choose the owner of all items: there
    /// it is the directory's.</summary>
    /// <param name="path">The path of the copy, without a slash at the end.</param>
    /// <param name="marker">The name for the copy and its source, of <see cref="PartialName"/>.</param>
    public static bool Exists(string path, FileName marker)
    {
        SysResult result = LibC.Open(Path.GetDirectoryName(path) ?? "/", LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle directory);
        using (directory)
        {
            return result.Ok && FileStatus.TryGet(directory, marker, followLink: false, out FileStatus? status).Ok
                && status!.Kind == DescriptorKind.Regular
                && (status.UserId == LibC.EffectiveUserId
                    || (FileStatus.TryGet(path, followLink: true, out FileStatus? copy).Ok && status.UserId == copy!.UserId));
        }
    }

    /// <exception cref="TransferException">It cannot be created.</exception>
    public static void Create(SafeFileHandle folder, FileName marker, string path)
    {
        SysResult made = LibC.OpenAt(folder, marker, LibC.O_WRONLY | LibC.O_CREAT | LibC.O_EXCL, ModeBits.Private, out SafeFileHandle file);
        file.Dispose();
        if (!made.Ok && made.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(path, made.Errno);
        }
    }

    public static void Remove(SafeFileHandle folder, FileName marker) => LibC.UnlinkAt(folder, marker);
}
