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

    /// <summary>Takes an extended attribute from an open file. ENODATA: it has none of that name.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/removexattr.2.html">fremovexattr(2)</see></remarks>
    public static unsafe SysResult RemoveAttribute(SafeHandle file, FileName name)
    {
        fixed (byte* text = name)
        {
            return SysResult.From(fremovexattr(file, text));
        }
    }

    /// <summary>Takes an extended attribute from what was opened with O_PATH.</summary>
    public static unsafe SysResult RemoveAttributeOfPath(SafeHandle handle, FileName name)
    {
        fixed (byte* text = name)
        {
            return SysResult.From(removexattr(PathOf(handle), text));
        }
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int removexattr(string path, byte* name);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fremovexattr(SafeHandle fd, byte* name);
}
