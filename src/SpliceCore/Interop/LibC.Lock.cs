using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int LockAloneWithoutWaiting = 2 | 4; // LOCK_EX | LOCK_NB
    public const int GiveLockUp = 8; // LOCK_UN

    /// <summary>Takes a file's advisory lock for whoever has this open file description, until its last descriptor is closed.
    /// EAGAIN: somebody else has it.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/flock.2.html">flock(2)</see></remarks>
    public static SysResult Lock(SafeHandle file) => SysResult.From(flock(file, LockAloneWithoutWaiting));

    /// <summary>Gives the lock up, also for a process that is being started at this moment: until its exec it has a copy of every
    /// descriptor, and a close here would not be the last.</summary>
    public static SysResult Unlock(SafeHandle file) => SysResult.From(flock(file, GiveLockUp));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int flock(SafeHandle fd, int operation);
}
