using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    // fcntl.h; four of the O_* flags differ between x64 and arm64
    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100,
        O_APPEND = 0x400, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, O_PATH = 0x200000;
    public static readonly ArchitectureValue O_DIRECTORY = new(X64: 0x10000, Arm64: 0x4000), O_NOFOLLOW = new(X64: 0x20000, Arm64: 0x8000),
        O_DIRECT = new(X64: 0x4000, Arm64: 0x10000), O_TMPFILE = new(0x400000 | O_DIRECTORY.X64, 0x400000 | O_DIRECTORY.Arm64);

    // fcntl.h, bits/fcntl-linux.h
    public const int F_GETFD = 1, F_GETFL = 3, F_SETFL = 4, F_SETSIG = 10, F_OFD_SETLK = 37, F_SETLEASE = 1024, F_DUPFD_CLOEXEC = 1030,
        F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032, FD_CLOEXEC = 1;
    public const short F_WRLCK = 1, F_UNLCK = 2;
    public const int POSIX_FADV_SEQUENTIAL = 2, POSIX_FADV_DONTNEED = 4, FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;

    // unistd.h, sys/file.h, sys/mman.h
    public const int SEEK_DATA = 3, SEEK_HOLE = 4, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8, PROT_READ = 1, MAP_SHARED = 1, MFD_CLOEXEC = 1;

    /// <summary>Opens a path, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/open.2.html">openat(2)</see></remarks>
    public static SysResult Open(string path, int flags, out SafeFileHandle handle)
    {
        SysResult result;
        do
        {
            result = SysResult.From(openat(AT_FDCWD, path, flags | O_CLOEXEC, 0));
        }
        while (result.Errno == Errno.EINTR);

        return Own(result, out handle);
    }

    /// <summary>Opens a name in an open directory, closed on exec. <paramref name="mode"/> is for a new file; the umask applies.</summary>
    public static SysResult OpenAt(SafeHandle directory, FileName name, int flags, uint mode, out SafeFileHandle handle)
    {
        SysResult result;
        do
        {
            result = SysResult.From(openat(directory, name, flags | O_CLOEXEC, mode));
        }
        while (result.Errno == Errno.EINTR);

        return Own(result, out handle);
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int directory, string path, int flags, nuint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int openat(SafeHandle directory, FileName path, int flags, nuint mode);

    /// <summary>Closes a duplicate, to get the error of a close while the file stays open: NFS and FUSE write back then, and report
    /// ENOSPC, EDQUOT and EIO only then. Other file systems do nothing.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/close.2.html">close(2)</see></remarks>
    public static SysResult CloseDuplicate(SafeHandle file)
    {
        SysResult duplicate = SysResult.From(fcntl(file, F_DUPFD_CLOEXEC, 0));
        return duplicate.Ok ? SysResult.From(close((int)duplicate.Value)) : duplicate;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int close(int fd);

    /// <summary>Reads at an offset, or at the file offset if it is null.</summary>
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

    /// <summary>Writes at an offset, or at the file offset if it is null.</summary>
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

    /// <summary>Writes all bytes, also where a call writes only some of them or a signal interrupts it.</summary>
    public static SysResult WriteAll(SafeHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            SysResult written = Write(file, bytes, offset);
            if (!written.Ok && written.Errno != Errno.EINTR)
            {
                return written;
            }

            int count = (int)Math.Max(written.Value, 0);
            offset += count;
            bytes = bytes[count..];
        }

        return default;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint write(SafeHandle fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint pwrite(SafeHandle fd, byte* buffer, nuint count, long offset);

    /// <summary>Moves or returns the file offset. ESPIPE: a pipe or socket, which has none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/lseek.2.html">lseek(2)</see></remarks>
    public static SysResult Seek(SafeHandle handle, long offset, SeekOrigin whence) =>
        SysResult.From((nint)lseek(handle, offset, (int)whence));

    /// <summary>Finds the next data. ENXIO: none after the offset.</summary>
    public static SysResult SeekData(SafeHandle handle, long offset) => SysResult.From((nint)lseek(handle, offset, SEEK_DATA));

    /// <summary>Finds the next hole; the end of the file counts as one.</summary>
    public static SysResult SeekHole(SafeHandle handle, long offset) => SysResult.From((nint)lseek(handle, offset, SEEK_HOLE));

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

    /// <summary>Writes a file's data, or a directory's entries, to the disk. A write-back error is reported once, although the data never
    /// reached the disk. EINVAL: no disk behind it (pipes, most devices).</summary>
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

    /// <summary>Writes a file's dirty pages to the disk and waits for them, but flushes neither its metadata nor the disk's own cache. A
    /// write-back error is reported once.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/sync_file_range.2.html">sync_file_range(2)</see></remarks>
    public static SysResult WriteBack(SafeHandle file)
    {
        const uint WaitBeforeWriteWaitAfter = 7; // SYNC_FILE_RANGE_*
        SysResult result;
        do
        {
            result = SysResult.From(sync_file_range(file, 0, 0, WaitBeforeWriteWaitAfter));
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int sync_file_range(SafeHandle fd, long offset, long count, uint flags);

    /// <summary>Writes all of a file system to the disk. Since Linux 5.8, reports write-back errors of all its files since the handle was
    /// opened.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/sync.2.html">syncfs(2)</see></remarks>
    public static SysResult FlushFileSystem(SafeHandle handle) => SysResult.From(syncfs(handle));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int syncfs(SafeHandle fd);

    /// <summary>Doubles the read-ahead of a file that will be read from front to back.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/posix_fadvise.2.html">posix_fadvise(2)</see></remarks>
    public static SysResult AdviseSequential(SafeHandle file) => SysResult.FromErrno(posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL));

    /// <summary>Drops the whole pages of a range from the page cache, except those that are dirty or mapped.</summary>
    public static SysResult DropCache(SafeHandle file, long offset, long length) =>
        SysResult.FromErrno(posix_fadvise(file, offset, length, POSIX_FADV_DONTNEED));

    [LibraryImport(Library)]
    private static partial int posix_fadvise(SafeHandle fd, long offset, long count, int advice);

    /// <summary>Returns the number of pages of a range of a readable file that are in the page cache.</summary>
    /// <param name="length">The range's length in bytes.</param>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mincore.2.html">mincore(2)</see></remarks>
    public static SysResult CountCachedPages(SafeHandle file, long offset, long length)
    {
        const long LargestMapping = 1L << 30;
        long pages = 0;
        for (long at = 0; at < length; at += LargestMapping)
        {
            SysResult counted = CountInMapping(file, offset + at, (int)Math.Min(length - at, LargestMapping));
            if (!counted.Ok)
            {
                return counted;
            }

            pages += counted.Value;
        }

        return new SysResult(pages, Errno.None);
    }

    private static unsafe SysResult CountInMapping(SafeHandle file, long offset, int length)
    {
        SysResult mapped = SysResult.From(mmap(null, (nuint)length, PROT_READ, MAP_SHARED, file, offset));
        if (!mapped.Ok)
        {
            return mapped;
        }

        int count = (length + Environment.SystemPageSize - 1) / Environment.SystemPageSize;
        byte[] pages = ArrayPool<byte>.Shared.Rent(count);
        try
        {
            fixed (byte* first = pages)
            {
                long cached = 0;
                SysResult result = SysResult.From(mincore((void*)mapped.Value, (nuint)length, first));
                foreach (byte page in pages.AsSpan(0, count))
                {
                    cached += page & 1; // the other bits mean nothing
                }

                return result.With(cached);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pages);
            SysResult.From(munmap((void*)mapped.Value, (nuint)length));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint mmap(void* address, nuint length, int protection, int flags, SafeHandle fd, long offset);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mincore(void* address, nuint length, byte* pages);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int munmap(void* address, nuint length);

    /// <summary>Makes a range a hole, without a change of the file's size.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fallocate.2.html">fallocate(2)</see></remarks>
    public static SysResult PunchHole(SafeHandle file, long offset, long count) =>
        SysResult.From(fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, count));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fallocate(SafeHandle fd, int mode, long offset, long count);

    /// <summary>Takes a file's advisory lock for this open file description, until its last descriptor is closed. EAGAIN: locked by
    /// another.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/flock.2.html">flock(2)</see></remarks>
    public static SysResult Lock(SafeHandle file) => SysResult.From(flock(file, LOCK_EX | LOCK_NB));

    /// <summary>Releases the lock. A close is not enough: a process that is being started has a copy of every descriptor until its
    /// exec.</summary>
    public static SysResult Unlock(SafeHandle file) => SysResult.From(flock(file, LOCK_UN));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int flock(SafeHandle fd, int operation);

    /// <summary>Locks all of a file for writing while this open file description is open (F_OFD_SETLK). Excludes other such locks and
    /// those of lockf(3), but not the flock(2) that .NET takes when it opens a file. EAGAIN: locked by another process or handle.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fcntl_locking.2.html">fcntl_locking(2)</see></remarks>
    public static SysResult LockForWriting(SafeHandle file)
    {
        var all = new FileLock { Type = F_WRLCK };
        return SysResult.From(fcntl(file, F_OFD_SETLK, in all));
    }

    /// <summary>struct flock of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLock
    {
        public short Type, Whence;
        public long Start, Length;
        public int ProcessId;
    }

    /// <summary>Takes a write lease on a file: no other handle has it open, and an open waits until the lease is released. EAGAIN: open
    /// elsewhere. EACCES: another user's file. The kernel reports a waiting open with a signal: SIGIO would end the process, SIGURG is
    /// ignored.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/F_GETSIG.2const.html">F_SETSIG(2const)</see>,
    /// <see href="https://man7.org/linux/man-pages/man2/F_GETLEASE.2const.html">F_SETLEASE(2const)</see></remarks>
    public static SysResult LeaseForWriting(SafeHandle file)
    {
        SysResult chosen = SysResult.From(fcntl(file, F_SETSIG, SIGURG));
        return chosen.Ok ? SysResult.From(fcntl(file, F_SETLEASE, F_WRLCK)) : chosen;
    }

    public static SysResult ReleaseLease(SafeHandle file) => SysResult.From(fcntl(file, F_SETLEASE, F_UNLCK));

    /// <summary>Returns the descriptor's flags (FD_CLOEXEC). EBADF: not open.</summary>
    public static SysResult GetDescriptorFlags(int descriptor) => SysResult.From(fcntl(descriptor, F_GETFD, 0));

    /// <summary>Returns the access mode and status flags (O_*). EBADF: not open.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</see></remarks>
    public static SysResult GetStatusFlags(SafeHandle handle) => SysResult.From(fcntl(handle, F_GETFL, 0));

    /// <summary>Sets the status flags of the open file description: the change shows in all its descriptors.</summary>
    public static SysResult SetStatusFlags(SafeHandle handle, int flags) => SysResult.From(fcntl(handle, F_SETFL, flags));

    /// <summary>Returns a pipe's capacity in bytes.</summary>
    public static SysResult GetPipeSize(SafeHandle pipe) => SysResult.From(fcntl(pipe, F_GETPIPE_SZ, 0));

    /// <summary>Sets a pipe's capacity, and returns it rounded up to a power of two pages.</summary>
    public static SysResult SetPipeSize(SafeHandle pipe, int size) => SysResult.From(fcntl(pipe, F_SETPIPE_SZ, size));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(SafeHandle fd, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(SafeHandle fd, int command, in FileLock argument);

    /// <summary>Makes a file without a name in memory, closed on exec, and writes its content.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/memfd_create.2.html">memfd_create(2)</see></remarks>
    public static SysResult MemoryFile(string label, ReadOnlySpan<byte> content, out SafeFileHandle handle)
    {
        SysResult made = Own(SysResult.From(memfd_create(label, MFD_CLOEXEC)), out handle);
        return made.Ok ? WriteAll(handle, content, 0) : made;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}
