using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets an extended attribute of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/setxattr.2.html">fsetxattr(2)</see></remarks>
    public static unsafe SysResult SetAttribute(SafeHandle file, FileName name, ReadOnlySpan<byte> value)
    {
        fixed (byte* text = name, start = value)
        {
            return SysResult.From(fsetxattr(file, text, start, (nuint)value.Length, 0));
        }
    }

    /// <summary>Sets an extended attribute of what was opened with O_PATH.</summary>
    public static unsafe SysResult SetAttributeOfPath(SafeHandle handle, FileName name, ReadOnlySpan<byte> value)
    {
        fixed (byte* text = name, start = value)
        {
            return SysResult.From(setxattr(PathOf(handle), text, start, (nuint)value.Length, 0));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fsetxattr(SafeHandle fd, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int setxattr(string path, byte* name, byte* value, nuint size, int flags);
}
