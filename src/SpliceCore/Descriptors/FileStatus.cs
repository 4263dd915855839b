using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>The status of a file: statx(2).</summary>
internal sealed record FileStatus
{
    public const int TypeMask = 0xF000; // S_IFMT
    private const int PermissionMask = 0xFFF;
    private const int SectorSize = 512; // the unit of stx_blocks, whatever the device's is

    public FileStatus(in LibC.StatxBuffer statx)
    {
        Kind = (DescriptorKind)(statx.Mode & TypeMask);
        Permissions = (uint)(statx.Mode & PermissionMask);
        Size = (long)statx.Size;
        AllocatedBytes = (long)statx.Blocks * SectorSize;
        Inode = new FileIdentity(Device(statx.DeviceMajor, statx.DeviceMinor), statx.Inode, 0);
        Identity = Kind is DescriptorKind.Block or DescriptorKind.Character
            ? new FileIdentity(0, 0, Device(statx.SpecialDeviceMajor, statx.SpecialDeviceMinor))
            : Inode;
        SpecialDevice = (statx.SpecialDeviceMajor, statx.SpecialDeviceMinor);
        LinkCount = statx.LinkCount;
        UserId = statx.UserId;
        GroupId = statx.GroupId;
        AccessTime = statx.AccessTime;
        ModificationTime = statx.ModificationTime;
        ChangeTime = statx.ChangeTime;
        MountId = statx.MountId;
        IsMountRoot = MountTable.IsInStatus && (statx.Attributes & LibC.STATX_ATTR_MOUNT_ROOT) != 0;
    }

    public DescriptorKind Kind { get; }

    public uint Permissions { get; init; }

    /// <summary>Size in bytes; 0 for all but regular files, and for many files of procfs.</summary>
    public long Size { get; }

    public long AllocatedBytes { get; }

    public FileIdentity Identity { get; }

    /// <summary>The inode, also of a device.</summary>
    public FileIdentity Inode { get; }

    /// <summary>The number of a device; 0 and 0 for everything else.</summary>
    public (uint Major, uint Minor) SpecialDevice { get; }

    public uint LinkCount { get; init; }

    public uint UserId { get; }

    public uint GroupId { get; }

    public LibC.StatxTimestamp AccessTime { get; }

    public LibC.StatxTimestamp ModificationTime { get; }

    /// <summary>Time of the last change of data, attributes or names, which cannot be set.</summary>
    public LibC.StatxTimestamp ChangeTime { get; }

    /// <summary>The mount that it was found on, which is of one file system; 0 on Linux before 5.8.</summary>
    public ulong MountId { get; }

    /// <summary>True for a mount point; always false on Linux before 5.8.</summary>
    public bool IsMountRoot { get; }

    /// <summary>False for file systems over a network, in memory, on other file systems (overlay) and on several devices (btrfs): they
    /// have device numbers with major 0.</summary>
    public bool IsOnBlockDevice => Inode.Device >> 32 != 0;

    public bool HasSameSizeAndMTime(FileStatus other) =>
        Size == other.Size && ModificationTime.CompareTo(other.ModificationTime) == 0;

    public bool IsProbablySparse => AllocatedBytes < Size;

    public static SysResult TryGet(SafeHandle handle, out FileStatus? status)
    {
        SysResult result = LibC.Statx(handle, out LibC.StatxBuffer buffer);
        status = result.Ok ? new FileStatus(buffer) : null;
        return result;
    }

    public static SysResult TryGet(string path, bool followLink, out FileStatus? status)
    {
        SysResult result = LibC.Statx(path, followLink, out LibC.StatxBuffer buffer);
        status = result.Ok ? new FileStatus(buffer) : null;
        return result;
    }

    public static SysResult TryGet(SafeHandle folder, FileName name, bool followLink, out FileStatus? status)
    {
        SysResult result = LibC.StatxAt(folder, name, followLink, out LibC.StatxBuffer buffer);
        status = result.Ok ? new FileStatus(buffer) : null;
        return result;
    }

    private static ulong Device(uint major, uint minor) => ((ulong)major << 32) | minor;
}

/// <summary>Identifies a file: by device and inode, and a device by its number, as it may have several inodes.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, ulong SpecialDevice);

/// <summary>Permission bits of new files.</summary>
internal static class ModeBits
{
    /// <summary>0600, until the file gets its final mode.</summary>
    public const uint Private = LibC.S_IRUSR | LibC.S_IWUSR;

    /// <summary>0666, less the umask.</summary>
    public const uint Default = 0x1B6;

    /// <summary>0777: all permissions of mode bits; for a new directory, less the umask.</summary>
    public const uint All = 0x1FF;
}

