using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Renames without replacing anything, also without RENAME_NOREPLACE (NFS, some FUSE file systems).</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/rename.2.html">rename(2)</see></remarks>
internal static class ExclusiveRename
{
    /// <summary>Renames within a directory; EEXIST if the new name is taken.</summary>
    public static SysResult Run(SafeFileHandle folder, FileName from, FileName to) => Run(folder, from, folder, to);

    /// <summary>Renames to another directory; EEXIST if the new name is taken.</summary>
    public static SysResult Run(SafeFileHandle folder, FileName from, SafeFileHandle newFolder, FileName to)
    {
        SysResult renamed = LibC.RenameAtNoReplace(folder, from, newFolder, to);
        if (renamed.Errno is not (Errno.EINVAL or Errno.ENOSYS))
        {
            return renamed;
        }

        // link(2) never replaces, but directories and some file systems do not support it.
        SysResult linked = LibC.LinkAt(folder, from, newFolder, to);
        if (!linked.Ok)
        {
            return linked.Errno is Errno.EPERM or Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EMLINK
                ? RenameOverReservation(folder, from, newFolder, to)
                : linked;
        }

        SysResult unlinked = LibC.UnlinkAt(folder, from);
        if (!unlinked.Ok)
        {
            LibC.UnlinkAt(newFolder, to);
        }

        return unlinked;
    }

    /// <summary>Creates an empty item with the name, which the rename then replaces.</summary>
    private static SysResult RenameOverReservation(SafeFileHandle folder, FileName from, SafeFileHandle newFolder, FileName to)
    {
        SysResult looked = FileStatus.TryGet(folder, from, followLink: false, out FileStatus? status);
        if (!looked.Ok)
        {
            return looked;
        }

        bool isFolder = status!.Kind == DescriptorKind.Directory;
        SysResult reserved = isFolder ? LibC.MakeDirectoryAt(newFolder, to, LibC.S_IRWXU) : MakeFile(newFolder, to);
        if (!reserved.Ok)
        {
            return reserved;
        }

        SysResult renamed = LibC.RenameAt(folder, from, newFolder, to);
        if (!renamed.Ok)
        {
            _ = isFolder ? LibC.RemoveDirectoryAt(newFolder, to) : LibC.UnlinkAt(newFolder, to);
        }

        return renamed;
    }

    private static SysResult MakeFile(SafeFileHandle folder, FileName name)
    {
        SysResult made = LibC.OpenAt(
            folder, name, LibC.O_WRONLY | LibC.O_CREAT | LibC.O_EXCL, ModeBits.Private, out SafeFileHandle file);
        file.Dispose();
        return made;
    }
}

/// <summary>The old file of a name that was given to a new one. It has a temporary name until a command has given all its names,
/// so that they can be taken back.</summary>
internal sealed class ReplacedFile
{
    private readonly DestinationEntry _place;
    private readonly FileName? _hidden;

    private ReplacedFile(DestinationEntry place, FileName? hidden)
    {
        _place = place;
        _hidden = hidden;
    }

    /// <summary>Keeps the file that is about to be replaced, if there is one.</summary>
    public static ReplacedFile Keep(DestinationEntry place)
    {
        if (!place.Replaces)
        {
            return new ReplacedFile(place, hidden: null);
        }

        FileName hidden = StagedFile.TemporaryName();
        SysResult kept = LibC.LinkAt(place.Folder, place.Name, hidden);
        if (kept.Errno == Errno.EMLINK || (kept.Errno != Errno.ENOENT && UnlinkableFileSystems.IsRefusal(kept.Errno)))
        {
            // A file system without hard links, or another user's file (fs.protected_hardlinks). A folder stays where it is:
            // it cannot be replaced anyway.
            FileStatus.TryGet(place.Folder, place.Name, followLink: false, out FileStatus? status);
            kept = status is null or { Kind: DescriptorKind.Directory }
                ? new SysResult(-1, Errno.ENOENT)
                : LibC.RenameAt(place.Folder, place.Name, hidden);
        }

        return kept.Errno switch
        {
            Errno.None => new ReplacedFile(place, hidden),
            Errno.ENOENT => new ReplacedFile(place, hidden: null),
            _ => throw FileFailures.OpenDestination(place.Path, kept.Errno),
        };
    }

    /// <summary>Takes a file its name.</summary>
    public static ReplacedFile Hide(DestinationEntry place)
    {
        FileName hidden = StagedFile.TemporaryName();
        SysResult renamed = LibC.RenameAt(place.Folder, place.Name, hidden);
        return renamed.Ok ? new ReplacedFile(place, hidden) : throw FileFailures.OpenDestination(place.Path, renamed.Errno);
    }

    /// <summary>Gives the name back to the old file, or frees it if there was none. A file to which another process has given the name
    /// stays.</summary>
    /// <param name="made">The new file that got the name; null if none did.</param>
    /// <returns>A sentence on what is left if that failed; null otherwise.</returns>
    public string? PutBack(SafeFileHandle? made)
    {
        FileIdentity? current = Look(_place.Name);
        bool isMade = made is not null && FileStatus.TryGet(made, out FileStatus? status).Ok && status!.Inode == current;
        if (_hidden is not FileName hidden)
        {
            SysResult removed = isMade ? LibC.UnlinkAt(_place.Folder, _place.Name) : default;
            return removed.Errno is Errno.None or Errno.ENOENT ? null : FileFailures.Remove(_place.Path, removed.Errno).Problem;
        }

        if (current is not null && current == Look(hidden))
        {
            // Between two names of one file rename(2) does nothing.
            Forget();
            return null;
        }

        SysResult renamed = isMade ? LibC.RenameAt(_place.Folder, hidden, _place.Name) : ExclusiveRename.Run(_place.Folder, hidden, _place.Name);
        return renamed.Ok ? null : FileFailures.GiveBack(_place.Path, hidden, renamed.Errno).Problem;
    }

    /// <summary>Removes the old file.</summary>
    public void Forget()
    {
        if (_hidden is FileName hidden)
        {
            LibC.UnlinkAt(_place.Folder, hidden);
        }
    }

    private FileIdentity? Look(FileName name) =>
        FileStatus.TryGet(_place.Folder, name, followLink: false, out FileStatus? status).Ok ? status!.Inode : null;
}
