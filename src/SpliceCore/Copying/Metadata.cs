using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>What a new item keeps of its source, and of the file that it replaces.</summary>
internal static class Metadata
{
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777
    private const uint StickyBit = 0x200; // 01000
    private const uint SetGroupIdBit = 0x400; // 02000

    /// <summary>Sets owner, attributes, mode and times of a new file before it gets its name.</summary>
    /// <param name="file">The new file.</param>
    /// <param name="place">Where it will be, and what it replaces.</param>
    /// <param name="source">Whose attributes it takes; null where it takes none.</param>
    /// <param name="preserve">Which.</param>
    /// <param name="losses">Hears what could not be kept.</param>
    public static void OfFile(SafeFileHandle file, Place place, Descriptor? source, PreserveAttributes preserve, MetadataLosses losses)
    {
        preserve = source is null ? PreserveAttributes.None : preserve;
        if (place.Existing?.Kind == DescriptorKind.Regular)
        {
            CarryOver(file, place, preserve, losses);
        }

        if (source is not null)
        {
            Set(file, place.Label, source.Handle, source.Status, preserve, isPath: false, losses);
        }
    }

    /// <summary>Sets what an item keeps of its source: after the last entry was made, for a folder.</summary>
    /// <param name="item">The item.</param>
    /// <param name="label">What says its path.</param>
    /// <param name="source">The source, open in any way.</param>
    /// <param name="status">What the source was like when it was first looked at.</param>
    /// <param name="preserve">What to keep.</param>
    /// <param name="isPath">Whether the item was opened with O_PATH.</param>
    /// <param name="losses">Hears what could not be kept.</param>
    /// <param name="ownMode">The mode that the item gets where the source's is not kept; null for the one that it has.</param>
    public static void Set(
        SafeFileHandle item, object label, SafeHandle source, FileStatus status, PreserveAttributes preserve, bool isPath, MetadataLosses losses,
        uint? ownMode = null)
    {
        bool owned = false;
        if (preserve.HasFlag(PreserveAttributes.Ownership))
        {
            SysResult result = isPath
                ? LibC.ChangeOwnerOfPath(item, status.UserId, status.GroupId)
                : LibC.ChangeOwner(item, status.UserId, status.GroupId);
            owned = result.Ok;
            Note(losses, result, label, "its owner");
        }

        // chown(2) drops capabilities, so they come after it.
        if (preserve.HasFlag(PreserveAttributes.Xattr))
        {
            CopyAttributes(item, label, source, isPath, ExtendedAttributes.TravelsWithContent, "its extended attributes", losses);
        }

        bool isLink = status.Kind == DescriptorKind.SymbolicLink;
        if (preserve.HasFlag(PreserveAttributes.Acl) && !isLink)
        {
            // What a new item inherits from its folder's default list, the source does not have.
            RemoveLists(item, label, status.Kind == DescriptorKind.Directory, isPath, losses);
            CopyAttributes(item, label, source, isPath, ExtendedAttributes.IsList, "its access control list", losses);
        }

        // After the owner and the list: chown(2) clears bits of the mode, and a list has a mask of its own.
        bool hasList = !isLink && preserve.HasFlag(PreserveAttributes.Acl) && AccessControlList.Has(item);
        if (preserve.HasFlag(PreserveAttributes.Mode) && !isLink)
        {
            uint permissions = hasList ? status.Permissions : AccessControlList.WithoutList(source, status.Permissions);
            uint mode = (permissions & KeptBits(status.Kind, owned)) | InheritedBits(item, status.Kind);
            Note(losses, isPath ? LibC.ChangeModeOfPath(item, mode) : LibC.ChangeMode(item, mode), label, "its mode");
        }
        else if (ownMode is uint mode && !hasList)
        {
            Note(losses, LibC.ChangeMode(item, mode), label, "its mode");
        }

        if (preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            SysResult result = isPath
                ? LibC.ChangeTimesOfPath(item, status.AccessTime, status.ModificationTime)
                : LibC.ChangeTimes(item, status.AccessTime, status.ModificationTime);
            Note(losses, result, label, "its times");
        }
    }

    /// <summary>Removes the access control lists of an item.</summary>
    public static void RemoveLists(SafeFileHandle item, object label, bool isFolder, bool isPath, MetadataLosses losses)
    {
        RemoveAccessList(item, label, isPath, losses);
        if (isFolder)
        {
            RemoveList(item, label, ExtendedAttributes.DefaultList, isPath, losses);
        }
    }

    /// <summary>Set-id bits mean the owner, and go only where he does, as with cp -p. A folder's sticky bit keeps its users
    /// from each other's files.</summary>
    public static uint KeptBits(DescriptorKind kind, bool owned) => owned
        ? 0xFFFu
        : ReadWriteExecuteForAll | (kind == DescriptorKind.Directory ? StickyBit : 0);

    /// <summary>A folder that was made in a set-group-ID folder is one too (inode(7)), and chmod(2) without the bit would take it
    /// away. It stays, as with cp(1), also that of a folder that was there before.</summary>
    public static uint InheritedBits(SafeFileHandle item, DescriptorKind kind) =>
        kind == DescriptorKind.Directory && FileStatus.TryGet(item, out FileStatus? status).Ok ? status!.Permissions & SetGroupIdBit : 0;

