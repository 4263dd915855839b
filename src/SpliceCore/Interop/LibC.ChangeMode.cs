using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets the permission bits of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chmod.2.html">fchmod(2)</see></remarks>
    public static SysResult ChangeMode(SafeHandle file, uint mode) => SysResult.From(fchmod(file, mode));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmod(SafeHandle fd, uint mode);
}
