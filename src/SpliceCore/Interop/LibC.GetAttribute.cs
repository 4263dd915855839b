using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    private const int LongestValue = 65536; // XATTR_SIZE_MAX

    /// <summary>The value of an extended attribute of whatever is open, also with O_PATH.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getxattr.2.html">getxattr(2)</see></remarks>
    public static unsafe SysResult GetAttribute(SafeHandle handle, FileName name, out byte[] value)
    {
        byte* buffer = stackalloc byte[LongestValue];
        fixed (byte* text = name)
        {
            SysResult result = SysResult.From(getxattr(PathOf(handle), text, buffer, LongestValue));
            value = result.Ok ? new ReadOnlySpan<byte>(buffer, (int)result.Value).ToArray() : [];
            return result;
        }
    }

    /// <summary>The same, into a buffer: ERANGE where the value is longer.</summary>
    /// <returns>The value's length.</returns>
    public static unsafe SysResult GetAttribute(SafeHandle handle, FileName name, Span<byte> buffer)
    {
        fixed (byte* text = name, start = buffer)
        {
            SysResult result = SysResult.From(fgetxattr(handle, text, start, (nuint)buffer.Length));

            // What was opened with O_PATH has to be reached by a path.
            return result.Errno == Errno.EBADF
                ? SysResult.From(getxattr(PathOf(handle), text, start, (nuint)buffer.Length))
                : result;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint fgetxattr(SafeHandle fd, byte* name, byte* value, nuint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint getxattr(string path, byte* name, byte* value, nuint size);
}
