using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    // sys/stat.h
    public const uint S_ISUID = 0x800, S_ISGID = 0x400, S_ISVTX = 0x200, S_IRWXU = 0x1C0, S_IRUSR = 0x100, S_IWUSR = 0x80, S_IRWXG = 0x38;

    // linux/stat.h, linux/fs.h: _IOR(0x12, 114, size_t)
    public const uint STATX_BASIC_STATS = 0x7FF, STATX_BTIME = 0x800, STATX_DIOALIGN = 0x2000, BLKGETSIZE64 = 0x80081272;
    public const ulong STATX_ATTR_MOUNT_ROOT = 0x2000;

    /// <summary>Returns the status of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/statx.2.html">statx(2)</see></remarks>
    public static SysResult Statx(SafeHandle handle, out StatxBuffer buffer) =>
        SysResult.From(statx(SystemCallNumber.statx, handle, FileName.Empty, AT_EMPTY_PATH, STATX_BASIC_STATS, out buffer));

    /// <summary>Returns the status of a path.</summary>
    public static SysResult Statx(string path, bool followLink, out StatxBuffer buffer) =>
        SysResult.From(statx(SystemCallNumber.statx, AT_FDCWD, path, followLink ? 0 : AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, out buffer));

    /// <summary>Returns the status of a name in an open directory.</summary>
    public static SysResult StatxAt(SafeHandle directory, FileName name, bool followLink, out StatxBuffer buffer) =>
        SysResult.From(statx(SystemCallNumber.statx, directory, name, followLink ? 0 : AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, out buffer));

    /// <summary>True if reads with O_DIRECT bypass the page cache (since Linux 6.1; ext4, XFS and others).</summary>
    public static bool ReadsDirectly(SafeHandle handle) =>
        SysResult.From(statx(SystemCallNumber.statx, handle, FileName.Empty, AT_EMPTY_PATH, STATX_DIOALIGN, out StatxBuffer buffer)).Ok
        && (buffer.Mask & STATX_DIOALIGN) != 0 && buffer.DirectOffsetAlignment > 0;

    /// <summary>True if the inode of any handle has a time of birth.</summary>
    public static bool HasBirthTime(SafeHandle handle) =>
        SysResult.From(statx(SystemCallNumber.statx, handle, FileName.Empty, AT_EMPTY_PATH, STATX_BTIME, out StatxBuffer buffer)).Ok
        && (buffer.Mask & STATX_BTIME) != 0;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint statx(nint number, SafeHandle directory, FileName path, nint flags, nuint mask, out StatxBuffer buffer);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint statx(nint number, nint directory, string path, nint flags, nuint mask, out StatxBuffer buffer);

    /// <summary>struct statx, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatxBuffer
    {
        public uint Mask, BlockSize;
        public ulong Attributes;
        public uint LinkCount, UserId, GroupId;
        public ushort Mode, Spare0;
        public ulong Inode, Size, Blocks, AttributesMask;
        public StatxTimestamp AccessTime, BirthTime, ChangeTime, ModificationTime;
        public uint SpecialDeviceMajor, SpecialDeviceMinor, DeviceMajor, DeviceMinor;
        public ulong MountId;
        public uint DirectMemoryAlignment, DirectOffsetAlignment;
    }

    /// <summary>struct statx_timestamp</summary>
    internal struct StatxTimestamp
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;

        /// <summary>Returns the time, or the nearest one that a DateTime can have.</summary>
        public readonly DateTime ToDateTime() => DateTime.UnixEpoch
            .AddSeconds(Math.Clamp(Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds()))
            .AddTicks(Nanoseconds / 100);

        /// <summary>Returns the seconds with their fraction.</summary>
        public readonly decimal ToSeconds() => Seconds + (Nanoseconds / 1_000_000_000m);

        /// <summary>Returns less than 0 if this is earlier than another, 0 if both are equal.</summary>
        public readonly int CompareTo(in StatxTimestamp other) => (Seconds, Nanoseconds).CompareTo((other.Seconds, other.Nanoseconds));
    }

    /// <summary>Sets the permission bits of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chmod.2.html">fchmod(2)</see></remarks>
    public static SysResult ChangeMode(SafeHandle file, uint mode) => SysResult.From(fchmod(file, mode));

    /// <summary>Sets the permission bits of a handle opened with O_PATH.</summary>
    public static SysResult ChangeModeOfPath(SafeHandle handle, uint mode) => SysResult.From(chmod(PathOf(handle), mode));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmod(SafeHandle fd, uint mode);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);

    /// <summary>Sets user and group of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chown.2.html">fchown(2)</see></remarks>
    public static SysResult ChangeOwner(SafeHandle file, uint userId, uint groupId) => SysResult.From(fchown(file, userId, groupId));

    /// <summary>Sets user and group of any handle, also of a symbolic link or one opened with O_PATH.</summary>
    public static SysResult ChangeOwnerOfPath(SafeHandle handle, uint userId, uint groupId) =>
        SysResult.From(fchownat(handle, FileName.Empty, userId, groupId, AT_EMPTY_PATH));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchown(SafeHandle fd, uint userId, uint groupId);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchownat(SafeHandle directory, FileName path, uint userId, uint groupId, int flags);

    /// <summary>Sets access and modification time of an open file, to the nanosecond.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/futimens.3.html">futimens(3)</see></remarks>
    public static unsafe SysResult ChangeTimes(SafeHandle file, StatxTimestamp access, StatxTimestamp modification)
    {
        TimeSpecification* times = stackalloc TimeSpecification[] { access, modification };
        return SysResult.From(futimens(file, times));
    }

    /// <summary>Sets the times of any handle, also of a symbolic link or one opened with O_PATH. EINVAL: Linux before 5.8.</summary>
    public static unsafe SysResult ChangeTimesOfPath(SafeHandle handle, StatxTimestamp access, StatxTimestamp modification)
    {
        TimeSpecification* times = stackalloc TimeSpecification[] { access, modification };
        return SysResult.From(utimensat(handle, FileName.Empty, times, AT_EMPTY_PATH));
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int futimens(SafeHandle fd, TimeSpecification* times);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int utimensat(SafeHandle directory, FileName path, TimeSpecification* times, int flags);

    /// <summary>struct timespec of 64-bit Linux</summary>
    internal struct TimeSpecification
    {
        public long Seconds, Nanoseconds;

        public static implicit operator TimeSpecification(StatxTimestamp time) =>
            new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
    }

    /// <summary>Returns the block size of the file system of an open file, in bytes: reflinks align to it.</summary>
    public static SysResult FileSystemBlockSize(SafeHandle handle) =>
        SysResult.From(fstatfs(handle, out StatFsBuffer buffer)).With(buffer.BlockSize);

    /// <summary>Returns the kind of the file system of an open file: a magic number of linux/magic.h.</summary>
    public static SysResult FileSystemType(SafeHandle handle) => SysResult.From(fstatfs(handle, out StatFsBuffer buffer)).With(buffer.Type);

    /// <summary>Returns the bytes available to unprivileged users in the file system of an open file; the largest number if it does not
    /// report them (ramfs, some of FUSE).</summary>
    public static SysResult FreeSpace(SafeHandle handle)
    {
        SysResult result = SysResult.From(fstatfs(handle, out StatFsBuffer buffer));
        UInt128 free = (UInt128)buffer.AvailableBlocks * (ulong)buffer.FragmentSize;
        return result.With(buffer.Blocks > 0 && free <= long.MaxValue ? (long)free : long.MaxValue);
    }

    /// <remarks><see href="https://man7.org/linux/man-pages/man2/statfs.2.html">fstatfs(2)</see></remarks>
    [LibraryImport(Library, SetLastError = true)]
    private static partial int fstatfs(SafeHandle fd, out StatFsBuffer buffer);

    /// <summary>struct statfs of 64-bit Linux as far as it is read here, and ample room for the rest.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatFsBuffer
    {
        public long Type, BlockSize;
        public ulong Blocks, FreeBlocks, AvailableBlocks, Files, FreeFiles, FileSystemId;
        public long LongestName, FragmentSize;
    }

    /// <summary>Returns the size of a block device in bytes.</summary>
    public static unsafe SysResult BlockDeviceSize(SafeHandle device)
    {
        ulong size = 0;
        return SysResult.From(ioctl(device, BLKGETSIZE64, &size)).With((long)size);
    }
}
