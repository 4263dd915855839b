using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Reads at an offset, or at the descriptor's own position where there is none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/read.2.html">read(2)</see>,
    /// <see href="https://man7.org/linux/man-pages/man2/pread.2.html">pread(2)</see></remarks>
    public static unsafe SysResult Read(SafeHandle handle, Span<byte> buffer, long? offset)
    {
        fixed (byte* start = buffer)
        {
            return offset is long at
                ? SysResult.From(pread(handle, start, (nuint)buffer.Length, at))
                : SysResult.From(read(handle, start, (nuint)buffer.Length));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint read(SafeHandle fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint pread(SafeHandle fd, byte* buffer, nuint count, long offset);
}
