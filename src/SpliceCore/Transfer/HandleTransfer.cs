using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>Moves bytes between open handles, as splice(2) does, and as far as it takes.</summary>
public static class HandleTransfer
{
    /// <summary>Moves the bytes. Positions move as splice(2) says: on, by what arrived, where no offset was given.</summary>
    /// <param name="request">What to move.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="TransferException">It was not done, or only in part.</exception>
    public static TransferResult Run(HandleTransferRequest request, TransferMonitor monitor)
    {
        var tally = new TransferTally();
        Descriptor source = Descriptor.Describe(request.Source, request.SourceName ?? HandleCheck.NameOf(request.Source));
        Descriptor destination = Descriptor.Describe(
            request.Destination, request.DestinationName ?? HandleCheck.NameOf(request.Destination));
        RangeCheck.Numbers(request.Offset, request.Count, request.DestinationOffset, source.Name, destination.Name);
        HandleCheck.Source(source);
        HandleCheck.Destination(destination);

        long? start = request.Offset ?? source.Position;
        long? destinationStart = request.DestinationOffset ?? HandleCheck.PositionOfWrites(destination);
        long? length = RangeCheck.Source(source, request.Offset, start, request.Count);
        RangeCheck.Destination(destination, request.DestinationOffset, destinationStart, length);
        RangeCheck.NotTheSame(source, start, destination, destinationStart, length);
        var spec = new TransferSpec
        {
            Offset = start,
            DestinationOffset = destinationStart,
            Length = length,
            RequestedCount = request.Count,
            Method = request.Method,
            Flags = request.Flags,
            PipeSize = request.PipeSize,
        };
        using SafeFileHandle? terminal = TerminalOutput.Reopen(destination);
        Descriptor output = terminal is null ? destination : Descriptor.Describe(terminal, destination.Name);
        using var run = new TransferRun(source, output, spec, monitor, tally);
        try
        {
            run.Run();
            return run.Result();
        }
        catch (ObjectDisposedException)
        {
            TransferException closed = HandleCheck.Closed(source, destination);
            closed.Partial = run.Result();
            throw closed;
        }
        finally
        {
            source.PutPosition(request.Offset.HasValue ? 0 : tally.BytesCopied);
            if (!destination.IsAppending)
            {
                destination.PutPosition(request.DestinationOffset.HasValue ? 0 : tally.BytesCopied);
            }
        }
    }
}
