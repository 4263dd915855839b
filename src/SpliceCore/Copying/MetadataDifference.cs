using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Finds out whether an existing item has the metadata that it would get from its source, so that only differences are set.</summary>
internal static class MetadataDifference
{
    /// <summary>Returns the first difference as a reason, for example "mode differs"; null if there is none.</summary>
    /// <param name="openSource">Opens the source, where its status is not enough; O_PATH suffices. Null if its permissions are those without
    /// an access control list that is not preserved.</param>
    /// <param name="openItem">Opens the item likewise; null to compare no extended attributes.</param>
    /// <param name="isExact">As for <see cref="Metadata.Set"/>.</param>
    /// <param name="maySetOwner">True if the user may change owners; null for the user of this process.</param>
    public static string? Find(
        FileStatus source, FileStatus item, PreserveAttributes preserve, TimePrecision precision, Func<SafeFileHandle>? openSource, Func<SafeFileHandle>? openItem,
        bool isExact = false, bool? maySetOwner = null)
    {
        // After one warning, a time that the file system cannot store is not a difference.
        if (preserve.HasFlag(PreserveAttributes.Timestamps) && !precision.IsPreserved(source.ModificationTime, item.ModificationTime))
        {
            return "time differs";
        }

        // Without privileges the owner cannot be set: after one warning, that is not a difference.
        bool isOwnerSame = (source.UserId, source.GroupId) == (item.UserId, item.GroupId);
        bool preservesOwner = preserve.HasFlag(PreserveAttributes.Ownership);
        if (preservesOwner && !isOwnerSame && (maySetOwner ?? LibC.EffectiveUserId == 0))
        {
            return "owner differs";
        }

        bool isLink = source.Kind == DescriptorKind.SymbolicLink;
        uint kept = Metadata.KeptBits(source.Kind, preservesOwner && isOwnerSame);
        uint inherited = source.Kind == DescriptorKind.Directory && !(isExact && preservesOwner && isOwnerSame) ? item.Permissions & LibC.S_ISGID : 0;
        if (preserve.HasFlag(PreserveAttributes.Mode) && !isLink && ((source.Permissions & kept) | inherited) != item.Permissions)
        {
            using SafeFileHandle? handle = openSource?.Invoke();
            uint permissions = handle is null || preserve.HasFlag(PreserveAttributes.Acl) ? source.Permissions : AccessControlList.WithoutList(handle, source.Permissions);
            if (((permissions & kept) | inherited) != item.Permissions)
            {
                return "mode differs";
            }
        }

        if (openSource is null || openItem is null || (preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) == PreserveAttributes.None)
        {
            return null;
        }

        using SafeFileHandle one = openSource();
        using SafeFileHandle other = openItem();
        return FindAttribute(one, other, preserve) switch
        {
            null => null,
            FileName name when ExtendedAttributes.IsList(name) => "access control list differs",
            _ => "extended attributes differ",
        };
    }

    /// <summary>Sets the metadata of an existing item that has the content of its source.</summary>
    /// <param name="item">The item, opened with O_PATH.</param>
    /// <param name="existing">Its status before.</param>
    /// <returns>False if only its mode differs and stays, since its file system chooses it (FAT, exFAT, CIFS).</returns>
    public static bool Set(
        SafeFileHandle item, object label, FileStatus existing, SafeHandle source, FileStatus status, PreserveAttributes preserve, TimePrecision precision,
        MetadataWarnings warnings)
    {
        string? otherReason = Find(
            status, existing, preserve & ~PreserveAttributes.Mode, precision, () => Borrow(source), () => Borrow(item));
        RemoveOtherAttributes(source, item, isPath: true, preserve);
        Metadata.Set(item, label, source, status, preserve, isPath: true, warnings);
        return otherReason is not null || !FileStatus.TryGet(item, out FileStatus? now).Ok || now!.Permissions != existing.Permissions;
    }

    /// <summary>Removes the attributes that an existing item has and its source has not, as far as they are preserved.</summary>
    public static void RemoveOtherAttributes(SafeHandle source, SafeFileHandle item, bool isPath, PreserveAttributes preserve)
    {
        if (!preserve.HasFlag(PreserveAttributes.Xattr) || !LibC.ListAttributes(source, out List<FileName> names).Ok)
        {
            return;
        }

        LibC.ListAttributes(item, out List<FileName> existing);
        foreach (FileName name in existing.Where(name => ExtendedAttributes.TravelsWithContent(name) && IsSettable(name)).Except(names))
        {
            _ = isPath ? LibC.RemoveAttributeOfPath(item, name) : LibC.RemoveAttribute(item, name);
        }
    }

    /// <summary>Returns a handle that does not close the descriptor.</summary>
    public static SafeFileHandle Borrow(SafeHandle handle) => new(handle.DangerousGetHandle(), ownsHandle: false);

    private static FileName? FindAttribute(SafeHandle source, SafeHandle item, PreserveAttributes preserve)
    {
        LibC.ListAttributes(source, out List<FileName> names);
        if (LibC.ListAttributes(item, out List<FileName> existing).Errno == Errno.EOPNOTSUPP)
        {
            return null;
        }

        names.RemoveAll(name => !IsCompared(name, preserve));
        existing.RemoveAll(name => !IsCompared(name, preserve));
        foreach (FileName name in names.Union(existing))
        {
            SysResult one = LibC.GetAttribute(source, name, out byte[] wanted);
            SysResult other = LibC.GetAttribute(item, name, out byte[] found);
            if (one.Ok != other.Ok || !wanted.AsSpan().SequenceEqual(found))
            {
                return name;
            }
        }

        return null;
    }

    private static bool IsCompared(FileName name, PreserveAttributes preserve) => ExtendedAttributes.IsWanted(name, preserve) && IsSettable(name);

    /// <summary>Only root can set the others, and they may differ for good.</summary>
    private static bool IsSettable(FileName name) =>
        LibC.EffectiveUserId == 0 || ExtendedAttributes.IsList(name) || name.Bytes.StartsWith("user."u8);
}
