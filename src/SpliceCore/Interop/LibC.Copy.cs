using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    // linux/fs.h: _IOW(0x94, 9, int) and _IOW(0x94, 13, struct file_clone_range)
    public const uint FICLONE = 0x40049409, FICLONERANGE = 0x4020940D;

    // linux/fs.h: _IOR('f', 1, long), _IOW('f', 2, long)
    public const uint FS_IOC_GETFLAGS = 0x80086601, FS_IOC_SETFLAGS = 0x40086602;
    public const int FS_NOCOW_FL = 0x00800000;

    // linux/fs.h: _IOWR('f', 11, struct fiemap) and _IOR('X', 31, struct fsxattr); linux/fiemap.h
    public const uint FS_IOC_FIEMAP = 0xC020660B, FS_IOC_FSGETXATTR = 0x801C581F, FS_XFLAG_REALTIME = 1, FIEMAP_FLAG_SYNC = 1,
        FIEMAP_EXTENT_LAST = 1, FIEMAP_EXTENT_MERGED = 0x1000, FIEMAP_EXTENT_SHARED = 0x2000;

    /// <summary>Copies up to <paramref name="count"/> bytes between two regular files inside the kernel.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/copy_file_range.2.html">copy_file_range(2)</see></remarks>
    public static SysResult CopyFileRange(
        SafeHandle source, long sourceOffset, SafeHandle destination, long destinationOffset, long count) =>
        SysResult.From(copy_file_range(
            SystemCallNumber.copy_file_range, source, ref sourceOffset, destination, ref destinationOffset, (nuint)count, 0));

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint copy_file_range(
        nint number, SafeHandle fdIn, ref long offIn, SafeHandle fdOut, ref long offOut, nuint len, nuint flags);

    /// <summary>Moves up to <paramref name="count"/> bytes from an offset of a seekable source to the destination's file offset.
    /// The source's own file offset stays.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/sendfile.2.html">sendfile(2)</see></remarks>
    public static SysResult SendFile(SafeHandle destination, SafeHandle source, long sourceOffset, long count) =>
        SysResult.From(sendfile(destination, source, ref sourceOffset, (nuint)count));

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint sendfile(SafeHandle fdOut, SafeHandle fdIn, ref long offset, nuint count);

    /// <summary>Makes the destination share all blocks of the source.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html">ioctl_ficlone(2)</see></remarks>
    public static SysResult CloneFile(SafeHandle source, SafeHandle destination) => SysResult.From(ioctl(destination, FICLONE, source));

    /// <summary>Gives an empty file the no-copy-on-write flag of another (btrfs), or removes it: files of which only one has it share no
    /// blocks.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/ioctl_iflags.2.html">ioctl_iflags(2)</see></remarks>
    public static unsafe SysResult CopyNoCow(SafeHandle source, SafeHandle destination)
    {
        int from = 0, to = 0;
        SysResult read = SysResult.From(ioctl(source, FS_IOC_GETFLAGS, &from));
        read = read.Ok ? SysResult.From(ioctl(destination, FS_IOC_GETFLAGS, &to)) : read;
        to = (to & ~FS_NOCOW_FL) | (from & FS_NOCOW_FL);
        return read.Ok ? SysResult.From(ioctl(destination, FS_IOC_SETFLAGS, &to)) : read;
    }

    /// <summary>Makes a block-aligned range of the destination share the source's blocks.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/ioctl_ficlonerange.2.html">ioctl_ficlonerange(2)</see></remarks>
    public static unsafe SysResult CloneFileRange(
        SafeHandle source, long sourceOffset, long count, SafeHandle destination, long destinationOffset)
    {
        bool added = false;
        try
        {
            source.DangerousAddRef(ref added);
            var range = new CloneRange
            {
                SourceDescriptor = source.DangerousGetHandle(),
                SourceOffset = (ulong)sourceOffset,
                SourceLength = (ulong)count,
                DestinationOffset = (ulong)destinationOffset,
            };
            return SysResult.From(ioctl(destination, FICLONERANGE, &range));
        }
        finally
        {
            if (added)
            {
                source.DangerousRelease();
            }
        }
    }

    /// <summary>struct file_clone_range</summary>
    internal struct CloneRange
    {
        public long SourceDescriptor;
        public ulong SourceOffset, SourceLength, DestinationOffset;
    }

    /// <summary>Returns the first extents of a file from an offset on, and their number; 0 at the end.</summary>
    /// <param name="flags">FIEMAP_FLAG_SYNC: dirty pages are written to the disk first.</param>
    /// <remarks><see href="https://docs.kernel.org/filesystems/fiemap.html">fiemap</see></remarks>
    public static unsafe SysResult MapExtents(SafeHandle file, long offset, uint flags, Span<MappedExtent> extents)
    {
        byte[] request = new byte[sizeof(ExtentMap) + (extents.Length * sizeof(MappedExtent))];
        fixed (byte* start = request)
        {
            var map = (ExtentMap*)start;
            (map->Start, map->Length, map->Flags, map->ExtentCount) = ((ulong)offset, ulong.MaxValue - (ulong)offset, flags, (uint)extents.Length);
            SysResult result = SysResult.From(ioctl(file, FS_IOC_FIEMAP, start)).With(map->MappedExtents);
            new ReadOnlySpan<MappedExtent>(start + sizeof(ExtentMap), extents.Length).CopyTo(extents);
            return result;
        }
    }

    /// <summary>struct fiemap without its extents</summary>
    internal struct ExtentMap
    {
        public ulong Start, Length;
        public uint Flags, MappedExtents, ExtentCount, Reserved;
    }

    /// <summary>struct fiemap_extent</summary>
    [StructLayout(LayoutKind.Sequential, Size = 56)]
    internal struct MappedExtent
    {
        public long Logical, Physical, Length, Reserved0, Reserved1;
        public uint Flags;
    }

    /// <summary>Returns 1 if the data of a file are on the realtime device of XFS, whose block numbers are its own; 0 if not.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/ioctl_xfs_fsgetxattr.2.html">FS_IOC_FSGETXATTR</see></remarks>
    public static unsafe SysResult IsOnRealtimeDevice(SafeHandle file)
    {
        uint* attributes = stackalloc uint[7]; // struct fsxattr, whose first field is fsx_xflags
        return SysResult.From(ioctl(file, FS_IOC_FSGETXATTR, attributes)).With(attributes[0] & FS_XFLAG_REALTIME);
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(SafeHandle fd, nuint request, SafeHandle argument);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int ioctl(SafeHandle fd, nuint request, void* argument);
}
