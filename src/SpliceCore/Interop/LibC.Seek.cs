using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int SeekDataOrigin = 3; // SEEK_DATA
    public const int SeekHoleOrigin = 4; // SEEK_HOLE

    /// <summary>Moves the file offset, or asks for it. ESPIPE: there is none (a pipe, a socket).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/lseek.2.html">lseek(2)</see></remarks>
    public static SysResult Seek(SafeHandle handle, long offset, SeekOrigin whence) =>
        SysResult.From((nint)lseek(handle, offset, (int)whence));

    /// <summary>SEEK_DATA: where the next data begin. ENXIO: there are none after the offset.</summary>
    public static SysResult SeekData(SafeHandle handle, long offset) => SysResult.From((nint)lseek(handle, offset, SeekDataOrigin));

    /// <summary>SEEK_HOLE: where the next hole begins; the end of the file counts as one.</summary>
    public static SysResult SeekHole(SafeHandle handle, long offset) => SysResult.From((nint)lseek(handle, offset, SeekHoleOrigin));

    [LibraryImport(Library, SetLastError = true)]
    private static partial long lseek(SafeHandle fd, long offset, int whence);
}
