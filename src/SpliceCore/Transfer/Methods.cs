using Splice.Descriptors;

namespace Splice.Transfer;

/// <summary>Which methods a pair of descriptors allows, in the order in which they are tried.</summary>
internal static class Methods
{
    private static readonly TransferMethod[] Order =
    [
        TransferMethod.Reflink,
        TransferMethod.CopyFileRange,
        TransferMethod.SendFile,
        TransferMethod.Splice,
        TransferMethod.ReadWrite,
    ];

    /// <summary>All methods in order, each with the reason why it cannot serve, or null where it may.</summary>
    public static IEnumerable<(TransferMethod Method, string? Obstacle)> Consider(
        Endpoint source, Endpoint destination, ReflinkMode reflink = ReflinkMode.Auto, SparseMode sparse = SparseMode.Auto)
    {
        foreach (TransferMethod method in Order)
        {
            yield return (method, Obstacle(method, source, destination, reflink, sparse));
        }
    }

    /// <summary>Why a method cannot serve for this pair; null where only the kernel can tell.</summary>
    public static string? Obstacle(
        TransferMethod method, Endpoint source, Endpoint destination,
        ReflinkMode reflink = ReflinkMode.Auto, SparseMode sparse = SparseMode.Auto)
    {
        bool betweenFiles = source.Kind == DescriptorKind.Regular && destination.Kind == DescriptorKind.Regular;
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
            _ when appending => "the destination was opened for appending (O_APPEND)",
            TransferMethod.Splice => null,
            TransferMethod.SendFile when !source.IsSeekable => "sendfile(2) reads only what has positions: files and block devices",
            TransferMethod.SendFile => null,
            _ when !betweenFiles => "both sides must be regular files",
            _ when !source.IsSeekable || !destination.IsSeekable => "one side has no positions",
            _ when source.IsEmpty => "a size of 0 may be a generated file's (procfs): it must be read to its end",
            _ => null,
        };
    }

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
