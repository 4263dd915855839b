using System.Text;
using static Splice.Measuring.Page.PageText;

namespace Splice.Measuring.Page;

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
