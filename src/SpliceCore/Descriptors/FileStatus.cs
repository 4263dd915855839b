using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>One look at a file: everything that a transfer wants to know of it.</summary>
internal sealed record FileStatus
{
    public const int TypeMask = 0xF000; // S_IFMT
    private const int PermissionMask = 0xFFF;
    private const int SectorSize = 512; // the unit of stx_blocks, whatever the device's is

    private FileStatus(in LibC.StatxBuffer statx)
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
        IsMountRoot = (statx.Attributes & LibC.STATX_ATTR_MOUNT_ROOT) != 0;
    }

    public DescriptorKind Kind { get; }

    /// <summary>The twelve permission bits.</summary>
    public uint Permissions { get; }

    /// <summary>Bytes; 0 for everything but regular files, and for many files of procfs.</summary>
    public long Size { get; }

    public long AllocatedBytes { get; }

    public FileIdentity Identity { get; }

    /// <summary>The node itself, also of a device.</summary>
    public FileIdentity Inode { get; }

    /// <summary>A device's number; 0 and 0 for everything else.</summary>
    public (uint Major, uint Minor) SpecialDevice { get; }

    /// <summary>Number of names of the file.</summary>
    public uint LinkCount { get; }

    public uint UserId { get; }

    public uint GroupId { get; }

    public LibC.StatxTimestamp AccessTime { get; }

    public LibC.StatxTimestamp ModificationTime { get; }

    /// <summary>When bytes, attributes or names were changed last: nobody can set it.</summary>
    public LibC.StatxTimestamp ChangeTime { get; }

    public bool IsMountRoot { get; }

    /// <summary>True if the file is on a block device of its file system's own. Those over a network, in memory, on other file
    /// systems (overlay) and on several devices (btrfs) have numbers that stand for no device (major 0).</summary>
    public bool IsOnBlockDevice => Inode.Device >> 32 != 0;

    /// <summary>True if two looks found the same size and the same time of the last modification.</summary>
    public bool HasContentOf(FileStatus other) =>
        Size == other.Size && ModificationTime.CompareTo(other.ModificationTime) == 0;

    /// <summary>Fewer blocks than bytes: worth asking for holes.</summary>
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

    /// <summary>Looks at a name in an open folder.</summary>
    public static SysResult TryGet(SafeHandle folder, FileName name, bool followLink, out FileStatus? status)
    {
        SysResult result = LibC.StatxAt(folder, name, followLink, out LibC.StatxBuffer buffer);
        status = result.Ok ? new FileStatus(buffer) : null;
        return result;
    }

    private static ulong Device(uint major, uint minor) => ((ulong)major << 32) | minor;
}

/// <summary>Two descriptors with one identity are one file: device and inode, or the device number of a device,
/// of which there may be several nodes.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, ulong SpecialDevice);

/// <summary>What stands behind a descriptor (the S_IFMT part of its mode).</summary>
internal enum DescriptorKind
{
    /// <summary>Something without a file type: an eventfd, say.</summary>
    Other = 0,
    Fifo = 0x1000,
    Character = 0x2000,
    Directory = 0x4000,
    Block = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}
