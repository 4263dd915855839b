using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets the permission bits of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chmod.2.html">fchmod(2)</see></remarks>
    public static SysResult ChangeMode(SafeHandle file, uint mode) => SysResult.From(fchmod(file, mode));

    /// <summary>Sets the permission bits of what was opened with O_PATH.</summary>
    public static SysResult ChangeModeOfPath(SafeHandle handle, uint mode) => SysResult.From(chmod(PathOf(handle), mode));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmod(SafeHandle fd, uint mode);
}
