using System.Runtime.InteropServices;
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
        var counters = new TransferTally();
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

    /// <summary>How messages and the result call the source; null for what the descriptor stands for.</summary>
    public string? SourceName { get; init; }

    /// <summary>How messages and the result call the destination; null for what the descriptor stands for.</summary>
    public string? DestinationName { get; init; }

    /// <summary>Where to read, in bytes from the source's start; its own position is left alone. Null: from its
    /// position, which moves on.</summary>
    public long? Offset { get; init; }

    /// <summary>Where to write, in bytes from the destination's start; its own position is left alone. Null: at its
    /// position, which moves on.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>The bytes to move; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>How to move the bytes.</summary>
    public TransferMethod Method { get; init; } = TransferMethod.Splice;

    /// <summary>Flags for splice(2). With <see cref="SpliceFlags.NonBlock"/> the transfer ends where it would wait.</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>The capacity to ask for where splice(2) needs a pipe of its own, in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }
}
