using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Moves up to <paramref name="count"/> bytes from a seekable source, at an offset, to the destination's
    /// position. The source's own position stays.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/sendfile.2.html">sendfile(2)</see></remarks>
    public static unsafe SysResult SendFile(SafeHandle destination, SafeHandle source, long sourceOffset, long count) =>
        SysResult.From(sendfile(destination, source, &sourceOffset, (nuint)count));

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint sendfile(SafeHandle fdOut, SafeHandle fdIn, long* offset, nuint count);
}
