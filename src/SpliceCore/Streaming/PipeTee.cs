using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>Duplicates what a pipe holds in another pipe, as tee(2) does. Nothing is taken out of the first.</summary>
public static class PipeTee
{
    private const int LargestCount = 0x7ffff000; // of one call, read(2)

    /// <summary>Makes one call of tee(2) that duplicates something; a second would begin at the same byte.</summary>
    /// <param name="request">The two pipes, how much, and the flags. Without NonBlock an empty source and a full destination
    /// are waited for.</param>
    /// <param name="monitor">Cancellation.</param>
    /// <returns>The result: the bytes duplicated are those that the source held and the destination had room for.</returns>
    /// <exception cref="TransferException">Nothing was duplicated.</exception>
    public static TransferResult Run(HandleTransferRequest request, TransferMonitor monitor)
    {
        var counters = new TransferCounters();
        var source = Descriptor.Describe(request.Source, request.SourceName ?? HandleCheck.NameOf(request.Source));
        var destination = Descriptor.Describe(
            request.Destination, request.DestinationName ?? HandleCheck.NameOf(request.Destination));
        RangeCheck.ThrowIfNegative(offset: null, request.Count, destinationOffset: null, source.Name, destination.Name);
        CheckPipe(source);
        CheckPipe(destination);
        HandleCheck.Source(source);
        HandleCheck.Destination(destination);
        RangeCheck.ThrowIfOverlapping(source, start: null, destination, destinationStart: null, length: null);
        var spec = new TransferSpec { RequestedCount = request.Count, Flags = request.Flags };
        try
        {
            long bytes = Duplicate(request, source, destination, monitor);
            return counters.ToResult(source.Name, destination.Name, spec, []) with { BytesMoved = bytes };
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Duplicating '{source.Name}' in '{destination.Name}' was stopped before the first byte.",
                "Run the command again.",
                Errno.ECANCELED, destination.Name)
            {
                Partial = counters.ToResult(source.Name, destination.Name, spec, []),
            };
        }
        catch (ObjectDisposedException)
        {
            throw HandleCheck.Closed(source, destination);
        }
    }

    private static long Duplicate(
        HandleTransferRequest request, Descriptor source, Descriptor destination, TransferMonitor monitor)
    {
        using var poller = new Poller(monitor.Cancellation);
        long count = Math.Min(request.Count ?? LargestCount, LargestCount);
        while (true)
        {
            monitor.Cancellation.ThrowIfCancellationRequested();
            SysResult result = LibC.Tee(source.Handle, destination.Handle, count, request.Flags | SpliceFlags.NonBlock);
            switch (result.Errno)
            {
                case Errno.None:
                    return result.Value;
                case Errno.EINTR:
                    break;
                case Errno.EAGAIN when request.Flags.HasFlag(SpliceFlags.NonBlock):
                    return 0;
                case Errno.EAGAIN:
                    Wait(poller, source, destination);
                    break;
                default:
                    throw Failed(result.Errno, source, destination);
            }
        }
    }

    /// <summary>EAGAIN can mean an empty source or a full destination: FIONREAD on the source decides.</summary>
    private static void Wait(Poller poller, Descriptor source, Descriptor destination)
    {
        if (LibC.BytesAvailable(source.Handle).Value > 0)
        {
            poller.Wait(destination.Handle, PollEvents.Out);
        }
        else if (poller.Wait(source.Handle, PollEvents.In, destination.Handle) == PollResult.WatchedGone)
        {
            throw TransferFailures.ReaderGone(source.Name, destination.Name, arrived: 0);
        }
    }

    private static void CheckPipe(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Fifo)
        {
            throw new TransferException(TransferErrorId.MethodNotPossible,
                $"tee(2) duplicates from pipe to pipe, and '{descriptor.Name}' is a {descriptor.Kind}.",
                "Create a pipe with New-SplicePipe, or use Copy-StreamZeroCopy.",
                target: descriptor.Name);
        }
    }

    private static TransferException Failed(Errno errno, Descriptor source, Descriptor destination) => errno switch
    {
        Errno.EINVAL => new(TransferErrorId.MethodNotPossible,
            $"tee(2) does not support these flags or pipes ({ErrnoText.Describe(errno)}).",
            "Omit -Flags.", errno, destination.Name),
        Errno.ENOSYS or Errno.EPERM => new(TransferErrorId.MethodNotPossible,
            $"tee(2) is not available: this kernel does not have it, or a seccomp filter forbids it ({ErrnoText.Describe(errno)}).",
            "Use Copy-StreamZeroCopy with several destinations.",
            errno, destination.Name),
        _ => TransferFailures.Step(TransferMethod.Splice, errno, TransferSide.Destination, source, destination, arrived: 0),
    };
}
