using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    private const int LongestList = 65536; // XATTR_LIST_MAX

    /// <summary>The names of the extended attributes of whatever is open, also with O_PATH.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/listxattr.2.html">listxattr(2)</see></remarks>
    public static unsafe SysResult ListAttributes(SafeHandle handle, out List<FileName> names)
    {
        byte* list = stackalloc byte[LongestList];
        SysResult result = SysResult.From(listxattr(PathOf(handle), list, LongestList));
        names = [];
        var rest = new ReadOnlySpan<byte>(list, (int)Math.Max(result.Value, 0));
        while (rest.IndexOf((byte)0) is > 0 and int end)
        {
            names.Add(new FileName(rest[..end]));
            rest = rest[(end + 1)..];
        }

        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint listxattr(string path, byte* list, nuint size);
}
