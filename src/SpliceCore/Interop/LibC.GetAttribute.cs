using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    private const int LongestValue = 65536; // XATTR_SIZE_MAX

    /// <summary>The value of an extended attribute.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getxattr.2.html">lgetxattr(2)</see></remarks>
    public static unsafe SysResult GetAttribute(string path, string name, out byte[] value)
    {
        byte* buffer = stackalloc byte[LongestValue];
        SysResult result = SysResult.From(lgetxattr(path, name, buffer, LongestValue));
        value = result.Ok ? new ReadOnlySpan<byte>(buffer, (int)result.Value).ToArray() : [];
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint lgetxattr(string path, string name, byte* value, nuint size);
}
