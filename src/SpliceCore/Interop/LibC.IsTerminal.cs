using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Whether a descriptor is a terminal.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/isatty.3.html">isatty(3)</see></remarks>
    public static bool IsTerminal(SafeHandle handle)
    {
        SystemCallCount.Add("isatty", 0, Errno.None);
        return isatty(handle) == 1;
    }

    [LibraryImport(Library)]
    private static partial int isatty(SafeHandle fd);
}
