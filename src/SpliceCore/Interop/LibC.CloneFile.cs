using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>FICLONE: _IOW(0x94, 9, int)</summary>
    public const uint CloneRequest = 0x40049409;

    /// <summary>FICLONERANGE: _IOW(0x94, 13, struct file_clone_range)</summary>
    public const uint CloneRangeRequest = 0x4020940D;

    /// <summary>Makes the destination share all blocks of the source.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html">ioctl_ficlone(2)</see></remarks>
    public static SysResult CloneFile(SafeHandle source, SafeHandle destination)
    {
        bool added = false;
        try
        {
            source.DangerousAddRef(ref added);
            return SysResult.From(ioctl_value(destination, CloneRequest, source.DangerousGetHandle()));
        }
        finally
        {
            if (added)
            {
                source.DangerousRelease();
            }
        }
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
            return SysResult.From(ioctl_pointer(destination, CloneRangeRequest, &range));
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
        public ulong SourceOffset;
        public ulong SourceLength;
        public ulong DestinationOffset;
    }

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ioctl_value(SafeHandle fd, nuint request, nint value);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int ioctl_pointer(SafeHandle fd, nuint request, void* argument);
}