/// <summary>The type of a file (S_IFMT).</summary>
internal enum DescriptorKind
{
    /// <summary>No file type, as an eventfd.</summary>
    Other = 0,
    Fifo = 0x1000,
    Character = 0x2000,
    Directory = 0x4000,
    Block = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}

/// <summary>The known file systems, by their magic numbers (linux/magic.h).</summary>
internal enum FileSystemType : long
{
    Other = 0,
    Ext = 0xEF53,
    Xfs = 0x58465342,
    Btrfs = 0x9123683E,
    Tmpfs = 0x01021994,
    BinaryFormats = 0x42494E4D,
    Bpf = 0xCAFE4A11,
    Cgroup = 0x0027E0EB,
    Cgroup2 = 0x63677270,
    Cifs = 0xFF534D42,
    Configfs = 0x62656570,
    Debugfs = 0x64626720,
    Efivarfs = 0xDE5E81E4,
    ExFat = 0x2011BAB0,
    Fat = 0x4D44,
    FuseControl = 0x65735543,
    HfsPlus = 0x482B,
    Ntfs = 0x7366746E,
    Proc = 0x9FA0,
    Pstore = 0x6165676C,
    Reiserfs = 0x52654973,
    ResourceControl = 0x07655821,
    Security = 0x73636673,
    Selinux = 0xF97CFF8C,
    Smack = 0x43415D53,
    Smb2 = 0xFE534D42,
    Sysfs = 0x62656572,
    Tracefs = 0x74726163,
    Udf = 0x15013346,
    Xen = 0xABBA1974,
}

/// <summary>The traits of file systems.</summary>
internal static class FileSystemTypes
{
    // Since these, write(2) fills large folios of the page cache.
    private static readonly bool LargeFoliosOnXfs = OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6);
    private static readonly bool LargeFoliosOnExt = OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 16);

    public static FileSystemType Of(SafeHandle handle)
    {
        // Enum.IsDefined would have to be compiled at the first call.
        SysResult type = LibC.FileSystemType(handle);
        return type.Ok && (FileSystemType)type.Value is
            FileSystemType.Ext or FileSystemType.Xfs or FileSystemType.Btrfs or FileSystemType.Tmpfs
            ? (FileSystemType)type.Value
            : FileSystemType.Other;
    }

    /// <summary>True if the kernel generates the file when it is read: its size is 0 or a page, whatever its content. A file without
    /// blocks may also be one of FUSE, whose size is right.</summary>
    public static bool IsGenerated(SafeHandle handle) => LibC.FileSystemType(handle) is { Ok: true } type && (FileSystemType)type.Value
        is FileSystemType.BinaryFormats or FileSystemType.Bpf or FileSystemType.Cgroup or FileSystemType.Cgroup2
        or FileSystemType.Configfs or FileSystemType.Debugfs or FileSystemType.Efivarfs or FileSystemType.FuseControl
        or FileSystemType.Proc or FileSystemType.Pstore or FileSystemType.ResourceControl or FileSystemType.Security
        or FileSystemType.Selinux or FileSystemType.Smack or FileSystemType.Sysfs or FileSystemType.Tracefs or FileSystemType.Xen;

    /// <summary>True if close(2) reports no errors: only fsync(2) waits for the write-back. File systems over a network, and FUSE, may
    /// write back at close(2).</summary>
    public static bool IsLocal(this FileSystemType fileSystem) => fileSystem != FileSystemType.Other;

    /// <summary>True if files can share blocks, and no other host writes to them.</summary>
    public static bool HasReflinks(this FileSystemType fileSystem) => fileSystem is FileSystemType.Xfs or FileSystemType.Btrfs;

    /// <summary>True if a store through a mapping into a hole is known to update the file's modification time (page_mkwrite). Tmpfs
    /// does not.</summary>
    public static bool UpdatesMTimeOnMmapStore(this FileSystemType fileSystem) =>
        fileSystem is FileSystemType.Ext or FileSystemType.Xfs or FileSystemType.Btrfs;

    /// <summary>True if data that did not reach a lost device are holes: these file systems write data before the metadata that refer
    /// to them, and mark reserved blocks as unwritten (ext4 with ordered data, XFS, btrfs). A tmpfs is lost as a whole.</summary>
    public static bool ShowsLostDataAsHoles(this FileSystemType fileSystem) => fileSystem != FileSystemType.Other;

    /// <summary>True if write(2) fills large folios: copy_file_range(2) passes 16 pages at a time, one by one.</summary>
    public static bool HasLargeFolioWrites(this FileSystemType fileSystem) =>
        (fileSystem == FileSystemType.Xfs && LargeFoliosOnXfs) || (fileSystem == FileSystemType.Ext && LargeFoliosOnExt);
}
