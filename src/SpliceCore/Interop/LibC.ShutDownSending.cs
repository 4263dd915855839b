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
}
