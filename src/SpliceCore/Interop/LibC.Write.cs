using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Writes at an offset, or at the descriptor's own position where there is none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/write.2.html">write(2)</see>,
    /// <see href="https://man7.org/linux/man-pages/man2/pread.2.html">pwrite(2)</see></remarks>
    public static unsafe SysResult Write(SafeHandle handle, ReadOnlySpan<byte> buffer, long? offset)
    {
        fixed (byte* start = buffer)
        {
            return offset is long at
                ? SysResult.From(pwrite(handle, start, (nuint)buffer.Length, at))
                : SysResult.From(write(handle, start, (nuint)buffer.Length));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint write(SafeHandle fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint pwrite(SafeHandle fd, byte* buffer, nuint count, long offset);
}
