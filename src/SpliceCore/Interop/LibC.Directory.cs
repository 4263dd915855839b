using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Reads as many entries of an open directory as fit, as struct linux_dirent64 has them; 0 at the end.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getdents64.2.html">getdents64(2)</see></remarks>
    public static unsafe SysResult GetDirectoryEntries(SafeHandle directory, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            SysResult result;
            do
            {
                result = SysResult.From(getdents64(SystemCallNumber.GetDirectoryEntries, directory, start, (nuint)buffer.Length));
            }
            while (result.Errno == Errno.EINTR);

            return result;
        }
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint getdents64(nint number, SafeHandle directory, byte* buffer, nuint size);
}
