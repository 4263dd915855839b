using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Moves bytes between two open handles with splice(2).</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Splice")]
[OutputType(typeof(TransferResult))]
public sealed class InvokeSpliceCommand : TransferCommand
{
    /// <summary>The source: a FileStream, SafeHandle, Socket, NetworkStream, PipeStream, SplicePipe, a redirected stream of a
    /// process, or a descriptor number.</summary>
    [Parameter(Mandatory = true, Position = 0), TransferHandle]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>The destination, of the same types.</summary>
    [Parameter(Mandatory = true, Position = 1), TransferHandle]
    public TransferHandle Destination { get; set; } = null!;

    /// <summary>The first byte to read, in bytes from the source's start; its position does not change.</summary>
    [Parameter(Position = 2)]
    public long? Offset { get; set; }

    /// <summary>Number of bytes to move.</summary>
    [Parameter(Position = 3)]
    public long? Count { get; set; }

    /// <summary>The first byte to write, in bytes from the destination's start; its position does not change.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <summary>Flags for splice(2): Move, NonBlock, More, Gift.</summary>
    [Parameter, ValidateNotNull]
    [ArgumentCompleter(typeof(FlagsCompleter))]
    public EnumValue<SpliceFlags>[] Flags { get; set; } = [];

    /// <summary>The capacity in bytes to request where splice(2) needs a pipe of its own; 1 MiB by default.</summary>
    [Parameter, ValidateRange(1, int.MaxValue)]
    public int? PipeSize { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord() => Emit(Try($"Splicing {Source}", Run));

    private TransferResult Run(TransferMonitor monitor)
    {
        TransferEndpoint source = Source.ToEnd(path: null, isSource: true);
        TransferEndpoint destination = Destination.ToEnd(path: null, isSource: false);
        var request = new HandleTransferRequest
        {
            Source = source.Handle!,
            Destination = destination.Handle!,
            SourceName = source.Name,
            DestinationName = destination.Name,
            Offset = Offset,
            DestinationOffset = DestinationOffset,
            Count = Count,
            Flags = Flags.Combine(),
            PipeSize = PipeSize,
        };
        try
        {
            return HandleTransfer.Run(request, monitor);
        }
        finally
        {
            Source.MoveTo(source.Position);
            Destination.MoveTo(destination.Position);
        }
    }
}
