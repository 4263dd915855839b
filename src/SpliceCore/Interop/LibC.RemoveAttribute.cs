using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
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
