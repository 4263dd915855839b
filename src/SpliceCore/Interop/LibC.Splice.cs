using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Moves up to <paramref name="count"/> bytes between two descriptors, one of them a pipe.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/splice.2.html">splice(2)</see></remarks>
    public static unsafe SysResult Splice(
        SafeHandle source, long? sourceOffset, SafeHandle destination, long? destinationOffset, long count, SpliceFlags flags)
    {
        long from = sourceOffset.GetValueOrDefault();
        long to = destinationOffset.GetValueOrDefault();
        return SysResult.From(splice(
            source, sourceOffset.HasValue ? &from : null,
            destination, destinationOffset.HasValue ? &to : null,
            (nuint)count, (uint)flags));
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint splice(SafeHandle fdIn, long* offIn, SafeHandle fdOut, long* offOut, nuint len, uint flags);
}
