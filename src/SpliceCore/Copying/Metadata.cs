using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Metadata that a new item gets from its source, and from the file that it replaces.</summary>
internal static class Metadata
{
    /// <summary>Sets owner, attributes, mode and times of a new file before it gets its name.</summary>
    /// <param name="place">Its destination, and the file that it replaces.</param>
    /// <param name="source">The source; null if nothing of it is preserved.</param>
    public static void OfFile(SafeFileHandle file, DestinationEntry place, Descriptor? source, PreserveAttributes preserve, MetadataWarnings warnings)
    {
        preserve = source is null ? PreserveAttributes.None : preserve;
        CarryOver(file, place, preserve, warnings);
        if (source is not null)
        {
            Set(file, place.Label, source.Handle, source.Status, preserve, isPath: false, warnings);
        }
    }

    /// <summary>Sets the metadata that an item preserves of its source; for a folder, after its last entry was created.</summary>
    /// <param name="status">The source's status when it was first examined.</param>
    /// <param name="isPath">True if the item was opened with O_PATH.</param>
    /// <param name="ownMode">Mode of the item if the source's is not preserved; null for no change.</param>
    /// <param name="isExact">True to clear a set-group-ID bit that the source does not have, if the owner is preserved as well.</param>
    public static void Set(
        SafeFileHandle item, object label, SafeHandle source, FileStatus status, PreserveAttributes preserve, bool isPath, MetadataWarnings warnings,
        uint? ownMode = null, bool isExact = false)
    {
        var target = new Item(item, label, isPath, warnings);
        bool owned = preserve.HasFlag(PreserveAttributes.Ownership) && target.SetOwner(status.UserId, status.GroupId, "the owner");

        // chown(2) drops capabilities, so they come after it.
        if (preserve.HasFlag(PreserveAttributes.Xattr))
        {
            target.CopyAttributes(source, ExtendedAttributes.TravelsWithContent, "the extended attributes");
        }

        bool isLink = status.Kind == DescriptorKind.SymbolicLink;
        if (preserve.HasFlag(PreserveAttributes.Acl) && !isLink)
        {
            // The source does not have what a new item inherits from its folder's default list.
            target.RemoveLists(status.Kind == DescriptorKind.Directory);
            target.CopyAttributes(source, ExtendedAttributes.IsList, "the access control list");
        }

        // After the owner and the list: chown(2) clears bits of the mode, and a list has a mask of its own.
        bool hasList = !isLink && preserve.HasFlag(PreserveAttributes.Acl) && AccessControlList.Has(item);
        if (preserve.HasFlag(PreserveAttributes.Mode) && !isLink)
        {
            uint permissions = hasList ? status.Permissions : AccessControlList.WithoutList(source, status.Permissions);
            uint inherited = isExact && owned ? 0 : InheritedBits(item, status.Kind);
            target.SetMode((permissions & KeptBits(status.Kind, owned)) | inherited, "the mode");
        }
        else if (ownMode is uint mode && !hasList)
        {
            target.SetMode(mode, "the mode");
        }

        if (preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            target.Note(SetTimes(item, isPath, status.AccessTime, status.ModificationTime), "the times");
        }
    }

    /// <summary>Sets the times of an item. EOVERFLOW if its file system cannot store the modification time and has the nearest one
    /// instead, which utimensat(2) does not report.</summary>
    public static SysResult SetTimes(SafeFileHandle item, bool isPath, in LibC.StatxTimestamp access, in LibC.StatxTimestamp modification)
    {
        SysResult set = isPath ? LibC.ChangeTimesOfPath(item, access, modification) : LibC.ChangeTimes(item, access, modification);
        bool isStored = !set.Ok || !TimePrecision.IsRare(modification) || !FileStatus.TryGet(item, out FileStatus? status).Ok
            || TimePrecision.Coarsest.Compare(status!.ModificationTime, modification) == 0;
        return isStored ? set : new SysResult(-1, Errno.EOVERFLOW);
    }

    /// <summary>Removes the access control lists of an item.</summary>
    public static void RemoveLists(SafeFileHandle item, object label, bool isFolder, bool isPath, MetadataWarnings warnings) =>
        new Item(item, label, isPath, warnings).RemoveLists(isFolder);

    /// <summary>Set-id bits mean the owner, and are preserved only with the owner, as with cp -p. A folder's sticky bit protects its
    /// users' files from each other.</summary>
    public static uint KeptBits(DescriptorKind kind, bool owned) => owned
        ? 0xFFFu
        : ModeBits.All | (kind == DescriptorKind.Directory ? LibC.S_ISVTX : 0);

    /// <summary>A folder created in a set-group-ID folder inherits the bit (inode(7)), and chmod(2) without it would clear it. It
    /// stays, as with cp(1), also that of an existing folder.</summary>
    public static uint InheritedBits(SafeFileHandle item, DescriptorKind kind) =>
        kind == DescriptorKind.Directory && FileStatus.TryGet(item, out FileStatus? status).Ok ? status!.Permissions & LibC.S_ISGID : 0;

    /// <summary>Keeps what would stay if the old file was overwritten in place, except what is preserved of the source.</summary>
    public static void CarryOver(SafeFileHandle file, DestinationEntry place, PreserveAttributes preserve, MetadataWarnings warnings)
    {
        if (place.Existing?.Kind == DescriptorKind.Regular)
        {
            CarryOver(new Item(file, place.Label, IsPath: false, warnings), place, preserve);
        }
    }

