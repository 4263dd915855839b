using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    // linux/limits.h
    public const int XATTR_SIZE_MAX = 65536, XATTR_LIST_MAX = 65536;

    /// <summary>Returns the value of an extended attribute of any handle, also of one opened with O_PATH.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getxattr.2.html">getxattr(2)</see></remarks>
    public static unsafe SysResult GetAttribute(SafeHandle handle, FileName name, out byte[] value)
    {
        byte* buffer = stackalloc byte[XATTR_SIZE_MAX];
        SysResult result = SysResult.From(getxattr(PathOf(handle), name, buffer, XATTR_SIZE_MAX));
        value = result.Ok ? new ReadOnlySpan<byte>(buffer, (int)result.Value).ToArray() : [];
        return result;
    }

    /// <summary>Reads a value into a buffer, and returns its length. ERANGE: the value is longer.</summary>
    public static unsafe SysResult GetAttribute(SafeHandle handle, FileName name, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            SysResult result = SysResult.From(fgetxattr(handle, name, start, (nuint)buffer.Length));

            // O_PATH: only a path leads to the attributes.
            return result.Errno == Errno.EBADF ? SysResult.From(getxattr(PathOf(handle), name, start, (nuint)buffer.Length)) : result;
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint fgetxattr(SafeHandle fd, FileName name, byte* value, nuint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint getxattr(string path, FileName name, byte* value, nuint size);

    /// <summary>Sets an extended attribute of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/setxattr.2.html">fsetxattr(2)</see></remarks>
    public static unsafe SysResult SetAttribute(SafeHandle file, FileName name, ReadOnlySpan<byte> value)
    {
        fixed (byte* start = value)
        {
            return SysResult.From(fsetxattr(file, name, start, (nuint)value.Length, 0));
        }
    }

    /// <summary>Sets an extended attribute of a handle opened with O_PATH.</summary>
    public static unsafe SysResult SetAttributeOfPath(SafeHandle handle, FileName name, ReadOnlySpan<byte> value)
    {
        fixed (byte* start = value)
        {
            return SysResult.From(setxattr(PathOf(handle), name, start, (nuint)value.Length, 0));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fsetxattr(SafeHandle fd, FileName name, byte* value, nuint size, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int setxattr(string path, FileName name, byte* value, nuint size, int flags);

    /// <summary>Returns the names of the extended attributes of any handle, also of one opened with O_PATH.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/listxattr.2.html">listxattr(2)</see></remarks>
    public static unsafe SysResult ListAttributes(SafeHandle handle, out List<FileName> names)
    {
        byte* list = stackalloc byte[XATTR_LIST_MAX];
        SysResult result = SysResult.From(listxattr(PathOf(handle), list, XATTR_LIST_MAX));
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

    /// <summary>Removes an extended attribute from an open file. ENODATA: no such attribute.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/removexattr.2.html">fremovexattr(2)</see></remarks>
    public static SysResult RemoveAttribute(SafeHandle file, FileName name) => SysResult.From(fremovexattr(file, name));

    /// <summary>Removes an extended attribute from a handle opened with O_PATH.</summary>
    public static SysResult RemoveAttributeOfPath(SafeHandle handle, FileName name) => SysResult.From(removexattr(PathOf(handle), name));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fremovexattr(SafeHandle fd, FileName name);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int removexattr(string path, FileName name);
}