    /// <summary>What stays as if the old file had been written into, unless the source has a say in it.</summary>
    private static void CarryOver(SafeFileHandle file, Place place, PreserveAttributes preserve, MetadataLosses losses)
    {
        FileStatus replaced = place.Existing!;
        if (!preserve.HasFlag(PreserveAttributes.Ownership)
            && !(FileStatus.TryGet(file, out FileStatus? mine).Ok && (mine!.UserId, mine.GroupId) == (replaced.UserId, replaced.GroupId)))
        {
            Note(losses, LibC.ChangeOwner(file, replaced.UserId, replaced.GroupId), place.Label,
                $"the owner of the file that was replaced ({replaced.UserId}:{replaced.GroupId})");
        }

        SysResult opened = LibC.OpenAt(
            place.Folder, place.Name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle old);
        using (old)
        {
            if (opened.Ok)
            {
                CarryAttributes(file, place.Label, old, preserve, losses);
            }

            if (!preserve.HasFlag(PreserveAttributes.Mode))
            {
                uint permissions = AccessControlList.Has(file)
                    ? replaced.Permissions
                    : AccessControlList.WithoutList(old, replaced.Permissions);
                Note(losses, LibC.ChangeMode(file, permissions & ReadWriteExecuteForAll), place.Label, "the mode of the file that was replaced");
            }
        }
    }

    private static void CarryAttributes(
        SafeFileHandle file, object label, SafeFileHandle old, PreserveAttributes preserve, MetadataLosses losses)
    {
        bool keepsList = !preserve.HasFlag(PreserveAttributes.Acl);
        bool keepsOthers = !preserve.HasFlag(PreserveAttributes.Xattr);

        // A new file inherits a list from its folder's default list, which neither the old file nor the source has.
        RemoveAccessList(file, label, isPath: false, losses);
        CopyAttributes(file, label, old, isPath: false,
            name => (keepsList && ExtendedAttributes.IsList(name)) || (keepsOthers && ExtendedAttributes.StaysWithFile(name)),
            "the extended attributes of the file that was replaced", losses);
    }

    /// <summary>Removes an access list. Its mask stays as the group's rights, so these become the group's own first.</summary>
    private static void RemoveAccessList(SafeFileHandle item, object label, bool isPath, MetadataLosses losses)
    {
        if (FileStatus.TryGet(item, out FileStatus? status).Ok
            && AccessControlList.WithoutList(item, status!.Permissions) is uint own && own != status.Permissions)
        {
            Note(losses, isPath ? LibC.ChangeModeOfPath(item, own) : LibC.ChangeMode(item, own), label, "its mode without an access control list");
        }

        RemoveList(item, label, ExtendedAttributes.AccessList, isPath, losses);
    }

    private static void RemoveList(SafeFileHandle item, object label, FileName list, bool isPath, MetadataLosses losses)
    {
        SysResult result = isPath ? LibC.RemoveAttributeOfPath(item, list) : LibC.RemoveAttribute(item, list);
        if (result.Errno is not (Errno.ENODATA or Errno.EOPNOTSUPP))
        {
            Note(losses, result, label, $"no access control list ({list})");
        }
    }

    private static void CopyAttributes(
        SafeFileHandle item, object label, SafeHandle source, bool isPath, Func<FileName, bool> wanted, string what, MetadataLosses losses)
    {
        foreach ((FileName name, SysResult result) in ExtendedAttributes.Copy(source, item, isPath, wanted))
        {
            losses.Add($"{what} ({name})", result.Errno, label);
        }
    }

    private static void Note(MetadataLosses losses, SysResult result, object label, string what)
    {
        if (!result.Ok)
        {
            losses.Add(what, result.Errno, label);
        }
    }
}

/// <summary>What a copy could not keep, because the user may not set it or the file system cannot hold it: one warning
/// for each kind, however many files it meets.</summary>
internal sealed class MetadataLosses
{
    private readonly object _lock = new();
    private SortedDictionary<string, (string First, Errno Errno, long Count)>? _losses;

    /// <summary>Takes note of one.</summary>
    /// <param name="what">The kind, in words: "the owner".</param>
    /// <param name="errno">Why.</param>
    /// <param name="label">What says the file's path.</param>
    public void Add(string what, Errno errno, object label)
    {
        lock (_lock)
        {
            _losses ??= new(StringComparer.Ordinal);
            _losses[what] = _losses.TryGetValue(what, out var known)
                ? known with { Count = known.Count + 1 }
                : (label.ToString()!, errno, 1);
        }
    }

    /// <summary>The warnings.</summary>
    public IReadOnlyList<string> Describe()
    {
        lock (_lock)
        {
            return _losses is null ? [] : [.. _losses.Select(loss => loss.Value switch
            {
                (string first, Errno errno, 1) => $"'{first}' could not be given {loss.Key} ({ErrnoText.Describe(errno)}).",
                (string first, Errno errno, long count) =>
                    $"{count} items could not be given {loss.Key}; the first is '{first}' ({ErrnoText.Describe(errno)}).",
            })];
        }
    }
}