    private static void CarryOver(Item file, DestinationEntry place, PreserveAttributes preserve)
    {
        FileStatus replaced = place.Existing!;
        if (!preserve.HasFlag(PreserveAttributes.Ownership)
            && !(FileStatus.TryGet(file.Handle, out FileStatus? mine).Ok && (mine!.UserId, mine.GroupId) == (replaced.UserId, replaced.GroupId)))
        {
            file.SetOwner(replaced.UserId, replaced.GroupId, $"the owner of the replaced file ({replaced.UserId}:{replaced.GroupId})");
        }

        SysResult opened = LibC.OpenAt(place.Folder, place.Name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle old);
        using (old)
        {
            if (opened.Ok)
            {
                bool keepsList = !preserve.HasFlag(PreserveAttributes.Acl);
                bool keepsOthers = !preserve.HasFlag(PreserveAttributes.Xattr);

                // A new file inherits a list from its folder's default list, which neither the old file nor the source has.
                file.RemoveLists(isFolder: false);
                file.CopyAttributes(
                    old, name => (keepsList && ExtendedAttributes.IsList(name)) || (keepsOthers && ExtendedAttributes.StaysWithFile(name)),
                    "the extended attributes of the replaced file");
            }

            if (!preserve.HasFlag(PreserveAttributes.Mode))
            {
                uint permissions = AccessControlList.Has(file.Handle)
                    ? replaced.Permissions
                    : AccessControlList.WithoutList(old, replaced.Permissions);
                file.SetMode(permissions & ModeBits.All, "the mode of the replaced file");
            }
        }
    }

    /// <summary>The item that gets metadata.</summary>
    private readonly record struct Item(SafeFileHandle Handle, object Label, bool IsPath, MetadataWarnings MetadataWarnings)
    {
        public bool SetOwner(uint user, uint group, string what) =>
            Note(IsPath ? LibC.ChangeOwnerOfPath(Handle, user, group) : LibC.ChangeOwner(Handle, user, group), what);

        public bool SetMode(uint mode, string what) =>
            Note(IsPath ? LibC.ChangeModeOfPath(Handle, mode) : LibC.ChangeMode(Handle, mode), what);

        public void RemoveLists(bool isFolder)
        {
            // The list's mask stays as the group's permissions, so these become the group's own first.
            if (FileStatus.TryGet(Handle, out FileStatus? status).Ok
                && AccessControlList.WithoutList(Handle, status!.Permissions) is uint own && own != status.Permissions)
            {
                SetMode(own, "the mode without an access control list");
            }

            RemoveList(ExtendedAttributes.AccessList);
            if (isFolder)
            {
                RemoveList(ExtendedAttributes.DefaultList);
            }
        }

        public void CopyAttributes(SafeHandle source, Func<FileName, bool> wanted, string what)
        {
            foreach ((FileName name, SysResult result) in ExtendedAttributes.Copy(source, Handle, IsPath, wanted))
            {
                Note(result, $"{what} ({name})");
            }
        }

        public bool Note(SysResult result, string what) => MetadataWarnings.Note(result, what, Label);

        private void RemoveList(FileName list)
        {
            SysResult result = IsPath ? LibC.RemoveAttributeOfPath(Handle, list) : LibC.RemoveAttribute(Handle, list);
            if (result.Errno is not (Errno.ENODATA or Errno.EOPNOTSUPP))
            {
                Note(result, $"the mode without an access control list ({list})");
            }
        }
    }
}

/// <summary>Warnings of metadata that the user may not set or the file system does not support: one for each kind, whatever the
/// number of files.</summary>
/// <param name="isStrict">True if only metadata that the user or the file system cannot have are warnings, and others errors: also a
/// time that the file system has another one for.</param>
internal sealed class MetadataWarnings(bool isStrict = false)
{
    // A host chooses the names of attributes.
    private const int MaxKinds = 100;

    private readonly object _lock = new();
    private SortedDictionary<string, (string First, Errno Errno, long Count)>? _warnings;

    /// <summary>Adds a warning if a call failed, and returns whether it succeeded.</summary>
    /// <exception cref="TransferException">A strict copy lost it by an error.</exception>
    public bool Note(SysResult result, string what, object label)
    {
        if (!result.Ok)
        {
            Add(what, result.Errno, label);
        }

        return result.Ok;
    }

    /// <exception cref="TransferException">A strict copy lost it by an error.</exception>
    public void Add(string what, Errno errno, object label)
    {
        bool isUnavailable = errno is Errno.EPERM or Errno.EACCES or Errno.EOPNOTSUPP or Errno.EINVAL or Errno.ENOSYS
            or Errno.EMLINK or Errno.EXDEV or Errno.E2BIG or Errno.ERANGE;
        if (isStrict && !isUnavailable)
        {
            throw new TransferException(TransferErrorId.WriteFailed,
                $"Could not preserve {what} for '{label}' ({ErrnoText.Describe(errno)}).",
                errno == Errno.EOVERFLOW
                    ? "Set a time that the destination's file system can store (touch -d), or choose another file system."
                    : "Check whether the disk is full, or failing (dmesg).",
                errno, label.ToString());
        }

        lock (_lock)
        {
            _warnings ??= new(StringComparer.Ordinal);
            what = _warnings.Count < MaxKinds || _warnings.ContainsKey(what) ? what : "other metadata";
            _warnings[what] = _warnings.TryGetValue(what, out var known)
                ? known with { Count = known.Count + 1 }
                : (label.ToString()!, errno, 1);
        }
    }

    public IReadOnlyList<string> Describe()
    {
        lock (_lock)
        {
            return _warnings is null ? [] : [.. _warnings.Select(loss => loss.Value switch
            {
                (string first, Errno errno, 1) => $"Could not preserve {loss.Key} for '{first}' ({ErrnoText.Describe(errno)}).",
                (string first, Errno errno, long count) =>
                    $"Could not preserve {loss.Key} for {count} items; the first is '{first}' ({ErrnoText.Describe(errno)}).",
            })];
        }
    }
}
