using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const uint BasicStats = 0x7FF; // STATX_BASIC_STATS
    public const uint DirectAlignment = 0x2000; // STATX_DIOALIGN

    /// <summary>STATX_ATTR_MOUNT_ROOT: the file is where something is mounted (a bind-mounted file, say).</summary>
    public const ulong AttributeMountRoot = 0x2000;

    /// <summary>What the kernel knows of an open descriptor.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/statx.2.html">statx(2)</see></remarks>
    public static unsafe SysResult Statx(SafeHandle handle, out StatxBuffer buffer)
    {
        fixed (StatxBuffer* result = &buffer)
        {
            byte empty = 0;
            return SysResult.From(statx_handle(SystemCallNumber.Statx, handle, &empty, EmptyPath, BasicStats, result));
        }
    }

    /// <summary>True if the kernel says that reads with O_DIRECT go past the cache (since Linux 6.1, ext4 and XFS among
    /// others).</summary>
    public static unsafe bool ReadsDirectly(SafeHandle handle)
    {
        StatxBuffer buffer;
        byte empty = 0;
        SysResult result = SysResult.From(statx_handle(SystemCallNumber.Statx, handle, &empty, EmptyPath, DirectAlignment, &buffer));
        return result.Ok && (buffer.Mask & DirectAlignment) != 0 && buffer.DirectOffsetAlignment > 0;
    }

    /// <summary>What the kernel knows of a path.</summary>
    public static unsafe SysResult Statx(string path, bool followLink, out StatxBuffer buffer)
    {
        fixed (StatxBuffer* result = &buffer)
        {
            return SysResult.From(statx_path(
                SystemCallNumber.Statx, CurrentDirectory, path, followLink ? 0 : SymlinkNoFollow, BasicStats, result));
        }
    }

    /// <summary>What the kernel knows of a name in an open directory.</summary>
    public static unsafe SysResult StatxAt(SafeHandle directory, FileName name, bool followLink, out StatxBuffer buffer)
    {
        fixed (StatxBuffer* result = &buffer)
        fixed (byte* path = name)
        {
            return SysResult.From(statx_handle(SystemCallNumber.Statx, directory, path, followLink ? 0 : SymlinkNoFollow, BasicStats, result));
        }
    }

    /// <summary>struct statx: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatxBuffer
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint LinkCount;
        public uint UserId;
        public uint GroupId;
        public ushort Mode;
        public ushort Spare0;
        public ulong Inode;
        public ulong Size;
        public ulong Blocks;
        public ulong AttributesMask;
        public StatxTimestamp AccessTime;
        public StatxTimestamp BirthTime;
        public StatxTimestamp ChangeTime;
        public StatxTimestamp ModificationTime;
        public uint SpecialDeviceMajor;
        public uint SpecialDeviceMinor;
        public uint DeviceMajor;
        public uint DeviceMinor;
        public ulong MountId;
        public uint DirectMemoryAlignment;
        public uint DirectOffsetAlignment;
    }

    /// <summary>struct statx_timestamp</summary>
    internal struct StatxTimestamp
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;

        /// <summary>Less than 0 where this is earlier than another, 0 where both are the same.</summary>
        public readonly int CompareTo(in StatxTimestamp other) => (Seconds, Nanoseconds).CompareTo((other.Seconds, other.Nanoseconds));
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint statx_handle(
        nint number, SafeHandle directory, byte* path, nint flags, nuint mask, StatxBuffer* buffer);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint statx_path(
        nint number, nint directory, string path, nint flags, nuint mask, StatxBuffer* buffer);

    /// <summary>Sets the permission bits of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chmod.2.html">fchmod(2)</see></remarks>
    public static SysResult ChangeMode(SafeHandle file, uint mode) => SysResult.From(fchmod(file, mode));

    /// <summary>Sets the permission bits of what was opened with O_PATH.</summary>
    public static SysResult ChangeModeOfPath(SafeHandle handle, uint mode) => SysResult.From(chmod(PathOf(handle), mode));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmod(SafeHandle fd, uint mode);

    /// <summary>Sets user and group of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chown.2.html">fchown(2)</see></remarks>
    public static SysResult ChangeOwner(SafeHandle file, uint userId, uint groupId) =>
        SysResult.From(fchown(file, userId, groupId));

    /// <summary>Sets user and group of whatever is open, a symbolic link or with O_PATH included.</summary>
    public static unsafe SysResult ChangeOwnerOfPath(SafeHandle handle, uint userId, uint groupId)
    {
        byte empty = 0;
        return SysResult.From(fchownat(handle, &empty, userId, groupId, EmptyPath));
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fchownat(SafeHandle directory, byte* path, uint userId, uint groupId, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchown(SafeHandle fd, uint userId, uint groupId);

    /// <summary>Sets access and modification time of an open file, to the nanosecond.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/futimens.3.html">futimens(3)</see></remarks>
    public static unsafe SysResult ChangeTimes(SafeHandle file, StatxTimestamp access, StatxTimestamp modification)
    {
        TimeSpecification* times = stackalloc TimeSpecification[] { access, modification };
        return SysResult.From(futimens(file, times));
    }

    /// <summary>Sets the times of whatever is open, a symbolic link or with O_PATH included.</summary>
    /// <remarks>Linux 5.8 and later; EINVAL before.</remarks>
    public static unsafe SysResult ChangeTimesOfPath(SafeHandle handle, StatxTimestamp access, StatxTimestamp modification)
    {
        byte empty = 0;
        TimeSpecification* times = stackalloc TimeSpecification[] { access, modification };
        return SysResult.From(utimensat(handle, &empty, times, EmptyPath));
    }

    /// <summary>struct timespec of 64-bit Linux</summary>
    internal struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;

        public static implicit operator TimeSpecification(StatxTimestamp time) =>
            new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int utimensat(SafeHandle directory, byte* path, TimeSpecification* times, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int futimens(SafeHandle fd, TimeSpecification* times);

    /// <summary>The block size of the file system behind a descriptor, in bytes: what reflinks align to.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/statfs.2.html">fstatfs(2)</see></remarks>
    public static unsafe SysResult FileSystemBlockSize(SafeHandle handle)
    {
        StatFsBuffer buffer;
        SysResult result = SysResult.From(fstatfs(handle, &buffer));
        return result.Ok ? new SysResult(buffer.BlockSize, Errno.None) : result;
    }

    /// <summary>The kind of file system behind a descriptor: one of the magic numbers of linux/magic.h.</summary>
    public static unsafe SysResult FileSystemType(SafeHandle handle)
    {
        StatFsBuffer buffer;
        SysResult result = SysResult.From(fstatfs(handle, &buffer));
        return result.Ok ? new SysResult(buffer.Type, Errno.None) : result;
    }

    /// <summary>The bytes that a user without privilege may still write to the file system behind a descriptor; the greatest
    /// number where it does not tell (ramfs, some of FUSE).</summary>
    public static unsafe SysResult FreeSpace(SafeHandle handle)
    {
        StatFsBuffer buffer;
        SysResult result = SysResult.From(fstatfs(handle, &buffer));
        if (!result.Ok)
        {
            return result;
        }

        UInt128 free = (UInt128)buffer.AvailableBlocks * (ulong)buffer.FragmentSize;
        bool tells = buffer.Blocks > 0 && free <= long.MaxValue;
        return new SysResult(tells ? (long)free : long.MaxValue, Errno.None);
    }

    /// <summary>struct statfs of 64-bit Linux, as far as it is read here; its size leaves room for all libcs.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatFsBuffer
    {
        public long Type;
        public long BlockSize;
        public ulong Blocks;
        public ulong FreeBlocks;
        public ulong AvailableBlocks;
        public ulong Files;
        public ulong FreeFiles;
        public ulong FileSystemId;
        public long LongestName;
        public long FragmentSize;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fstatfs(SafeHandle fd, StatFsBuffer* buffer);

    /// <summary>BLKGETSIZE64: _IOR(0x12, 114, size_t)</summary>
    public const uint BlockDeviceSizeRequest = 0x80081272;

    /// <summary>The size of a block device in bytes (linux/fs.h, BLKGETSIZE64).</summary>
    public static unsafe SysResult BlockDeviceSize(SafeHandle device)
    {
        ulong size = 0;
        SysResult result = SysResult.From(ioctl_pointer(device, BlockDeviceSizeRequest, &size));
        return result.Ok ? new SysResult((long)size, Errno.None) : result;
    }
}
