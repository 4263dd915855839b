using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets a file's size; what is added is a hole.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/truncate.2.html">ftruncate(2)</see></remarks>
    public static SysResult Truncate(SafeHandle file, long size)
    {
        SysResult result;
        do
        {
            result = SysResult.From(ftruncate(file, size));
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ftruncate(SafeHandle fd, long size);
}
