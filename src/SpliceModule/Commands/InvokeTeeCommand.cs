using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Duplicates the content of a pipe in another pipe with tee(2).</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Tee")]
[OutputType(typeof(TransferResult))]
public sealed class InvokeTeeCommand : TransferCommand
{
    /// <summary>The pipe whose content is duplicated, and not consumed.</summary>
    [Parameter(Mandatory = true, Position = 0), TransferHandle]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>The pipe for the duplicate.</summary>
    [Parameter(Mandatory = true, Position = 1), TransferHandle]
    public TransferHandle Destination { get; set; } = null!;

    /// <summary>Maximum number of bytes to duplicate.</summary>
    [Parameter(Position = 2)]
    public long? Count { get; set; }

    /// <summary>Flags for tee(2): NonBlock.</summary>
    [Parameter, ValidateNotNull]
    [ArgumentCompleter(typeof(FlagsCompleter))]
    public EnumValue<SpliceFlags>[] Flags { get; set; } = [];

    /// <inheritdoc />
    protected override void ProcessRecord() => Emit(Try($"Duplicating {Source}", Run));

    private TransferResult Run(TransferMonitor monitor) => PipeTee.Run(
        new HandleTransferRequest
        {
            Source = Source.Open(isSource: true),
            Destination = Destination.Open(isSource: false),
            SourceName = Source.Name,
            DestinationName = Destination.Name,
            Count = Count,
            Flags = Flags.Combine(),
        },
        monitor);
}
