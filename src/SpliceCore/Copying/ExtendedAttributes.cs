using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Extended attributes, and the access control lists that are kept in them.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man7/xattr.7.html">xattr(7)</see>,
/// <see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see></remarks>
internal static class ExtendedAttributes
{
    /// <summary>Whose file this is to be read by, besides its mode.</summary>
    public static readonly FileName AccessList = "system.posix_acl_access";

    /// <summary>What new items in a folder get for an <see cref="AccessList"/>.</summary>
    public static readonly FileName DefaultList = "system.posix_acl_default";

    /// <summary>Copies those that are wanted to another file.</summary>
    /// <param name="source">The file that has them, open in any way.</param>
    /// <param name="file">The file that shall have them.</param>
    /// <param name="isPath">Whether that is opened with O_PATH.</param>
    /// <param name="wanted">Which.</param>
    /// <returns>Each that could not be copied, with the reason.</returns>
    public static IEnumerable<(FileName Name, SysResult Result)> Copy(
        SafeHandle source, SafeFileHandle file, bool isPath, Func<FileName, bool> wanted)
    {
        SysResult listed = LibC.ListAttributes(source, out List<FileName> names);
        if (!listed.Ok && listed.Errno != Errno.EOPNOTSUPP)
        {
            yield return ("all", listed);
        }

        foreach (FileName name in names.Where(wanted))
        {
            SysResult result = LibC.GetAttribute(source, name, out byte[] value);
            if (result.Ok)
            {
                result = isPath ? LibC.SetAttributeOfPath(file, name, value) : LibC.SetAttribute(file, name, value);
            }

            if (!result.Ok)
            {
                yield return (name, result);
            }
        }
    }

    public static bool IsList(FileName name) =>
        name.Bytes.SequenceEqual(AccessList.Bytes) || name.Bytes.SequenceEqual(DefaultList.Bytes);

    /// <summary>All but the lists, which have a switch of their own and which XFS shows a second time, and integrity hashes,
    /// which only the kernel knows to make.</summary>
    public static bool TravelsWithContent(FileName name) =>
        !IsList(name) && !name.Bytes.StartsWith("trusted.SGI_ACL_"u8)
        && !name.Bytes.SequenceEqual("security.ima"u8) && !name.Bytes.SequenceEqual("security.evm"u8);

    /// <summary>True if an attribute is one of those that are to be kept.</summary>
    public static bool IsWanted(FileName name, PreserveAttributes preserve) => IsList(name)
        ? preserve.HasFlag(PreserveAttributes.Acl)
        : preserve.HasFlag(PreserveAttributes.Xattr) && TravelsWithContent(name);

    /// <summary>What stays when a file is written into: capabilities, for one, are dropped then.</summary>
    public static bool StaysWithFile(FileName name) =>
        name.Bytes.StartsWith("user."u8)
        || (name.Bytes.StartsWith("security."u8) && TravelsWithContent(name) && !name.Bytes.SequenceEqual("security.capability"u8));
}

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

    private const uint Version = 2; // POSIX_ACL_XATTR_VERSION
    private const uint NoId = uint.MaxValue; // ACL_UNDEFINED_ID

    private const ushort OwnerTag = 0x01; // ACL_USER_OBJ
    private const ushort UserTag = 0x02; // ACL_USER
    private const ushort GroupTag = 0x04; // ACL_GROUP_OBJ
    private const ushort NamedGroupTag = 0x08; // ACL_GROUP
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
            Errno.None => WithoutList(rights, permissions),
            Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ENOSYS => permissions,
            _ => permissions & ~GroupBits,
        };
    }

    /// <summary>Returns permission bits as they are without an access list.</summary>
    /// <param name="list">The list, as the kernel has it; empty where it is not known.</param>
    /// <param name="permissions">The permission bits with the list.</param>
    public static uint WithoutList(byte[] list, uint permissions) => WithoutList(Parse(list), permissions);

    /// <summary>Returns a list as the kernel has it.</summary>
    /// <param name="entries">The entries as getfacl(1) prints them with numbers for users and groups, such as "user:1000:rw-".</param>
    /// <returns>The list; null if these are not entries.</returns>
    public static byte[]? FromText(IReadOnlyList<string> entries)
    {
        byte[] list = new byte[HeaderSize + (entries.Count * EntrySize)];
        BinaryPrimitives.WriteUInt32LittleEndian(list, Version);
        for (int i = 0; i < entries.Count; i++)
        {
            if (entries[i].Split(':') is not [string type, string name, [char read, char write, char execute]])
            {
                return null;
            }

            ushort tag = (type, name.Length > 0) switch
            {
                ("user", false) => OwnerTag,
                ("user", true) => UserTag,
                ("group", false) => GroupTag,
                ("group", true) => NamedGroupTag,
                ("mask", false) => MaskTag,
                ("other", false) => OtherTag,
                _ => 0,
            };
            uint id = NoId;
            if (tag == 0 || (name.Length > 0 && !uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out id)))
            {
                return null;
            }

            Span<byte> entry = list.AsSpan(HeaderSize + (i * EntrySize), EntrySize);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, tag);
            BinaryPrimitives.WriteUInt16LittleEndian(
                entry[sizeof(ushort)..], (ushort)((read == 'r' ? 4 : 0) | (write == 'w' ? 2 : 0) | (execute == 'x' ? 1 : 0)));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[(2 * sizeof(ushort))..], id);
        }

        return list;
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

    private static uint WithoutList(Rights rights, uint permissions) =>
        (permissions & ~GroupBits) | ((rights.Group & rights.Mask) << GroupShift);

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
