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

    /// <summary>Whether an attribute is one of those that are to be kept.</summary>
    public static bool IsWanted(FileName name, PreserveAttributes preserve) => IsList(name)
        ? preserve.HasFlag(PreserveAttributes.Acl)
        : preserve.HasFlag(PreserveAttributes.Xattr) && TravelsWithContent(name);

    /// <summary>What stays when a file is written into: capabilities, for one, are dropped then.</summary>
    public static bool StaysWithFile(FileName name) =>
        name.Bytes.StartsWith("user."u8)
        || (name.Bytes.StartsWith("security."u8) && TravelsWithContent(name) && !name.Bytes.SequenceEqual("security.capability"u8));
}
