using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>What POSIX access control lists say of permission bits. In the mode of an item with an access list the list's mask
/// stands where the group's rights are otherwise.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see>; the format is that of
/// linux/posix_acl_xattr.h.</remarks>
internal static class AccessControlList
{
    private const uint GroupBits = 0x38; // 0070
    private const int GroupShift = 3;
    private const uint ReadWriteExecute = 7;

    private const int HeaderSize = 4;
    private const int EntrySize = 8;
    private const int UsualSize = HeaderSize + (64 * EntrySize);

    private const ushort OwnerTag = 0x01; // ACL_USER_OBJ
    private const ushort GroupTag = 0x04; // ACL_GROUP_OBJ
    private const ushort MaskTag = 0x10; // ACL_MASK
    private const ushort OtherTag = 0x20; // ACL_OTHER

    /// <summary>Returns an item's permission bits as they are without its access list: the group has its own rights, as far as
    /// the mask grants them. Where the list cannot be read the group has none.</summary>
    /// <param name="item">The item, open in any way.</param>
    /// <param name="permissions">Its permission bits.</param>
    public static uint WithoutList(SafeHandle item, uint permissions)
    {
        if ((permissions & GroupBits) == 0)
        {
            return permissions;
        }

        SysResult read = Read(item, ExtendedAttributes.AccessList, out Rights rights);
        return read.Errno switch
        {
            Errno.None => (permissions & ~GroupBits) | ((rights.Group & rights.Mask) << GroupShift),
            Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ENOSYS => permissions,
            _ => permissions & ~GroupBits,
        };
    }

    /// <summary>Returns whether an item has an access list.</summary>
    /// <param name="item">The item, open in any way.</param>
    public static bool Has(SafeHandle item) => Read(item, ExtendedAttributes.AccessList, out _).Ok;

    /// <summary>Returns which of the bits that a new item in a folder is made with its default list grants; null where it has no
    /// such list, and the umask decides.</summary>
    /// <param name="folder">The folder.</param>
    public static uint? GrantedByDefault(SafeHandle folder)
    {
        SysResult read = Read(folder, ExtendedAttributes.DefaultList, out Rights rights);
        return read.Ok
            ? (rights.Owner << (2 * GroupShift)) | ((rights.HasMask ? rights.Mask : rights.Group) << GroupShift) | rights.Other
            : null;
    }

    private static SysResult Read(SafeHandle item, FileName list, out Rights rights)
    {
        Span<byte> buffer = stackalloc byte[UsualSize];
        SysResult read = LibC.GetAttribute(item, list, buffer);
        ReadOnlySpan<byte> value = read.Ok ? buffer[..(int)read.Value] : default;
        if (read.Errno == Errno.ERANGE)
        {
            read = LibC.GetAttribute(item, list, out byte[] large);
            value = large;
        }

        rights = Parse(value);
        return read;
    }

    private static Rights Parse(ReadOnlySpan<byte> list)
    {
        var rights = new Rights(0, 0, ReadWriteExecute, 0, HasMask: false);
        for (int at = HeaderSize; at + EntrySize <= list.Length; at += EntrySize)
        {
            uint permissions = BinaryPrimitives.ReadUInt16LittleEndian(list[(at + sizeof(ushort))..]) & ReadWriteExecute;
            rights = BinaryPrimitives.ReadUInt16LittleEndian(list[at..]) switch
            {
                OwnerTag => rights with { Owner = permissions },
                GroupTag => rights with { Group = permissions },
                MaskTag => rights with { Mask = permissions, HasMask = true },
                OtherTag => rights with { Other = permissions },
                _ => rights,
            };
        }

        return rights;
    }

    private readonly record struct Rights(uint Owner, uint Group, uint Mask, uint Other, bool HasMask);
}
