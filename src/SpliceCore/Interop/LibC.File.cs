using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Opens a path, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/open.2.html">openat(2)</see></remarks>
    public static SysResult Open(string path, int flags, out SafeFileHandle handle)
    {
        SysResult result;
        do
        {
            result = SysResult.From(openat_path(CurrentDirectory, path, flags | OpenFlags.CloseOnExec, 0));
        }
        while (result.Errno == Errno.EINTR);

        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    /// <summary>Opens a name in an open directory, closed on exec. <paramref name="mode"/> is for a new file, and the
    /// process's umask takes its share of it.</summary>
    public static unsafe SysResult OpenAt(SafeHandle directory, FileName name, int flags, uint mode, out SafeFileHandle handle)
    {
        fixed (byte* path = name)
        {
            SysResult result;
            do
            {
                result = SysResult.From(openat(directory, path, flags | OpenFlags.CloseOnExec, mode));
            }
            while (result.Errno == Errno.EINTR);

            handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
            return result;
        }
    }

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat_path(int directory, string path, int flags, nuint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int openat(SafeHandle directory, byte* path, int flags, nuint mode);

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

    /// <summary>Reads at an offset, or at the descriptor's own position where there is none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/read.2.html">read(2)</see>,
    /// <see href="https://man7.org/linux/man-pages/man2/pread.2.html">pread(2)</see></remarks>
    public static unsafe SysResult Read(SafeHandle handle, Span<byte> buffer, long? offset)
    {
        fixed (byte* start = buffer)
        {
            return offset is long at
                ? SysResult.From(pread(handle, start, (nuint)buffer.Length, at))
                : SysResult.From(read(handle, start, (nuint)buffer.Length));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint read(SafeHandle fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint pread(SafeHandle fd, byte* buffer, nuint count, long offset);

    /// <summary>Writes at an offset, or at the descriptor's own position where there is none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/write.2.html">write(2)</see>,
    /// <see href="https://man7.org/linux/man-pages/man2/pread.2.html">pwrite(2)</see></remarks>
    public static unsafe SysResult Write(SafeHandle handle, ReadOnlySpan<byte> buffer, long? offset)
    {
        fixed (byte* start = buffer)
        {
            return offset is long at
                ? SysResult.From(pwrite(handle, start, (nuint)buffer.Length, at))
                : SysResult.From(write(handle, start, (nuint)buffer.Length));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint write(SafeHandle fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint pwrite(SafeHandle fd, byte* buffer, nuint count, long offset);

    public const int SeekDataOrigin = 3; // SEEK_DATA
    public const int SeekHoleOrigin = 4; // SEEK_HOLE

    /// <summary>Moves the file offset, or asks for it. ESPIPE: there is none (a pipe, a socket).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/lseek.2.html">lseek(2)</see></remarks>
    public static SysResult Seek(SafeHandle handle, long offset, SeekOrigin whence) =>
        SysResult.From((nint)lseek(handle, offset, (int)whence));

    /// <summary>SEEK_DATA: where the next data begin. ENXIO: there are none after the offset.</summary>
    public static SysResult SeekData(SafeHandle handle, long offset) => SysResult.From((nint)lseek(handle, offset, SeekDataOrigin));

    /// <summary>SEEK_HOLE: where the next hole begins; the end of the file counts as one.</summary>
    public static SysResult SeekHole(SafeHandle handle, long offset) => SysResult.From((nint)lseek(handle, offset, SeekHoleOrigin));

    [LibraryImport(Library, SetLastError = true)]
    private static partial long lseek(SafeHandle fd, long offset, int whence);

    /// <summary>Sets a file's size; what is added is a hole.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/truncate.2.html">ftruncate(2)</see></remarks>
    public static SysResult Truncate(SafeHandle file, long size)
    {
        SysResult result;
        do
        {
            result = SysResult.From(ftruncate(file, size));
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ftruncate(SafeHandle fd, long size);

    /// <summary>Waits until the disk has what was written to a file, or the names in a folder. An error is told once: the
    /// kernel forgets what it could not write. EINVAL: there is no disk behind it (pipes, most devices).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fsync.2.html">fsync(2)</see></remarks>
    public static SysResult Flush(SafeHandle handle)
    {
        SysResult result;
        do
        {
            result = SysResult.From(fsync(handle));
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fsync(SafeHandle fd);

    public const int Sequential = 2; // POSIX_FADV_SEQUENTIAL
    public const int DoNotNeed = 4; // POSIX_FADV_DONTNEED

    /// <summary>Tells the kernel that a file will be read from front to back: it reads twice as far ahead.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/posix_fadvise.2.html">posix_fadvise(2)</see></remarks>
    public static SysResult AdviseSequential(SafeHandle file) =>
        SysResult.FromErrno(posix_fadvise(file, 0, 0, Sequential));

    /// <summary>Asks the kernel to drop the whole pages of a range from its cache. Pages stay that are not on the disk yet, or
    /// that a process has mapped.</summary>
    /// <remarks>It answers the error number itself, and errno stays as it was.
    /// <see href="https://man7.org/linux/man-pages/man2/posix_fadvise.2.html">posix_fadvise(2)</see></remarks>
    public static SysResult DropCache(SafeHandle file, long offset, long length) =>
        SysResult.FromErrno(posix_fadvise(file, offset, length, DoNotNeed));

    [LibraryImport(Library)]
    private static partial int posix_fadvise(SafeHandle fd, long offset, long count, int advice);

    public const int ReadableMemory = 1; // PROT_READ
    public const int SharedMapping = 1; // MAP_SHARED

    private const long LargestMapping = 1L << 30;

    /// <summary>Returns how many pages of a range of a file are in the cache.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="offset">A multiple of the page's size.</param>
    /// <param name="length">The range's length in bytes.</param>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mincore.2.html">mincore(2)</see></remarks>
    public static SysResult CountCachedPages(SafeHandle file, long offset, long length)
    {
        long pages = 0;
        for (long at = 0; at < length; at += LargestMapping)
        {
            SysResult counted = CountInMapping(file, offset + at, (nuint)Math.Min(length - at, LargestMapping));
            if (!counted.Ok)
            {
                return counted;
            }

            pages += counted.Value;
        }

        return new SysResult(pages, Errno.None);
    }

    private static unsafe SysResult CountInMapping(SafeHandle file, long offset, nuint length)
    {
        SysResult mapped = SysResult.From(mmap(null, length, ReadableMemory, SharedMapping, file, offset));
        if (!mapped.Ok)
        {
            return mapped;
        }

        int count = (int)((length + (nuint)Environment.SystemPageSize - 1) / (nuint)Environment.SystemPageSize);
        byte[] pages = ArrayPool<byte>.Shared.Rent(count);
        try
        {
            fixed (byte* first = pages)
            {
                SysResult result = SysResult.From(mincore((void*)mapped.Value, length, first));
                return result.Ok ? new SysResult(CountCached(pages.AsSpan(0, count)), Errno.None) : result;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pages);
            SysResult.From(munmap((void*)mapped.Value, length));
        }
    }

    private static int CountCached(ReadOnlySpan<byte> pages)
    {
        int cached = 0;
        foreach (byte page in pages)
        {
            cached += page & 1; // the other bits mean nothing
        }

        return cached;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint mmap(void* address, nuint length, int protection, int flags, SafeHandle fd, long offset);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mincore(void* address, nuint length, byte* pages);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int munmap(void* address, nuint length);

    public const int KeepSizeAndPunchHole = 0x1 | 0x2; // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

    /// <summary>Makes a range read as zeros and gives its blocks back.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fallocate.2.html">fallocate(2)</see></remarks>
    public static SysResult PunchHole(SafeHandle file, long offset, long count) =>
        SysResult.From(fallocate(file, KeepSizeAndPunchHole, offset, count));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fallocate(SafeHandle fd, int mode, long offset, long count);

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

    public const int GetDescriptorFlagsCommand = 1; // F_GETFD
    public const int CloseOnExecFlag = 1; // FD_CLOEXEC
    public const int GetStatusFlagsCommand = 3; // F_GETFL
    public const int SetStatusFlagsCommand = 4; // F_SETFL
    public const int DuplicateCommand = 1030; // F_DUPFD_CLOEXEC
    public const int SetPipeSizeCommand = 1031; // F_SETPIPE_SZ
    public const int GetPipeSizeCommand = 1032; // F_GETPIPE_SZ

    /// <summary>F_GETFD: whether the descriptor is closed on exec. EBADF where nothing is open.</summary>
    public static SysResult GetDescriptorFlags(int descriptor) => SysResult.From(fcntl_number(descriptor, GetDescriptorFlagsCommand, 0));

    /// <summary>F_GETFL: access mode and status flags (<see cref="OpenFlags"/>). EBADF where nothing is open.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</see></remarks>
    public static SysResult GetStatusFlags(SafeHandle handle) => SysResult.From(fcntl(handle, GetStatusFlagsCommand, 0));

    /// <summary>F_SETFL. They belong to the open file description: everyone who shares it sees the change.</summary>
    public static SysResult SetStatusFlags(SafeHandle handle, int flags) =>
        SysResult.From(fcntl(handle, SetStatusFlagsCommand, flags));

    /// <summary>F_GETPIPE_SZ: the capacity of a pipe in bytes.</summary>
    public static SysResult GetPipeSize(SafeHandle pipe) => SysResult.From(fcntl(pipe, GetPipeSizeCommand, 0));

    /// <summary>F_SETPIPE_SZ: the kernel rounds up to a power of two pages and answers what it gave.</summary>
    public static SysResult SetPipeSize(SafeHandle pipe, int size) => SysResult.From(fcntl(pipe, SetPipeSizeCommand, size));

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int fcntl_number(int fd, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(SafeHandle fd, int command, nint argument);

    /// <summary>MFD_CLOEXEC</summary>
    public const uint MemoryFileCloseOnExec = 1;

    /// <summary>Makes a file without a name in memory, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/memfd_create.2.html">memfd_create(2)</see></remarks>
    public static SysResult MemoryFile(string label, out SafeFileHandle handle)
    {
        SysResult result = SysResult.From(memfd_create(label, MemoryFileCloseOnExec));
        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}

/// <summary>The O_* flags of open(2). Four of them differ between x64 and arm64 (asm/fcntl.h).</summary>
internal static class OpenFlags
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int AccessMode = 3;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int Append = 0x400;
    public const int NonBlock = 0x800;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    public static readonly ArchitectureValue Directory = new(X64: 0x10000, Arm64: 0x4000);
    public static readonly ArchitectureValue NoFollow = new(X64: 0x20000, Arm64: 0x8000);
    public static readonly ArchitectureValue Direct = new(X64: 0x4000, Arm64: 0x10000);
    public static readonly ArchitectureValue TemporaryFile = new(0x400000 | Directory.X64, 0x400000 | Directory.Arm64);
}
