using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int Sequential = 2; // POSIX_FADV_SEQUENTIAL
    public const int DoNotNeed = 4; // POSIX_FADV_DONTNEED

    /// <summary>Tells the kernel that a file will be read from front to back: it reads twice as far ahead.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/posix_fadvise.2.html">posix_fadvise(2)</see></remarks>
    public static SysResult AdviseSequential(SafeHandle file) =>
        SysResult.FromErrno(posix_fadvise(file, 0, 0, Sequential));

    /// <summary>Asks the kernel to drop the whole pages of a range from its cache. Pages stay that are not on the disk yet, or
    /// that a process has mapped.</summary>
    /// <remarks>It answers the error number itself, and errno stays as it was.
    /// <see href="https://man7.org/linux/man-pages/man2/posix_fadvise.2.html">posix_fadvise(2)</see></remarks>
    public static SysResult DropCache(SafeHandle file, long offset, long length) =>
        SysResult.FromErrno(posix_fadvise(file, offset, length, DoNotNeed));

    [LibraryImport(Library)]
    private static partial int posix_fadvise(SafeHandle fd, long offset, long count, int advice);
}
