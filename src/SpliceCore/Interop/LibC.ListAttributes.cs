using System.Runtime.InteropServices;
using System.Text;

namespace Splice.Interop;

internal static partial class LibC
{
    private const int LongestList = 65536; // XATTR_LIST_MAX

    /// <summary>The names of a file's extended attributes.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/listxattr.2.html">llistxattr(2)</see></remarks>
    public static unsafe SysResult ListAttributes(string path, out string[] names)
    {
        byte* list = stackalloc byte[LongestList];
        SysResult result = SysResult.From(llistxattr(path, list, LongestList));
        names = result.Ok
            ? Encoding.UTF8.GetString(list, (int)result.Value).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            : [];
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint llistxattr(string path, byte* list, nuint size);
}
