namespace Splice;

/// <summary>A way in which the kernel can move bytes from one descriptor to another.</summary>
public enum TransferMethod
{
    /// <summary>The first method that works, in the order that takes the least time.</summary>
    Auto = 0,

    /// <summary>Share the blocks on the disk: ioctl_ficlone(2), ioctl_ficlonerange(2).</summary>
    Reflink,

    /// <summary>copy_file_range(2): one regular file to another, inside the kernel.</summary>
    CopyFileRange,

    /// <summary>sendfile(2): from a file or block device to anything.</summary>
    SendFile,

    /// <summary>splice(2): through a pipe, between anything and anything.</summary>
    Splice,

    /// <summary>read(2) and write(2) through a buffer of this process: always possible.</summary>
    ReadWrite,
}
