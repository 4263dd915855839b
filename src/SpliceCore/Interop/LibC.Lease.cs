using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int SetSignalCommand = 10; // F_SETSIG
    public const int SetLeaseCommand = 1024; // F_SETLEASE
    public const int Unlocked = 2; // F_UNLCK
    public const int UrgentSignal = 23; // SIGURG

    /// <summary>Takes a lease for writing on a file: no other handle has it open, and one that opens it now waits until the lease
    /// is released. EAGAIN: another handle has it open. EACCES: the file belongs to another user.</summary>
    /// <remarks>The kernel reports a waiting open with a signal. SIGIO would end the process, and SIGURG is ignored.
    /// <see href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</see>, F_SETLEASE</remarks>
    public static SysResult LeaseForWriting(SafeHandle file)
    {
        SysResult chosen = SysResult.From(fcntl(file, SetSignalCommand, UrgentSignal));
        return chosen.Ok ? SysResult.From(fcntl(file, SetLeaseCommand, WriteLock)) : chosen;
    }

    /// <summary>Releases a lease.</summary>
    public static SysResult ReleaseLease(SafeHandle file) => SysResult.From(fcntl(file, SetLeaseCommand, Unlocked));
}
