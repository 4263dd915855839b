using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Waits until the disk has what was written to a file, or the names in a folder. An error is told once: the
    /// kernel forgets what it could not write. EINVAL: there is no disk behind it (pipes, most devices).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fsync.2.html">fsync(2)</see></remarks>
    public static SysResult Flush(SafeHandle handle)
    {
        SysResult result;
        do
        {
            result = SysResult.From(fsync(handle));
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fsync(SafeHandle fd);
}
