using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int LockAloneWithoutWaiting = 2 | 4; // LOCK_EX | LOCK_NB
    public const int GiveLockUp = 8; // LOCK_UN
    public const int SetOpenFileLockCommand = 37; // F_OFD_SETLK
    public const short WriteLock = 1; // F_WRLCK

    /// <summary>Takes a file's advisory lock for whoever has this open file description, until its last descriptor is closed.
    /// EAGAIN: somebody else has it.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/flock.2.html">flock(2)</see></remarks>
    public static SysResult Lock(SafeHandle file) => SysResult.From(flock(file, LockAloneWithoutWaiting));

    /// <summary>Takes all of a file for writing, for as long as this open file description is open: F_OFD_SETLK. It shuts out
    /// other such locks and those of lockf(3), and not the flock(2) that .NET takes when it opens a file. EAGAIN: another process,
    /// or another handle of this one, has it.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</see></remarks>
    public static unsafe SysResult LockForWriting(SafeHandle file)
    {
        var all = new FileLock { Type = WriteLock };
        return SysResult.From(fcntl_lock(file, SetOpenFileLockCommand, &all));
    }

    /// <summary>Gives the lock up, also for a process that is being started at this moment: until its exec it has a copy of every
    /// descriptor, and a close here would not be the last.</summary>
    public static SysResult Unlock(SafeHandle file) => SysResult.From(flock(file, GiveLockUp));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int flock(SafeHandle fd, int operation);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    private static unsafe partial int fcntl_lock(SafeHandle fd, int command, FileLock* argument);

    /// <summary>struct flock of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int ProcessId;
    }
}
