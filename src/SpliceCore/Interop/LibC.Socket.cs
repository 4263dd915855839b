using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int ShutDownWriting = 1; // SHUT_WR

    /// <summary>Tells a socket's peer that no more will come. ENOTSOCK: it is none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</see></remarks>
    public static SysResult ShutDownSending(SafeHandle socket) => SysResult.From(shutdown(socket, ShutDownWriting));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int shutdown(SafeHandle socket, int how);

    public const int TcpLevel = 6; // IPPROTO_TCP
    public const int TcpInfoOption = 11; // TCP_INFO
    public const int TcpSegmentsOutOffset = 136; // tcpi_segs_out
    public const int TcpInfoSize = 144; // up to tcpi_segs_in

    /// <summary>How many segments a TCP socket has sent in its life; an error where it is no TCP socket.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7)</see>, TCP_INFO</remarks>
    public static unsafe SysResult TcpSegmentsSent(SafeHandle socket)
    {
        byte* info = stackalloc byte[TcpInfoSize];
        uint length = TcpInfoSize;
        SysResult result = SysResult.From(getsockopt(socket, TcpLevel, TcpInfoOption, info, &length));
        return result.Ok && length == TcpInfoSize
            ? new SysResult(*(uint*)(info + TcpSegmentsOutOffset), Errno.None)
            : new SysResult(-1, result.Ok ? Errno.EOPNOTSUPP : result.Errno);
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int getsockopt(SafeHandle socket, int level, int name, byte* value, uint* length);
}
