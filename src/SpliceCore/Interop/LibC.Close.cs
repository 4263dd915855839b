using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>What a close would answer: NFS and FUSE write back then, and only then tell ENOSPC, EDQUOT or EIO. A
    /// duplicate is closed, and the descriptor stays open; file systems on a disk have nothing to do.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/close.2.html">close(2)</see></remarks>
    public static SysResult CloseDuplicate(SafeHandle file)
    {
        SysResult duplicate = SysResult.From(fcntl(file, DuplicateCommand, 0));
        return duplicate.Ok ? SysResult.From(close((int)duplicate.Value)) : duplicate;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int close(int fd);
}
