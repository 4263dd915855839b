using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>The file systems that more is known of than of others, by their magic numbers (linux/magic.h).</summary>
internal enum FileSystemType : long
{
    /// <summary>Any other, or one that does not tell.</summary>
    Other = 0,
    Ext = 0xEF53,
    Xfs = 0x58465342,
    Btrfs = 0x9123683E,
    Tmpfs = 0x01021994,
    BinaryFormats = 0x42494E4D,
    Bpf = 0xCAFE4A11,
    Cgroup = 0x0027E0EB,
    Cgroup2 = 0x63677270,
    Configfs = 0x62656570,
    Debugfs = 0x64626720,
    Efivarfs = 0xDE5E81E4,
    FuseControl = 0x65735543,
    Proc = 0x9FA0,
    Pstore = 0x6165676C,
    ResourceControl = 0x07655821,
    Security = 0x73636673,
    Selinux = 0xF97CFF8C,
    Smack = 0x43415D53,
    Sysfs = 0x62656572,
    Tracefs = 0x74726163,
    Xen = 0xABBA1974,
}

/// <summary>What is known of them.</summary>
internal static class FileSystemTypes
{
    // Since these, write(2) fills the page cache many pages at a time: large folios.
    private static readonly bool LargeFoliosOnXfs = OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6);
    private static readonly bool LargeFoliosOnExt = OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 16);

    /// <summary>The file system behind a handle.</summary>
    public static FileSystemType Of(SafeHandle handle)
    {
        // No Enum.IsDefined: the runtime would have to compile it at the first call.
        SysResult type = LibC.FileSystemType(handle);
        return type.Ok && (FileSystemType)type.Value is
            FileSystemType.Ext or FileSystemType.Xfs or FileSystemType.Btrfs or FileSystemType.Tmpfs
            ? (FileSystemType)type.Value
            : FileSystemType.Other;
    }

    /// <summary>True if the kernel generates the file behind a handle when it is read: its size is 0 or a page, and says nothing
    /// of its content. Not a matter of blocks: a file of FUSE may have none, and its size is a promise all the same.</summary>
    public static bool IsGenerated(SafeHandle handle) => LibC.FileSystemType(handle) is { Ok: true } type && (FileSystemType)type.Value
        is FileSystemType.BinaryFormats or FileSystemType.Bpf or FileSystemType.Cgroup or FileSystemType.Cgroup2
        or FileSystemType.Configfs or FileSystemType.Debugfs or FileSystemType.Efivarfs or FileSystemType.FuseControl
        or FileSystemType.Proc or FileSystemType.Pstore or FileSystemType.ResourceControl or FileSystemType.Security
        or FileSystemType.Selinux or FileSystemType.Smack or FileSystemType.Sysfs or FileSystemType.Tracefs or FileSystemType.Xen;

    /// <summary>True if close(2) has nothing to tell: it writes back when it wants to, and fsync(2) alone waits for that. Those
    /// over a network, and FUSE, may write back when a file is closed.</summary>
    public static bool IsLocal(this FileSystemType fileSystem) => fileSystem != FileSystemType.Other;

    /// <summary>True if a store through a mapping into a hole is known to change the file's modification time, as it does
    /// where the file system hears of the page's first store (page_mkwrite). Tmpfs does not.</summary>
    public static bool TimesMappedStores(this FileSystemType fileSystem) =>
        fileSystem is FileSystemType.Ext or FileSystemType.Xfs or FileSystemType.Btrfs;

    /// <summary>True if data that a lost device did not get show as holes: these file systems write a block's data before the
    /// metadata that refer to it, and mark what was only reserved as unwritten (ext4 with ordered data, XFS, btrfs). What is in
    /// memory (tmpfs) is lost as a whole.</summary>
    public static bool ShowsLostDataAsHoles(this FileSystemType fileSystem) => fileSystem != FileSystemType.Other;

    /// <summary>True if write(2) takes many pages at once where it is given many: copy_file_range(2) hands over 16 pages at a
    /// time, one by one.</summary>
    public static bool TakesManyPages(this FileSystemType fileSystem) =>
        (fileSystem == FileSystemType.Xfs && LargeFoliosOnXfs) || (fileSystem == FileSystemType.Ext && LargeFoliosOnExt);
}
