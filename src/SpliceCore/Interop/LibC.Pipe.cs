using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    // asm/ioctls.h
    public const uint FIONREAD = 0x541B;

    // sys/socket.h, netinet/in.h, linux/tcp.h
    public const int AF_UNIX = 1, SOCK_STREAM = 1, SHUT_WR = 1, SOL_SOCKET = 1, SO_SNDBUF = 7, IPPROTO_TCP = 6, TCP_INFO = 11;

    // struct tcp_info: the offset of tcpi_segs_out, and the size up to tcpi_segs_in
    public const int TcpSegmentsOutOffset = 136, TcpInfoSize = 144;

    /// <summary>Makes a pipe, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/pipe.2.html">pipe2(2)</see></remarks>
    public static unsafe SysResult Pipe2(int flags, out SafeFileHandle readEnd, out SafeFileHandle writeEnd)
    {
        int* ends = stackalloc int[2];
        SysResult result = SysResult.From(pipe2(ends, O_CLOEXEC | flags));
        readEnd = new SafeFileHandle(result.Ok ? ends[0] : -1, ownsHandle: true);
        writeEnd = new SafeFileHandle(result.Ok ? ends[1] : -1, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);

    /// <summary>Makes two connected stream sockets, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/socketpair.2.html">socketpair(2)</see></remarks>
    public static unsafe SysResult SocketPair(out SafeFileHandle first, out SafeFileHandle second)
    {
        int* ends = stackalloc int[2];
        SysResult result = SysResult.From(socketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, ends));
        first = new SafeFileHandle(result.Ok ? ends[0] : -1, ownsHandle: true);
        second = new SafeFileHandle(result.Ok ? ends[1] : -1, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int socketpair(int domain, int type, int protocol, int* ends);

    /// <summary>Sets the size of a socket's send buffer, which the kernel doubles, and limits to net.core.wmem_max.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7)</see>, SO_SNDBUF</remarks>
    public static unsafe SysResult SetSendBuffer(SafeHandle socket, int size) =>
        SysResult.From(setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof(int)));

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int setsockopt(SafeHandle socket, int level, int name, int* value, uint length);

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

    /// <summary>Returns the number of bytes in a pipe or socket that can be read.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/FIONREAD.2const.html">FIONREAD(2const)</see></remarks>
    public static unsafe SysResult BytesAvailable(SafeHandle handle)
    {
        int count = 0;
        return SysResult.From(ioctl(handle, FIONREAD, &count)).With(count);
    }

    /// <summary>Reports the end of data to a socket's peer. ENOTSOCK: not a socket.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</see></remarks>
    public static SysResult ShutDownSending(SafeHandle socket) => SysResult.From(shutdown(socket, SHUT_WR));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int shutdown(SafeHandle socket, int how);

    /// <summary>Returns the number of segments that a TCP socket has sent in its life; an error for other sockets.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7)</see>, TCP_INFO</remarks>
    public static unsafe SysResult TcpSegmentsSent(SafeHandle socket)
    {
        byte* info = stackalloc byte[TcpInfoSize];
        uint length = TcpInfoSize;
        SysResult result = SysResult.From(getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, ref length));
        return !result.Ok || length == TcpInfoSize ? result.With(*(uint*)(info + TcpSegmentsOutOffset)) : new SysResult(-1, Errno.EOPNOTSUPP);
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int getsockopt(SafeHandle socket, int level, int name, byte* value, ref uint length);
}
