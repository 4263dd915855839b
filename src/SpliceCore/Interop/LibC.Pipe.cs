using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Makes a pipe, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/pipe.2.html">pipe2(2)</see></remarks>
    public static unsafe SysResult Pipe2(int flags, out SafeFileHandle readEnd, out SafeFileHandle writeEnd)
    {
        int* ends = stackalloc int[2];
        SysResult result = SysResult.From(pipe2(ends, OpenFlags.CloseOnExec | flags));
        readEnd = new SafeFileHandle(result.Ok ? ends[0] : -1, ownsHandle: true);
        writeEnd = new SafeFileHandle(result.Ok ? ends[1] : -1, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);

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

    /// <summary>Duplicates up to <paramref name="count"/> bytes of one pipe in another without consuming them.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/tee.2.html">tee(2)</see></remarks>
    public static SysResult Tee(SafeHandle source, SafeHandle destination, long count, SpliceFlags flags) =>
        SysResult.From(tee(source, destination, (nuint)count, (uint)flags));

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint tee(SafeHandle fdIn, SafeHandle fdOut, nuint len, uint flags);

    /// <summary>FIONREAD</summary>
    public const uint BytesAvailableRequest = 0x541B;

    /// <summary>The bytes that wait in a pipe or socket to be read.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/FIONREAD.2const.html">FIONREAD(2const)</see></remarks>
    public static unsafe SysResult BytesAvailable(SafeHandle handle)
    {
        int count = 0;
        SysResult result = SysResult.From(ioctl_pointer(handle, BytesAvailableRequest, &count));
        return result.Ok ? new SysResult(count, Errno.None) : result;
    }
}
