using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Renames within a folder without replacing anything, also on file systems without RENAME_NOREPLACE (NFS, some of
/// FUSE).</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/rename.2.html">rename(2)</see></remarks>
internal static class ExclusiveRename
{
    private const uint PrivateMode = 0x180; // 0600
    private const uint AllForOwner = 0x1C0; // 0700

    /// <summary>Renames. EEXIST where the new name is taken.</summary>
    public static SysResult Run(SafeFileHandle folder, FileName from, FileName to)
    {
        SysResult renamed = LibC.RenameAtNoReplace(folder, from, to);
        if (renamed.Errno is not (Errno.EINVAL or Errno.ENOSYS))
        {
            return renamed;
        }

        // link(2) never replaces. It has no folders, and is not available everywhere.
        SysResult linked = LibC.LinkAt(folder, from, to);
        if (!linked.Ok)
        {
            return linked.Errno is Errno.EPERM or Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EMLINK
                ? RenameOverReservation(folder, from, to)
                : linked;
        }

        LibC.UnlinkAt(folder, from);
        return linked;
    }

    /// <summary>Takes the name with something empty, which the rename then replaces.</summary>
    private static SysResult RenameOverReservation(SafeFileHandle folder, FileName from, FileName to)
    {
        SysResult looked = FileStatus.TryGet(folder, from, followLink: false, out FileStatus? status);
        if (!looked.Ok)
        {
            return looked;
        }

        bool isFolder = status!.Kind == DescriptorKind.Directory;
        SysResult reserved = isFolder ? LibC.MakeDirectoryAt(folder, to, AllForOwner) : MakeFile(folder, to);
        if (!reserved.Ok)
        {
            return reserved;
        }

        SysResult renamed = LibC.RenameAt(folder, from, to);
        if (!renamed.Ok)
        {
            _ = isFolder ? LibC.RemoveDirectoryAt(folder, to) : LibC.UnlinkAt(folder, to);
        }

        return renamed;
    }

    private static SysResult MakeFile(SafeFileHandle folder, FileName name)
    {
        SysResult made = LibC.OpenAt(
            folder, name, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, PrivateMode, out SafeFileHandle file);
        file.Dispose();
        return made;
    }
}
