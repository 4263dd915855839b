using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Where a tree, or a single link, goes: into a folder that is there, or under a name that is not.</summary>
internal sealed class TreeDestination : IDisposable
{
    private static readonly int FolderFlags = OpenFlags.PathOnly | OpenFlags.Directory;

    private static readonly FileName Above = "..";
    private static readonly FileName Here = ".";

    private TreeDestination(Place place, bool isName)
    {
        Place = place;
        IsName = isName;
    }

    public Place Place { get; }

    /// <summary>True if the destination is the copy's own name, and not the folder that takes it in.</summary>
    public bool IsName { get; }

    /// <summary>Finds the place, and looks for what forbids to copy there, before anything is made.</summary>
    /// <exception cref="TransferException">The tree cannot be copied there.</exception>
    public static TreeDestination Find(CopyRequest request, FileStatus source)
    {
        string path = request.Destination;
        LinkCheck.ThrowIfMade(request.Ledger, request.Source, path);
        string name = Path.GetFileName(request.Source.TrimEnd('/'));
        SafeFileHandle folder = Open(path, out SysResult opened);
        bool goesOn = opened.Ok && request.Resume && source.Kind == DescriptorKind.Directory && WasBegun(path, source);
        bool isName = goesOn || opened.Errno is Errno.ENOENT or Errno.ENOTDIR;
        if (isName)
        {
            bool isFile = opened.Errno == Errno.ENOTDIR && FileStatus.TryGet(path, followLink: true, out _).Ok;
            if (isFile && source.Kind == DescriptorKind.Directory)
            {
                throw TreeErrors.NotAFolder(path);
            }

            path = path.TrimEnd('/');
            name = Path.GetFileName(path);
            folder.Dispose();
            folder = Open(Path.GetDirectoryName(path) ?? "/", out opened);
        }
        else
        {
            path = Path.Join(path, name);
        }

        try
        {
            if (!opened.Ok)
            {
                throw FileFailures.OpenDestination(path, opened.Errno);
            }

            // cp -r does so too: the source's last name is none, and ".." would lead out of the destination.
            FileName fileName = name is "" or ".." ? Here : name;
            FileStatus.TryGet(folder, fileName, followLink: false, out FileStatus? existing);
            if (existing?.Inode == source.Inode)
            {
                throw Transfer.RangeCheck.SameFile(request.Source, path);
            }

            if (source.Kind == DescriptorKind.Directory)
            {
                CheckOutside(request.Source, source, folder, path);
            }

            return new TreeDestination(new Place(folder, fileName, existing, path, MayReplace: false), isName);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A handle of the tree's top that stays open whatever happens to the other.</summary>
    public static SafeFileHandle Reopen(SafeFileHandle folder)
    {
        SysResult opened = LibC.OpenAt(folder, Here, FolderFlags, 0, out SafeFileHandle again);
        if (opened.Ok)
        {
            return again;
        }

        again.Dispose();
        throw FileFailures.OpenDestination(LibC.PathOf(folder), opened.Errno);
    }

    public void Dispose() => Place.Folder.Dispose();

    /// <summary>Goes up from the destination to the root: the source must not be on the way.</summary>
    private static void CheckOutside(string sourcePath, FileStatus source, SafeFileHandle folder, string path)
    {
        SafeFileHandle at = Reopen(folder);
        try
        {
            FileIdentity below = default;
            while (FileStatus.TryGet(at, out FileStatus? status).Ok && status!.Inode != below)
            {
                if (status.Inode == source.Inode)
                {
                    throw TreeErrors.IntoItself(sourcePath, path);
                }

                below = status.Inode;
                SysResult opened = LibC.OpenAt(at, Above, FolderFlags, 0, out SafeFileHandle next);
                at.Dispose();
                at = next;
                if (!opened.Ok)
                {
                    return;
                }
            }
        }
        finally
        {
            at.Dispose();
        }
    }

    private static bool WasBegun(string path, FileStatus source)
    {
        path = path.TrimEnd('/');
        using SafeFileHandle folder = Open(Path.GetDirectoryName(path) ?? "/", out SysResult opened);
        return opened.Ok && TreeMark.IsThere(folder, Path.GetFileName(path), source);
    }

    private static SafeFileHandle Open(string path, out SysResult opened)
    {
        opened = LibC.Open(path, FolderFlags, out SafeFileHandle folder);
        return folder;
    }
}
