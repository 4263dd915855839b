using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Carries the extended attributes of a file that is replaced over to the new one, as if it had been written
/// into: access control list, security label, what users noted.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man7/xattr.7.html">xattr(7)</see>,
/// <see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see></remarks>
internal static class ExtendedAttributes
{
    private const string AccessList = "system.posix_acl_access";

    /// <summary>Carries them over.</summary>
    /// <param name="replaced">The path of the file that is replaced.</param>
    /// <param name="file">The new file.</param>
    /// <returns>Each that could not be carried, with the reason.</returns>
    public static IEnumerable<(string Name, SysResult Result)> Carry(string replaced, SafeFileHandle file)
    {
        // EOPNOTSUPP: the file system knows none. Otherwise there is nothing that can be carried either.
        LibC.ListAttributes(replaced, out string[] names);
        if (!names.Contains(AccessList))
        {
            // What a new file inherits from its folder's default list, the old one did not have.
            LibC.RemoveAttribute(file, AccessList);
        }

        foreach (string name in names.Where(StaysWithFile))
        {
            SysResult result = LibC.GetAttribute(replaced, name, out byte[] value);
            result = result.Ok ? LibC.SetAttribute(file, name, value) : result;
            if (!result.Ok)
            {
                yield return (name, result);
            }
        }
    }

    /// <summary>Capabilities and integrity hashes are the content's: writing into a file drops them too.</summary>
    private static bool StaysWithFile(string name) => name == AccessList || name.StartsWith("user.", StringComparison.Ordinal)
        || (name.StartsWith("security.", StringComparison.Ordinal) && name is not ("security.capability" or "security.ima" or "security.evm"));
}
