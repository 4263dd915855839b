using System.Globalization;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Probing;

/// <summary>Finds whether a transfer could use a method, without moving a byte: by the rules first, in the order in which a transfer
/// applies them, and then by a call to the kernel.</summary>
internal sealed class MethodProbe(ProbedEndpoint source, ProbedEndpoint destination, TransferCursor start, long? length, KernelLimits limits)
{
    /// <param name="Available">True if a transfer could use the method.</param>
    /// <param name="IsFatal">True if a transfer would fail with this error instead of falling back.</param>
    internal readonly record struct Result(bool Available, Errno Errno, string Reason, bool IsFatal = false);

    /// <summary>The method that a transfer tries before the others that move bytes.</summary>
    public TransferMethod Fastest => FillsLargePipe ? TransferMethod.Splice
        : Methods.MayChoose(source.DescriptorTraits, destination.DescriptorTraits)
        ? Methods.Fastest(destination.FileSystem, length, start.IsShifted)
        : TransferMethod.CopyFileRange;

    private bool FillsLargePipe => IsOpen && Methods.FillsLargePipe(source.Open!, destination.Open!, length);

    private bool IsOpen => source.Open is not null && destination.Open is not null;

    public Result Run(TransferMethod method)
    {
        if (Methods.Obstacle(method, source.DescriptorTraits, destination.DescriptorTraits) is string obstacle)
        {
            return new Result(Available: false, Errno.None, obstacle);
        }

        if (method == TransferMethod.Splice && Fastest == method && limits.PipeCapacity < Tuning.SmallestPipe)
        {
            return Refusal(method, Errno.ENFILE);
        }

        ReflinkRange shared = default;
        if (method == TransferMethod.Reflink && IsOpen && length > 0)
        {
            shared = ReflinkRange.Align(source.Open!, destination.Open!, start, length.Value);
            if (shared.Length == 0)
            {
                return new Result(Available: false, Errno.None, ReflinkRange.NotAligned);
            }
        }

        Errno errno = QueryKernel(method);
        return errno == Errno.None
            ? new Result(Available: true, Errno.None, Explain(method, shared))
            : Refusal(method, errno);
    }

    private static Result Refusal(TransferMethod method, Errno errno)
    {
        bool isRefusal = errno != Errno.EPERM || SeccompProbe.Forbids(method);
        return isRefusal && Refusals.Explain(method, errno) is string reason
            ? new Result(Available: false, errno, reason)
            : new Result(Available: false, errno, $"the transfer would fail ({ErrnoText.Describe(errno)})", IsFatal: true);
    }

    private Errno QueryKernel(TransferMethod method)
    {
        switch (method)
        {
            case TransferMethod.ReadWrite:
                return Errno.None;

            case TransferMethod.Reflink when IsOpen:
                // At its end a file has nothing to share: 0 where blocks can be shared, else the reason why not. If the file has
                // grown since, offset 1 of the destination is not aligned to a block.
                return LibC.CloneFileRange(source.Open!.Handle, source.Open.Size, 0, destination.Open!.Handle, 1).Errno;

            case TransferMethod.CopyFileRange when IsOpen:
                // A count of 0 passes the same checks as any other.
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
        TransferMethod.Reflink or TransferMethod.CopyFileRange when !IsOpen =>
            "same file system, without unnamed files for a trial: it may be unsupported",
        TransferMethod.Reflink when shared.Length < length =>
            $"shares {shared.Length} of {length} bytes; incomplete blocks at the edges are moved by the next method",
        TransferMethod.Reflink => "shares all blocks: no byte is moved",
        TransferMethod.CopyFileRange when source.Open!.ProbablyHasHoles && destination.FileSystem.IsLocal() =>
            "copies inside the kernel; small extents between holes are read and written",
        TransferMethod.CopyFileRange => "copies inside the kernel, from one regular file to another",
        TransferMethod.SendFile when MayRefuse => "the source is seekable; a generated file or a device may not support it",
        TransferMethod.SendFile => "the source is a file or block device",
        TransferMethod.Splice when FillsLargePipe =>
            "through an internal pipe; faster than sendfile(2) for this destination",
        TransferMethod.Splice when source.Kind == DescriptorKind.Fifo || destination.Kind == DescriptorKind.Fifo => "the source or the destination is a pipe",
        TransferMethod.Splice when MayRefuse => $"through a pipe of {ByteSize.Format(limits.PipeCapacity, CultureInfo.InvariantCulture)}; a generated file or a device may not support it",
        TransferMethod.Splice when Fastest == TransferMethod.Splice =>
            $"through a pipe, {ByteSize.Format(Tuning.BufferSize, CultureInfo.InvariantCulture)} at a time; fastest on this file system",
        TransferMethod.Splice => $"through a pipe of {ByteSize.Format(limits.PipeCapacity, CultureInfo.InvariantCulture)}",
        _ when Fastest == TransferMethod.ReadWrite => "through a buffer of this process; faster here than inside the kernel",
        _ => "always possible, through a buffer of this process",
    };

    /// <summary>Files of procfs and devices have rules of their own, which only a transfer shows.</summary>
    private bool MayRefuse => source.Kind == DescriptorKind.Character || destination.Kind == DescriptorKind.Character
        || (source.Kind == DescriptorKind.Regular && source.DescriptorTraits.IsEmpty);
}
