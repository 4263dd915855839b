using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Extended attributes, and the access control lists that are stored in them.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man7/xattr.7.html">xattr(7)</see>,
/// <see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see></remarks>
internal static class ExtendedAttributes
{
    public static readonly FileName AccessList = "system.posix_acl_access";

    public static readonly FileName DefaultList = "system.posix_acl_default";

    /// <summary>Copies the selected attributes to another file.</summary>
    /// <returns>Each attribute that could not be copied, with the reason.</returns>
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

    /// <summary>True for all but the lists, which have an option of their own and which XFS lists twice, and integrity hashes, which
    /// only the kernel can compute.</summary>
    public static bool TravelsWithContent(FileName name) =>
        !IsList(name) && !name.Bytes.StartsWith("trusted.SGI_ACL_"u8)
        && !name.Bytes.SequenceEqual("security.ima"u8) && !name.Bytes.SequenceEqual("security.evm"u8);

    public static bool IsWanted(FileName name, PreserveAttributes preserve) => IsList(name)
        ? preserve.HasFlag(PreserveAttributes.Acl)
        : preserve.HasFlag(PreserveAttributes.Xattr) && TravelsWithContent(name);

    /// <summary>True if an attribute stays when a file is overwritten in place: capabilities, for example, are dropped.</summary>
    public static bool StaysWithFile(FileName name) =>
        name.Bytes.StartsWith("user."u8)
        || (name.Bytes.StartsWith("security."u8) && TravelsWithContent(name) && !name.Bytes.SequenceEqual("security.capability"u8));
}

/// <summary>POSIX access control lists and permission bits. The mode of an item with an access list has the list's mask in place of
/// the group's permissions.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see>; the format is that of
/// linux/posix_acl_xattr.h.</remarks>
internal static class AccessControlList
{
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

    /// <summary>Returns permission bits without the access list: the group has its own permissions, as far as the mask grants them,
    /// and none if the list cannot be read.</summary>
    public static uint WithoutList(SafeHandle item, uint permissions)
    {
        if ((permissions & LibC.S_IRWXG) == 0)
        {
            return permissions;
        }

        SysResult read = Read(item, ExtendedAttributes.AccessList, out Rights rights);
        return read.Errno switch
        {
            Errno.None => WithoutList(rights, permissions),
            Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ENOSYS => permissions,
            _ => permissions & ~LibC.S_IRWXG,
        };
    }

    /// <summary>Returns the permission bits of an item without set-id bits and its access list.</summary>
    public static uint PermissionsWithoutList(SafeHandle item, FileStatus status) =>
        WithoutList(item, status.Permissions) & ModeBits.All;

    /// <summary>Returns permission bits without an access list, which is empty if it is unknown.</summary>
    public static uint WithoutList(byte[] list, uint permissions) => WithoutList(Parse(list), permissions);

    /// <summary>Parses entries as getfacl(1) prints them with numbers for users and groups, such as "user:1000:rw-".</summary>
    /// <returns>The list in the kernel's format; null if these are not entries.</returns>
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

    public static bool Has(SafeHandle item) => Read(item, ExtendedAttributes.AccessList, out _).Ok;

    /// <summary>Returns the bits that a directory's default list grants new items; null without a list, when the umask
    /// decides.</summary>
    public static uint? GrantedByDefault(SafeHandle folder)
    {
        SysResult read = Read(folder, ExtendedAttributes.DefaultList, out Rights rights);
        return read.Ok
            ? (rights.Owner << (2 * GroupShift)) | ((rights.HasMask ? rights.Mask : rights.Group) << GroupShift) | rights.Other
            : null;
    }

    private static uint WithoutList(Rights rights, uint permissions) =>
        (permissions & ~LibC.S_IRWXG) | ((rights.Group & rights.Mask) << GroupShift);

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
