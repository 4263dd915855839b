using System.Management.Automation;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Measures the speed of the methods between two folders.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "ZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(MeasurementResult))]
public sealed class MeasureZeroCopyCommand : TransferCommand
{
    /// <summary>The folder for the test data; by default the current one.</summary>
    [Parameter(Position = 0), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Path { get; set; } = ".";

    /// <summary>The folder for the copies; by default that of the test data.</summary>
    [Parameter(Position = 1), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? Destination { get; set; }

    /// <summary>Size of the test data in bytes.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long Size { get; set; } = 1L << 30;

    /// <summary>The methods and baselines to measure.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MeasuredMethodCompleter))]
    public EnumValue<MeasuredMethod>[] Method { get; set; } = [.. Enum.GetValues<MeasuredMethod>()];

    /// <summary>Number of runs of each.</summary>
    [Parameter, ValidateRange(1, int.MaxValue)]
    public int Iterations { get; set; } = 5;

    /// <summary>File for a page with the results.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? HtmlPath { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        if (Paths.Single(Path) is not { } source || Paths.Single(Destination ?? Path) is not { } destination)
        {
            return;
        }

        string? page = null;
        if (HtmlPath is not null && (page = Paths.Single(HtmlPath)) is null)
        {
            return;
        }

        bool measures = ShouldProcess($"Item: {source} Destination: {destination}", "Measure Copies");
        bool writes = page is not null && ShouldProcess(page, DescribeChange(page, page, "Write Page", "Replace Page").Action);
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
        var progress = new ProgressReporter(this, $"Measuring from {source} to {destination}");
        var report = Try(progress, trace: null, new MeasurementMonitor(progress.Report, Cancellation), monitor =>
        {
            if (page is not null)
            {
                MeasurementPage.Check(page);
            }

            return Measurement.Run(request, monitor);
        });
        WriteObject(report?.Results ?? [], enumerateCollection: true);
        if (report is not null && page is not null && Try($"Writing {page}", monitor => MeasurementPage.Write(report, page, monitor)) is { } written)
        {
            Emit(null, written.Warnings);
        }
    }
}
