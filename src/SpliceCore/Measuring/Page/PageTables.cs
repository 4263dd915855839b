using System.Globalization;
using System.Net;
using System.Text;
using static Splice.Measuring.Page.PageText;

namespace Splice.Measuring.Page;

/// <summary>What the numbers depend on, in a table.</summary>
internal static class MachineTable
{
    public static string Write(MeasurementReport report)
    {
        MeasuredMachine machine = report.Machine;
        var table = new StringBuilder("""<table class="machine"><tbody>""").AppendLine();
        Add(table, "Machine", machine.Name);
        Add(table, "Processors", $"{machine.ProcessorCount} × {machine.Processor ?? $"{machine.Architecture}"}");
        Add(table, "Memory", machine.Memory is long memory ? ByteSize.Format(memory, Culture) : null);
        Add(table, "Kernel", machine.KernelRelease is null ? null : $"Linux {machine.KernelRelease}");
        Add(table, "System", machine.System);
        Add(table, "Runtime", machine.Runtime);
        Add(table, "Test data in", Describe(report.Source));
        Add(table, "Copies in", Describe(report.Destination));
        Add(table, "Size", string.Create(Culture, $"{report.Size:N0} bytes"));
        Add(table, "Runs", string.Create(Culture, $"{report.Iterations} of each method, after one that does not count"));
        Add(table, "Date", report.Date.ToString("yyyy-MM-dd HH:mm:ss zzz", Culture));
        return table.Append("</tbody></table>").ToString();
    }

    private static void Add(StringBuilder table, string name, string? value)
    {
        if (value is not null)
        {
            table.AppendLine(Culture, $"""<tr><th scope="row">{name}</th><td class="text">{Escape(value)}</td></tr>""");
        }
    }

    private static string Describe(MeasuredFolder folder) => folder.FileSystem is null
        ? folder.Path
        : $"{folder.Path}, {folder.FileSystem} of {folder.Device} on {folder.MountPoint}";
}

/// <summary>All that was measured, in a table.</summary>
internal static class ResultTable
{
    private const int NumberColumns = 5;

    public static string Write(IReadOnlyList<MeasurementResult> results)
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
        : string.Create(Culture, $"""<td class="soft" colspan="{NumberColumns}">{Escape(WhyNot(result))}</td>""");

    private static string WhyNot(MeasurementResult result) =>
        result.Errno == Errno.None ? result.Reason : $"{result.Errno}: {result.Reason}";

    private static string Cell(string text) => $"""<td class="number">{Escape(text)}</td>""";
}

/// <summary>Text and numbers as the page has them: in English, whatever the culture is.</summary>
internal static class PageText
{
    private const char ControlPictures = '\u2400';
    private const char Delete = '\u007F';
    private const char DeletePicture = '\u2421';

    public static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Text that no character of can be taken for markup. What cannot be printed is shown by its picture.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(Visible)));

    /// <summary>A number in SVG: with a point, and no more digits than can be seen.</summary>
    public static string Number(double value) => value.ToString("0.##", Culture);

    /// <summary>A time with three digits, in the unit that suits it.</summary>
    public static string Duration(TimeSpan time) => time.TotalMilliseconds switch
    {
        < 1 => $"{Digits(time.TotalMicroseconds)} µs",
        < 1000 => $"{Digits(time.TotalMilliseconds)} ms",
        _ => $"{Digits(time.TotalSeconds)} s",
    };

    public static string Rate(double bytesPerSecond) => $"{ByteSize.Format(bytesPerSecond, Culture)}/s";

    private static string Digits(double value) =>
        value.ToString(value >= 99.95 ? "N0" : value >= 9.995 ? "N1" : "N2", Culture);

    private static char Visible(char character) => character switch
    {
        < ' ' => (char)(ControlPictures + character),
        Delete => DeletePicture,
        _ => character,
    };
}
