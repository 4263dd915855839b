using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Measures how fast the methods are between two folders.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "ZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(MeasurementResult))]
public sealed class MeasureZeroCopyCommand : TransferCommand
{
    /// <summary>The folder for the test data; the current one where none is named.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Path { get; set; } = ".";

    /// <summary>The folder for the copies; that of the test data where none is named.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? Destination { get; set; }

    /// <summary>The bytes of the test data.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long Size { get; set; } = 1L << 30;

    /// <summary>What to run.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MeasuredMethodCompleter))]
    public EnumValue<MeasuredMethod>[] Method { get; set; } = [.. Enum.GetValues<MeasuredMethod>()];

    /// <summary>How often each is run.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Iterations { get; set; } = 5;

    /// <summary>A page with the results.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? HtmlPath { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        var resolver = new PathResolver(this, findsHidden: false, WriteError);
        if (resolver.Single(Path) is not { } source || resolver.Single(Destination ?? Path) is not { } destination)
        {
            return;
        }

        string? page = null;
        if (HtmlPath is not null && (page = resolver.Single(HtmlPath)) is null)
        {
            return;
        }

        bool measures = ShouldProcess($"Item: {source} Destination: {destination}", "Measure Copies");
        bool writes = page is not null && ShouldProcess(page, Changes.Of(page, page, "Write Page", "Replace Page").Action);
        if (measures)
        {
            Measure(source, destination, writes ? page : null);
        }
    }

    private void Measure(string source, string destination, string? page)
    {
        var request = new MeasurementRequest
        {
            Path = source,
            Destination = destination,
            Size = Size,
            Methods = [.. Method],
            Iterations = Iterations,
        };
        MeasurementReport? report = TryMeasure($"Measuring from {source} to {destination}", monitor =>
        {
            if (page is not null)
            {
                MeasurementPage.Check(page);
            }

            return Measurement.Run(request, monitor);
        });
        if (report is null)
        {
            return;
        }

        WriteObject(report.Results, enumerateCollection: true);
        if (page is not null && Try($"Writing {page}", monitor => MeasurementPage.Write(report, page, monitor)) is { } written)
        {
            Warn(written);
        }
    }
}
