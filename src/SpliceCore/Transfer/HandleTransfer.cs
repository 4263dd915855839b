using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>Moves bytes between open handles, as splice(2) does, until all have moved.</summary>
public static class HandleTransfer
{
    /// <summary>Moves the bytes. Without an offset, a file offset advances by what arrived, as with splice(2).</summary>
    /// <param name="request">The handles and the range.</param>
    /// <param name="monitor">Progress and cancellation.</param>
    /// <returns>The result.</returns>
    /// <exception cref="TransferException">Fewer bytes were moved.</exception>
    public static TransferResult Run(HandleTransferRequest request, TransferMonitor monitor)
    {
        var counters = new TransferCounters();
        Descriptor source = Descriptor.Describe(request.Source, request.SourceName ?? HandleCheck.NameOf(request.Source));
        Descriptor destination = Descriptor.Describe(
            request.Destination, request.DestinationName ?? HandleCheck.NameOf(request.Destination));
        RangeCheck.ThrowIfNegative(request.Offset, request.Count, request.DestinationOffset, source.Name, destination.Name);
        HandleCheck.Source(source);
        HandleCheck.Destination(destination);

        long? start = request.Offset ?? source.Position;
        long? destinationStart = request.DestinationOffset ?? HandleCheck.PositionOfWrites(destination);
        long? length = RangeCheck.Source(source, request.Offset, start, request.Count);
        RangeCheck.Destination(destination, request.DestinationOffset, destinationStart, length);
        RangeCheck.ThrowIfOverlapping(source, start, destination, destinationStart, length);
        var spec = new TransferSpec
        {
            Offset = start,
            DestinationOffset = destinationStart,
            Length = length,
            RequestedCount = request.Count,
            Method = request.Method,
            IsMethodFixed = true,
            Flags = request.Flags,
            PipeSize = request.PipeSize,
        };
        using SafeFileHandle? terminal = TerminalOutput.Reopen(destination);
        Descriptor output = terminal is null ? destination : Descriptor.Describe(terminal, destination.Name);
        using var run = new TransferRun(source, output, spec, monitor, counters);
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
            source.AdvancePosition(request.Offset.HasValue ? 0 : counters.BytesCopied);
            if (!destination.IsAppending)
            {
                destination.AdvancePosition(request.DestinationOffset.HasValue ? 0 : counters.BytesCopied);
            }
        }
    }
}

/// <summary>One transfer between two open handles. They stay the caller's, and open.</summary>
public sealed record HandleTransferRequest
{
    /// <summary>The handle to read.</summary>
    public required SafeHandle Source { get; init; }

    /// <summary>The handle to write.</summary>
    public required SafeHandle Destination { get; init; }

    /// <summary>The name of the source in messages and the result; null for that of the descriptor.</summary>
    public string? SourceName { get; init; }

    /// <summary>The name of the destination in messages and the result; null for that of the descriptor.</summary>
    public string? DestinationName { get; init; }

    /// <summary>Offset of the first byte in the source, whose file offset stays; null for its file offset, which advances.</summary>
    public long? Offset { get; init; }

    /// <summary>Offset of the first byte in the destination, whose file offset stays; null for its file offset, which advances.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>Number of bytes to move; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>The method.</summary>
    public TransferMethod Method { get; init; } = TransferMethod.Splice;

    /// <summary>Flags for splice(2). With <see cref="SpliceFlags.NonBlock"/> the transfer ends where it would wait.</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>Capacity in bytes of a pipe of our own for splice(2); null for 1 MiB.</summary>
    public int? PipeSize { get; init; }
}
