using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int KeepSizeAndPunchHole = 0x1 | 0x2; // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

    /// <summary>Makes a range read as zeros and gives its blocks back.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fallocate.2.html">fallocate(2)</see></remarks>
    public static SysResult PunchHole(SafeHandle file, long offset, long count) =>
        SysResult.From(fallocate(file, KeepSizeAndPunchHole, offset, count));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fallocate(SafeHandle fd, int mode, long offset, long count);
}
