using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Takes an extended attribute from an open file. ENODATA: it has none of that name.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/removexattr.2.html">fremovexattr(2)</see></remarks>
    public static SysResult RemoveAttribute(SafeHandle file, string name) => SysResult.From(fremovexattr(file, name));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fremovexattr(SafeHandle fd, string name);
}
