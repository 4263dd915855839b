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

    /// <summary>Whether the kernel says that reads with O_DIRECT go past the cache (since Linux 6.1, ext4 and XFS among
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
}
