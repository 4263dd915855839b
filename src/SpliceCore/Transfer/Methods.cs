using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Which methods a pair of descriptors allows, in the order in which they are tried.</summary>
internal static class Methods
{
    /// <summary>So many bytes and fewer take less time read and written than by a copy_file_range(2) that hands pages through a
    /// pipe of the kernel's (0.87 on ext4 with pieces of 100 KB; 0.93 for 100,000 files of 8 KiB on tmpfs).</summary>
    public const long Small = 128 * 1024;

    /// <summary>As <see cref="Small"/>, where write(2) takes many pages at once. Beyond, splice(2) through a pipe of our own saves
    /// a copy of memory: 0.9 of the time of read and write for 1 MiB, 0.8 (ext4) and 0.7 (XFS) from 16 MiB on.</summary>
    public const long SmallForManyPages = 256 * 1024;

    /// <summary>More bytes than these may cost more in large folios than they save: 4 GiB that were in the page cache took more
    /// than twice copy_file_range(2)'s time, on a virtual machine whose memory was not all its own yet.</summary>
    public const long Large = 1L << 30;

    /// <summary>What a pipe holds when it is made (pipe(7)), and sendfile(2) and copy_file_range(2) hand over at a time. A user
    /// whose pipes hold too much gets one of two pages.</summary>
    public const int SmallestPipe = 64 * 1024;

    private const int LargePipe = 256 * 1024;

    private static readonly TransferMethod[] Order =
    [
        TransferMethod.Reflink,
        TransferMethod.CopyFileRange,
        TransferMethod.SendFile,
        TransferMethod.Splice,
        TransferMethod.ReadWrite,
    ];

    private static readonly TransferMethod[] ReadWriteFirst =
    [
        TransferMethod.Reflink,
        TransferMethod.ReadWrite,
        TransferMethod.CopyFileRange,
        TransferMethod.SendFile,
        TransferMethod.Splice,
    ];

    private static readonly TransferMethod[] SpliceFirst =
    [
        TransferMethod.Reflink,
        TransferMethod.Splice,
        TransferMethod.CopyFileRange,
        TransferMethod.SendFile,
        TransferMethod.ReadWrite,
    ];

    /// <summary>Which method that moves bytes takes the least time from file to file. What is known of file systems on a disk here
    /// does not hold for others: a server may copy by itself what copy_file_range(2) asks it to.</summary>
    /// <param name="fileSystem">The destination's: there most of the time goes.</param>
    /// <param name="length">The bytes to copy; null where that is not known.</param>
    public static TransferMethod Fastest(FileSystemType fileSystem, long? length)
    {
        bool takesManyPages = fileSystem.TakesManyPages();
        return !fileSystem.IsLocal() ? TransferMethod.CopyFileRange
            : length <= (takesManyPages ? SmallForManyPages : Small) ? TransferMethod.ReadWrite
            : takesManyPages && length <= Large ? TransferMethod.Splice
            : TransferMethod.CopyFileRange;
    }

    /// <summary>All methods in the order in which they are tried, each with the reason why it cannot serve, or null where it
    /// may.</summary>
    public static IEnumerable<(TransferMethod Method, string? Obstacle)> Consider(
        Endpoint source, Endpoint destination, ReflinkMode reflink = ReflinkMode.Auto, SparseMode sparse = SparseMode.Auto,
        TransferMethod fastest = TransferMethod.CopyFileRange)
    {
        TransferMethod[] order = fastest switch
        {
            TransferMethod.ReadWrite => ReadWriteFirst,
            TransferMethod.Splice => SpliceFirst,
            _ => Order,
        };
        foreach (TransferMethod method in order)
        {
            yield return (method, Obstacle(method, source, destination, reflink, sparse));
        }
    }

    /// <summary>Why a method cannot serve for this pair; null where only the kernel can tell.</summary>
    public static string? Obstacle(
        TransferMethod method, Endpoint source, Endpoint destination,
        ReflinkMode reflink = ReflinkMode.Auto, SparseMode sparse = SparseMode.Auto)
    {
        bool betweenFiles = AreFiles(source, destination);
        bool appending = destination is { Kind: DescriptorKind.Regular, IsAppending: true };
        return method switch
        {
            TransferMethod.ReadWrite => null,
            TransferMethod.Reflink or TransferMethod.CopyFileRange when reflink == ReflinkMode.Never =>
                "it can share blocks, which -Reflink Never forbids",
            TransferMethod.Reflink or TransferMethod.CopyFileRange when sparse == SparseMode.Never =>
                "it can leave holes as they are, which -Sparse Never forbids",
            _ when sparse == SparseMode.Always && destination.MayHaveHoles =>
                "only read(2) and write(2) see which bytes are zeros, as -Sparse Always asks",
            _ when appending => "only write(2) adds to the end of a file that others may add to as well (O_APPEND)",
            TransferMethod.Splice => null,
            TransferMethod.SendFile when !source.IsSeekable => "sendfile(2) reads only what has positions: files and block devices",
            TransferMethod.SendFile => null,
            _ when !betweenFiles => "both sides must be regular files",
            _ when !source.IsSeekable || !destination.IsSeekable => "one side has no positions",
            _ when source.IsEmpty => "a size of 0 may be a generated file's (procfs): it must be read to its end",
            _ => null,
        };
    }

    /// <summary>True if both are regular files that have something to copy and take it anywhere: then more than one method may
    /// serve.</summary>
    public static bool MayChoose(Endpoint source, Endpoint destination) =>
        AreFiles(source, destination) && !source.IsEmpty && !destination.IsAppending;

    /// <summary>True if a file is copied into a pipe so large that it is best filled from a pipe of our own. A call that reads a
    /// file holds the pipe until it is full, and the reader waits as long; from pipe to pipe, pages change hands in an instant.</summary>
    /// <remarks>For 1 MiB, 0.5 of sendfile(2)'s time where the reader throws all away, 0.9 where it looks, with half of the
    /// processor's; below 256 KiB the calls are so many that it is slower.</remarks>
    public static bool FillsLargePipe(Descriptor source, Descriptor destination, long? length) =>
        destination.Kind == DescriptorKind.Fifo && source is { IsSeekable: true, Size: > 0 } && !(length <= Small)
        && LibC.GetPipeSize(destination.Handle).Value >= LargePipe;

    private static bool AreFiles(Endpoint source, Endpoint destination) =>
        source.Kind == DescriptorKind.Regular && destination.Kind == DescriptorKind.Regular;

    /// <summary>The manual page's name of what a method calls.</summary>
    public static string CallOf(TransferMethod method) => method switch
    {
        TransferMethod.Reflink => "ioctl_ficlonerange(2)",
        TransferMethod.CopyFileRange => "copy_file_range(2)",
        TransferMethod.SendFile => "sendfile(2)",
        TransferMethod.Splice => "splice(2)",
        _ => "read(2), write(2)",
    };
}
