using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Makes a directory in a directory. The umask takes its share of the mode. EEXIST where the name is taken.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mkdir.2.html">mkdirat(2)</see></remarks>
    public static unsafe SysResult MakeDirectoryAt(SafeHandle directory, FileName name, uint mode)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(mkdirat(directory, path, mode));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mkdirat(SafeHandle directory, byte* path, uint mode);
}
