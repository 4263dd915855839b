using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Removes a file's name from a directory.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/unlink.2.html">unlinkat(2)</see></remarks>
    public static SysResult UnlinkAt(SafeHandle directory, string name) => SysResult.From(unlinkat(directory, name, 0));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlinkat(SafeHandle directory, string path, int flags);
}
