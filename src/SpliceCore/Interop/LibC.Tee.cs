using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Duplicates up to <paramref name="count"/> bytes of one pipe in another without consuming them.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/tee.2.html">tee(2)</see></remarks>
    public static SysResult Tee(SafeHandle source, SafeHandle destination, long count, SpliceFlags flags) =>
        SysResult.From(tee(source, destination, (nuint)count, (uint)flags));

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint tee(SafeHandle fdIn, SafeHandle fdOut, nuint len, uint flags);
}
