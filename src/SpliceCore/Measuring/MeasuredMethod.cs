namespace Splice;

/// <summary>What a measurement can run: the methods of the engine, and what .NET has of its own beside them.</summary>
public enum MeasuredMethod
{
    /// <summary>Share the blocks on the disk: ioctl_ficlone(2), ioctl_ficlonerange(2).</summary>
    Reflink = TransferMethod.Reflink,

    /// <summary>copy_file_range(2).</summary>
    CopyFileRange = TransferMethod.CopyFileRange,

    /// <summary>sendfile(2).</summary>
    SendFile = TransferMethod.SendFile,

    /// <summary>splice(2), through a pipe.</summary>
    Splice = TransferMethod.Splice,

    /// <summary>read(2) and write(2).</summary>
    ReadWrite = TransferMethod.ReadWrite,

    /// <summary>A baseline: Stream.CopyTo from one FileStream to another, a loop of reads and writes.</summary>
    StreamCopyTo,

    /// <summary>A baseline: File.Copy, which is what Copy-Item calls.</summary>
    FileCopy,
}
