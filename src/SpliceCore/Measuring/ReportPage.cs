using System.Text;
using static Splice.Measuring.PageText;

namespace Splice.Measuring;

/// <summary>Formats a measurement as a page of HTML that is complete in itself: it loads nothing, and has no script.</summary>
internal static class ReportPage
{
    private const long GiB = 1L << 30;

    public static string Write(MeasurementReport report)
    {
        string size = ByteSize.Format(report.Size, Culture);
        var page = new StringBuilder();
        page.AppendLine(Culture, $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>Copying {size} on {Escape(report.Machine.Name)}</title>
            <style>
            {Css()}
            </style>
            </head>
            <body>
            <main>
            <h1>Copying {size}</h1>
            <p class="soft">{Folders(report)}, {report.Date.ToString("d MMMM yyyy, HH:mm", Culture)}</p>
            {Facts(report)}
            <section>
            <h2>Time for {size}</h2>
            <figure>
            <figcaption>Median of {Runs(report.Iterations)} of each method, interleaved. The thin line spans the quartiles. Shorter is better.</figcaption>
            {BarChart.Draw($"Median time for {size} by method", [.. report.Results.Select(TimeBar)])}
            </figure>
            <ul class="key"><li><i class="auto"></i>chosen by -Method Auto</li><li><i class="method"></i>other methods</li><li><i class="baseline"></i>.NET, for comparison</li></ul>
            </section>
            {CpuTimes([.. report.Results.Where(result => result.Median > TimeSpan.Zero).Select(CpuBar)])}
            <section>
            <h2>All figures</h2>
            {ResultTable(report.Results)}
            <p class="soft small">Spread is the interquartile range. For .NET, system calls are reads and writes only.</p>
            </section>
            <section>
            <h2>Machine</h2>
            {MachineTable(report)}
            </section>
            <footer>The source has random bytes and is in the page cache before each run. A run ends when the kernel has the copy; the disk may get it later. Written by Measure-ZeroCopy of Splice {Version}.</footer>
            </main>
            </body>
            </html>
            """);
        return page.ToString();
    }

    private static string Version => typeof(ReportPage).Assembly.GetName().Version!.ToString(fieldCount: 3);

    private static string Css()
    {
        using var reader = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream("ReportPage.css")!);
        return reader.ReadToEnd().TrimEnd();
    }

    private static string Folders(MeasurementReport report) => report.Source == report.Destination
        ? $"In {Folder(report.Source)}"
        : $"From {Folder(report.Source)} to {Folder(report.Destination)}";

    private static string Folder(MeasuredFolder folder)
    {
        string path = $"""<span class="path">{Escape(folder.Path)}</span>""";
        return folder.FileSystem is null ? path : $"{path} ({Escape(folder.FileSystem)})";
    }

    /// <summary>The figures at the top; empty if the method that Auto takes was not measured.</summary>
    private static string Facts(MeasurementReport report) =>
        report.Results.FirstOrDefault(result => result.IsAuto) is not { Median: { } median } auto ? string.Empty : $"""
            <dl class="facts">
            <div><dt>Auto uses</dt><dd class="auto">{auto.Method}</dd></div>
            <div><dt>Median time</dt><dd>{Duration(median)}</dd></div>
            <div><dt>Rate</dt><dd>{Rate(auto.BytesPerSecond!.Value)}</dd></div>
            <div><dt>CPU time per GiB</dt><dd>{Duration(auto.CpuPerGiB!.Value)}</dd></div>
            </dl>
            """;

    private static string CpuTimes(Bar[] bars) => bars.Length == 0 ? string.Empty : $"""
        <section>
        <h2>CPU time per GiB</h2>
        <figure>
        <figcaption>User and system time of the copying thread, and its share of the elapsed time. Shorter is better.</figcaption>
        {BarChart.Draw("CPU time per GiB by method", bars)}
        </figure>
        </section>
        """;

    private static Bar TimeBar(MeasurementResult result) => new(
        $"{result.Method}", KindOf(result), result.Median, result.FirstQuartile, result.ThirdQuartile,
        result.Median is { } median ? Duration(median) : "not available",
        result.BytesPerSecond is { } rate ? Rate(rate) : string.Empty);

    private static Bar CpuBar(MeasurementResult result) => new(
        $"{result.Method}", KindOf(result), result.CpuPerGiB, Low: null, High: null, Duration(result.CpuPerGiB!.Value),
        string.Create(Culture, $"{Math.Min(1, (result.CpuPerGiB * result.Size / GiB / result.Median)!.Value):0%} CPU"));

    private static string KindOf(MeasurementResult result) =>
        result.IsAuto ? "auto" : result.Method is MeasuredMethod.StreamCopyTo or MeasuredMethod.FileCopy ? "baseline" : "method";

    private static string Runs(int count) => count == 1 ? "1 run" : string.Create(Culture, $"{count} runs");

    private static string MachineTable(MeasurementReport report)
    {
        MeasuredMachine machine = report.Machine;
        (string Name, string? Value)[] rows =
        [
            ("Machine", machine.Name),
            ("Processors", $"{machine.ProcessorCount} × {machine.Processor ?? $"{machine.Architecture}"}"),
            ("Memory", machine.Memory is long memory ? ByteSize.Format(memory, Culture) : null),
            ("Kernel", machine.KernelRelease is null ? null : $"Linux {machine.KernelRelease}"),
            ("System", machine.System),
            ("Runtime", machine.Runtime),
            ("Source folder", Describe(report.Source)),
            ("Destination folder", Describe(report.Destination)),
            ("Size", string.Create(Culture, $"{report.Size:N0} bytes")),
            ("Runs", string.Create(Culture, $"{report.Iterations} of each method, after one warm-up")),
            ("Date", report.Date.ToString("yyyy-MM-dd HH:mm:ss zzz", Culture)),
        ];
        var table = new StringBuilder("""<table class="machine"><tbody>""").AppendLine();
        foreach ((string name, string? value) in rows.Where(row => row.Value is not null))
        {
            table.AppendLine(Culture, $"""<tr><th scope="row">{name}</th><td class="text">{Escape(value!)}</td></tr>""");
        }

        return table.Append("</tbody></table>").ToString();
    }

    private static string Describe(MeasuredFolder folder) => folder.FileSystem is null
        ? folder.Path
        : $"{folder.Path}, {folder.FileSystem} of {folder.Device} on {folder.MountPoint}";

    private static string ResultTable(IReadOnlyList<MeasurementResult> results)
    {
        var table = new StringBuilder("""
            <table class="results">
            <thead><tr><th scope="col">Method</th><th scope="col" class="number">Median</th><th scope="col" class="number">Spread</th><th scope="col" class="number">Rate</th><th scope="col" class="number">CPU per GiB</th><th scope="col" class="number">System calls</th></tr></thead>
            <tbody>

            """);
        foreach (MeasurementResult result in results)
        {
            string tag = result.IsAuto ? """<span class="tag">Auto</span>""" : string.Empty;
            table.AppendLine(Culture, $"""<tr><th scope="row" class="name">{result.Method}{tag}</th>{Cells(result)}</tr>""");
        }

        return table.Append("</tbody></table>").ToString();
    }

    private static string Cells(MeasurementResult result) => result.Median is { } median
        ? Cell(Duration(median))
            + Cell(Duration(result.InterquartileRange!.Value))
            + Cell(Rate(result.BytesPerSecond!.Value))
            + Cell(Duration(result.CpuPerGiB!.Value))
            + Cell(result.SystemCalls?.ToString("N0", Culture) ?? "not counted")
        : $"""<td class="soft" colspan="5">{Escape(WhyNot(result))}</td>""";

    private static string WhyNot(MeasurementResult result) =>
        result.Errno == Errno.None ? result.Reason : $"{result.Errno}: {result.Reason}";

    private static string Cell(string text) => $"""<td class="number">{Escape(text)}</td>""";
}
