using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Errors;

namespace Splice.Commands;

/// <summary>Tells by which methods bytes would be moved from a source to a destination, and moves none.</summary>
[Cmdlet(VerbsDiagnostic.Test, "ZeroCopy")]
[OutputType(typeof(MethodReport))]
public sealed class TestZeroCopyCommand : StoppableCommand
{
    /// <summary>What would be read: a path, a FileInfo, or an open handle.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [TransferHandle(TakesPaths = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>What would be written: a path, there or not, a FileInfo, or an open handle.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [TransferHandle(TakesPaths = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle Destination { get; set; } = null!;

    /// <summary>The first byte that would be read, in bytes from the source's start.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>How many bytes would be moved.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>Where they would be written, in bytes from the destination's start.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        var resolver = new PathResolver(this, findsHidden: false, WriteError);
        if (!TryResolve(Source, resolver, out string? source) || !TryResolve(Destination, resolver, out string? destination))
        {
            return;
        }

        IReadOnlyList<MethodReport> reports;
        try
        {
            reports = Journals.Keep($"Testing {source ?? Source.ToString()}", () => MethodTest.Run(new MethodTestRequest
            {
                Source = Source.ToEnd(source, isSource: true),
                Destination = Destination.ToEnd(destination, isSource: false),
                Offset = Offset,
                Count = Count,
                DestinationOffset = DestinationOffset,
            }, new TransferMonitor(Cancellation: Cancellation)));
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
        catch (TransferException exception)
        {
            WriteError(ErrorRecords.From(exception, this));
            return;
        }

        WriteObject(reports, enumerateCollection: true);
    }

    /// <summary>False after an error.</summary>
    private static bool TryResolve(TransferHandle end, PathResolver resolver, out string? path)
    {
        path = end.Path is null ? null : resolver.Single(end.Path);
        return path is not null || end.Path is null;
    }
}
