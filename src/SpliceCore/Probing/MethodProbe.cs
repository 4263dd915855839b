using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Probing;

/// <summary>Asks whether a method would serve, without moving a byte: the rules first, in the order in which a transfer
/// meets them, and then the kernel.</summary>
/// <param name="source">The source.</param>
/// <param name="destination">The destination.</param>
/// <param name="at">Where the transfer would start, on both sides.</param>
/// <param name="length">The bytes that it would move; null where only the end will tell.</param>
/// <param name="limits">The kernel's.</param>
internal sealed class MethodProbe(TestedEnd source, TestedEnd destination, TransferCursor at, long? length, KernelLimits limits)
{
    /// <summary>What came of it.</summary>
    /// <param name="Available">Whether the method would serve.</param>
    /// <param name="Errno">What the kernel said against it.</param>
    /// <param name="Reason">Why, or why not.</param>
    /// <param name="IsFatal">Whether a transfer would not go on to another method, but end with this error.</param>
    internal readonly record struct Answer(bool Available, Errno Errno, string Reason, bool IsFatal = false);

    /// <summary>The method that is tried ahead of the others that move bytes.</summary>
    public TransferMethod Fastest => FillsLargePipe ? TransferMethod.Splice
        : Methods.MayChoose(source.Endpoint, destination.Endpoint)
        ? Methods.Fastest(destination.FileSystem, length)
        : TransferMethod.CopyFileRange;

    private bool FillsLargePipe => CanAsk && Methods.FillsLargePipe(source.Open!, destination.Open!, length);

    private bool CanAsk => source.Open is not null && destination.Open is not null;

    public Answer Ask(TransferMethod method)
    {
        if (Methods.Obstacle(method, source.Endpoint, destination.Endpoint) is string obstacle)
        {
            return new Answer(Available: false, Errno.None, obstacle);
        }

        if (method == TransferMethod.Splice && Fastest == method && limits.PipeCapacity < Methods.SmallestPipe)
        {
            return Refusal(method, Errno.ENFILE);
        }

        ReflinkRange shared = default;
        if (method == TransferMethod.Reflink && CanAsk && length > 0)
        {
            shared = ReflinkRange.Align(source.Open!, destination.Open!, at, length.Value);
            if (shared.Length == 0)
            {
                return new Answer(Available: false, Errno.None, ReflinkRange.NotAligned);
            }
        }

        Errno errno = AskKernel(method);
        return errno == Errno.None
            ? new Answer(Available: true, Errno.None, Explain(method, shared))
            : Refusal(method, errno);
    }

    private static Answer Refusal(TransferMethod method, Errno errno)
    {
        bool isRefusal = errno != Errno.EPERM || SeccompProbe.Forbids(method);
        return isRefusal && Refusals.Explain(method, errno) is string reason
            ? new Answer(Available: false, errno, reason)
            : new Answer(Available: false, errno, $"the transfer would fail ({ErrnoText.Describe(errno)})", IsFatal: true);
    }

    private Errno AskKernel(TransferMethod method)
    {
        switch (method)
        {
            case TransferMethod.ReadWrite:
                return Errno.None;

            case TransferMethod.Reflink when CanAsk:
                // From its end on, a file has nothing to share: what can share blocks answers 0, and the others say why not.
                // Should the file have grown meanwhile, byte 1 of the destination is no place for a block.
                return LibC.CloneFileRange(source.Open!.Handle, source.Open.Size, 0, destination.Open!.Handle, 1).Errno;

            case TransferMethod.CopyFileRange when CanAsk:
                // No byte is a count as good as others for all that is checked before the first.
                return LibC.CopyFileRange(source.Open!.Handle, 0, destination.Open!.Handle, 0, 0).Errno;

            case TransferMethod.Reflink or TransferMethod.CopyFileRange when source.Device != destination.Device:
                return Errno.EXDEV;

            default:
                Errno errno = SeccompProbe.Ask(method);
                return errno == Errno.EBADF ? Errno.None : errno;
        }
    }

    private string Explain(TransferMethod method, ReflinkRange shared) => method switch
    {
        TransferMethod.Reflink or TransferMethod.CopyFileRange when !CanAsk =>
            "one file system, which has no unnamed files to ask with: it may refuse",
        TransferMethod.Reflink when shared.Length < length =>
            $"shares {shared.Length} of {length} bytes; the edges, which fill no block, are moved by the next method",
        TransferMethod.Reflink => "shares all blocks: no byte is moved",
        TransferMethod.CopyFileRange when SparseTransfer.HasHoles(source.Open!) && destination.FileSystem.IsLocal() =>
            "copies inside the kernel; small pieces between holes are read and written",
        TransferMethod.CopyFileRange => "copies inside the kernel, from one regular file to another",
        TransferMethod.SendFile when MayRefuse => "the source has positions; a generated file or a device may refuse",
        TransferMethod.SendFile => "the source is a file or block device",
        TransferMethod.Splice when FillsLargePipe =>
            "through a pipe of our own into the one that is there, which takes less time than sendfile(2)",
        TransferMethod.Splice when HasPipe => "one side is a pipe",
        TransferMethod.Splice when MayRefuse => $"through a pipe of {limits.PipeCapacity} bytes; a generated file or a device may refuse",
        TransferMethod.Splice when Fastest == TransferMethod.Splice =>
            $"through a pipe, {PipedSpliceMethod.Piece} bytes at a time, which takes less time here than the other calls",
        TransferMethod.Splice => $"through a pipe of {limits.PipeCapacity} bytes",
        _ when Fastest == TransferMethod.ReadWrite => "through a buffer of this process, which takes less time here than copying inside the kernel",
        _ => "always possible, through a buffer of this process",
    };

    private bool HasPipe => source.Kind == DescriptorKind.Fifo || destination.Kind == DescriptorKind.Fifo;

    /// <summary>Files of procfs and devices each have rules of their own, which only an attempt tells.</summary>
    private bool MayRefuse => source.Kind == DescriptorKind.Character || destination.Kind == DescriptorKind.Character
        || (source.Kind == DescriptorKind.Regular && source.Endpoint.IsEmpty);
}
