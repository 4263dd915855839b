using System.Management.Automation;
using System.Runtime.InteropServices;
using Splice.Binding;

namespace Splice.Commands;

/// <summary>Moves bytes between two open handles with splice(2).</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Splice")]
[OutputType(typeof(TransferResult))]
public sealed class InvokeSpliceCommand : SpliceOptionsCommand
{
    /// <summary>What to read: a FileStream, SafeHandle, Socket, NetworkStream, PipeStream, SplicePipe, a redirected stream of a
    /// process, or a descriptor number.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [TransferHandle]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>What to write: a FileStream, SafeHandle, Socket, NetworkStream, PipeStream, SplicePipe, a redirected stream of a
    /// process, or a descriptor number.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [TransferHandle]
    public TransferHandle Destination { get; set; } = null!;

    /// <summary>Where to read, in bytes from the source's start; its position is left alone.</summary>
    [Parameter(Position = 2)]
    public long? Offset { get; set; }

    /// <summary>Number of bytes to move.</summary>
    [Parameter(Position = 3)]
    public long? Count { get; set; }

    /// <summary>Where to write, in bytes from the destination's start; its position is left alone.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (Try($"Splicing {Source}", Run) is { } result)
        {
            Emit(result);
        }
    }

    private TransferResult Run(TransferMonitor monitor)
    {
        SafeHandle source = Source.Open(isSource: true);
        SafeHandle destination = Destination.Open(isSource: false);
        long? sourcePosition = Offset.HasValue ? null : Source.Position;
        long? destinationPosition = DestinationOffset.HasValue ? null : Destination.Position;
        var request = new HandleTransferRequest
        {
            Source = source,
            Destination = destination,
            SourceName = Source.Name,
            DestinationName = Destination.Name,
            Offset = Offset,
            DestinationOffset = DestinationOffset,
            Count = Count,
            Flags = Flags.Combine(),
            PipeSize = PipeSize,
        };
        long moved = 0;
        try
        {
            // Counted step by step: whatever ends the transfer, a progress bar that may not be drawn included.
            return HandleTransfer.Run(request, monitor with
            {
                Progress = progress =>
                {
                    moved = progress.BytesCopied;
                    monitor.Progress?.Invoke(progress);
                },
            });
        }
        finally
        {
            // A FileStream keeps a position of its own, which the kernel does not know.
            if (sourcePosition is long from)
            {
                Source.MoveTo(from + moved);
            }

            if (destinationPosition is long to)
            {
                Destination.MoveTo(to + moved);
            }
        }
    }
}
