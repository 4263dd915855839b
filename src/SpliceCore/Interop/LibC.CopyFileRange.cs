using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Copies up to <paramref name="count"/> bytes between two regular files inside the kernel.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/copy_file_range.2.html">copy_file_range(2)</see></remarks>
    public static unsafe SysResult CopyFileRange(
        SafeHandle source, long sourceOffset, SafeHandle destination, long destinationOffset, long count) =>
        SysResult.From(copy_file_range(
            SystemCallNumber.CopyFileRange, source, &sourceOffset, destination, &destinationOffset, (nuint)count, 0));

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint copy_file_range(
        nint number, SafeHandle fdIn, long* offIn, SafeHandle fdOut, long* offOut, nuint len, nuint flags);
}
