using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Copies up to <paramref name="count"/> bytes between two regular files inside the kernel.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/copy_file_range.2.html">copy_file_range(2)</see></remarks>
    public static unsafe SysResult CopyFileRange(
        SafeHandle source, long sourceOffset, SafeHandle destination, long destinationOffset, long count) =>
        SysResult.From(copy_file_range(
            SystemCallNumber.CopyFileRange, source, &sourceOffset, destination, &destinationOffset, (nuint)count, 0));

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint copy_file_range(
        nint number, SafeHandle fdIn, long* offIn, SafeHandle fdOut, long* offOut, nuint len, nuint flags);

    /// <summary>Moves up to <paramref name="count"/> bytes from a seekable source, at an offset, to the destination's
    /// position. The source's own position stays.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/sendfile.2.html">sendfile(2)</see></remarks>
    public static unsafe SysResult SendFile(SafeHandle destination, SafeHandle source, long sourceOffset, long count) =>
        SysResult.From(sendfile(destination, source, &sourceOffset, (nuint)count));

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint sendfile(SafeHandle fdOut, SafeHandle fdIn, long* offset, nuint count);

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
