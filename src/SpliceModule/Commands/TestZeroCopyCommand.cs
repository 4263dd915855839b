using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Reports which methods can move bytes from a source to a destination, and moves none.</summary>
[Cmdlet(VerbsDiagnostic.Test, "ZeroCopy")]
[OutputType(typeof(MethodReport))]
public sealed class TestZeroCopyCommand : TransferCommand
{
    /// <summary>The source: a path, a FileInfo, or an open handle.</summary>
    [Parameter(Mandatory = true, Position = 0), TransferHandle(TakesPaths = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>The destination: a path, existing or not, a FileInfo, or an open handle.</summary>
    [Parameter(Mandatory = true, Position = 1), TransferHandle(TakesPaths = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle Destination { get; set; } = null!;

    /// <summary>The first byte that would be read, in bytes from the source's start.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>Number of bytes that would be moved.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>The first byte that would be written, in bytes from the destination's start.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (!Paths.TryResolve(Source, out string? source) || !Paths.TryResolve(Destination, out string? destination))
        {
            return;
        }

        var reports = Try($"Testing {source ?? Source.ToString()}", monitor => MethodTest.Run(new MethodTestRequest
        {
            Source = Source.ToEnd(source, isSource: true),
            Destination = Destination.ToEnd(destination, isSource: false),
            Offset = Offset,
            Count = Count,
            DestinationOffset = DestinationOffset,
        }, monitor));
        WriteObject(reports ?? [], enumerateCollection: true);
    }
}
