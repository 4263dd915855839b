using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets an extended attribute of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/setxattr.2.html">fsetxattr(2)</see></remarks>
    public static unsafe SysResult SetAttribute(SafeHandle file, string name, ReadOnlySpan<byte> value)
    {
        fixed (byte* start = value)
        {
            return SysResult.From(fsetxattr(file, name, start, (nuint)value.Length, 0));
        }
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int fsetxattr(SafeHandle fd, string name, byte* value, nuint size, int flags);
}
