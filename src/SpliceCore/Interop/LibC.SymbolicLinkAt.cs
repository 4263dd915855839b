using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Makes a symbolic link in a directory. EEXIST where the name is taken.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/symlink.2.html">symlinkat(2)</see></remarks>
    public static unsafe SysResult SymbolicLinkAt(FileName target, SafeHandle directory, FileName name)
    {
        fixed (byte* text = target, path = name)
        {
            return SysResult.From(symlinkat(text, directory, path));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int symlinkat(byte* target, SafeHandle directory, byte* path);
}
