using System.Text;

namespace Splice.Measuring.Page;

/// <summary>Horizontal bars in SVG, one below the other. All lengths are in the units of its view box.</summary>
internal static class BarChart
{
    private const double Width = 860;
    private const double Left = 132;
    private const double Right = 170;
    private const double RowHeight = 36;
    private const double BarHeight = 20;
    private const double Top = 6;
    private const double AxisHeight = 30;
    private const double Gap = 10;
    private const double LeastLength = 2;
    private const double CapHeight = 5;

    /// <summary>Draws times.</summary>
    /// <param name="title">What readers who see no picture are told.</param>
    /// <param name="bars">The bars, from the top.</param>
    public static string Draw(string title, IReadOnlyList<Bar> bars)
    {
        double bottom = Top + (bars.Count * RowHeight);
        var svg = new StringBuilder();
        svg.AppendLine(PageText.Culture, $"""<svg class="chart" viewBox="0 0 {Width} {bottom + AxisHeight}" role="img" aria-label="{PageText.Escape(title)}">""");
        double largest = bars.Max(bar => Math.Max((bar.High ?? bar.Value)?.TotalMilliseconds ?? 0, bar.Value?.TotalMilliseconds ?? 0));
        var axis = new Axis(largest > 0 ? largest : 1);
        foreach (double mark in axis.Marks)
        {
            string x = PageText.Number(Place(mark, axis));
            svg.AppendLine(PageText.Culture, $"""<line class="grid" x1="{x}" y1="{Top}" x2="{x}" y2="{bottom}"/>""");
            svg.AppendLine(PageText.Culture, $"""<text class="mark" x="{x}" y="{bottom + 20}">{MarkText(mark, axis)}</text>""");
        }

        for (int i = 0; i < bars.Count; i++)
        {
            DrawRow(svg, bars[i], Top + ((i + 0.5) * RowHeight), axis);
        }

        return svg.Append("</svg>").ToString();
    }

    private static void DrawRow(StringBuilder svg, Bar bar, double middle, Axis axis)
    {
        string baseline = PageText.Number(middle + 5);
        svg.AppendLine(PageText.Culture, $"""<text class="label {bar.Kind}" x="{Left - Gap}" y="{baseline}">{PageText.Escape(bar.Label)}</text>""");
        if (bar.Value is not { } value)
        {
            svg.AppendLine(PageText.Culture, $"""<text class="absent" x="{Left + Gap}" y="{baseline}">{PageText.Escape(bar.Text)}</text>""");
            return;
        }

        double length = Math.Max(Place(value.TotalMilliseconds, axis) - Left, LeastLength);
        svg.AppendLine(PageText.Culture, $"""<rect class="bar {bar.Kind}" x="{Left}" y="{PageText.Number(middle - (BarHeight / 2))}" width="{PageText.Number(length)}" height="{BarHeight}" rx="3"/>""");
        double end = Left + length;
        if (bar is { Low: { } low, High: { } high })
        {
            double from = Place(low.TotalMilliseconds, axis);
            double to = Place(high.TotalMilliseconds, axis);
            svg.AppendLine(PageText.Culture, $"""<path class="spread" d="M{PageText.Number(from)} {PageText.Number(middle)}H{PageText.Number(to)}M{PageText.Number(from)} {PageText.Number(middle - CapHeight)}v{2 * CapHeight}M{PageText.Number(to)} {PageText.Number(middle - CapHeight)}v{2 * CapHeight}"/>""");
            end = Math.Max(end, to);
        }

        svg.AppendLine(PageText.Culture, $"""<text class="value" x="{PageText.Number(end + Gap)}" y="{baseline}">{PageText.Escape(bar.Text)}<tspan class="note" dx="8">{PageText.Escape(bar.Note)}</tspan></text>""");
    }

    private static double Place(double milliseconds, Axis axis) => Left + (milliseconds / axis.End * (Width - Left - Right));

    /// <summary>All marks in one unit, the last one's.</summary>
    private static string MarkText(double milliseconds, Axis axis) => axis.End switch
    {
        < 1 => $"{PageText.Number(milliseconds * 1000)} µs",
        < 1000 => $"{PageText.Number(milliseconds)} ms",
        _ => $"{PageText.Number(milliseconds / 1000)} s",
    };
}

/// <summary>A bar of a chart.</summary>
/// <param name="Label">What it stands for.</param>
/// <param name="Kind">The class of its colour.</param>
/// <param name="Value">Its length; null where there is none.</param>
/// <param name="Low">Where the line for the spread begins; null for no line.</param>
/// <param name="High">Where it ends.</param>
/// <param name="Text">The value in words.</param>
/// <param name="Note">What is said beside it.</param>
internal sealed record Bar(
    string Label, string Kind, TimeSpan? Value, TimeSpan? Low, TimeSpan? High, string Text, string Note);

/// <summary>Round numbers from 0 to past the largest value.</summary>
internal sealed class Axis
{
    private const int MostSteps = 6;

    /// <param name="largest">The largest value, above 0.</param>
    public Axis(double largest)
    {
        double step = Math.Pow(10, Math.Floor(Math.Log10(largest / MostSteps)));
        Step = Array.Find([1.0, 2, 5, 10], factor => factor * step * MostSteps >= largest) * step;
        End = Math.Ceiling(largest / Step) * Step;
    }

    /// <summary>1, 2 or 5 times a power of ten.</summary>
    public double Step { get; }

    /// <summary>A multiple of the step.</summary>
    public double End { get; }

    /// <summary>All multiples of the step up to the end.</summary>
    public IEnumerable<double> Marks => Enumerable.Range(0, (int)Math.Round(End / Step) + 1).Select(index => index * Step);
}

/// <summary>How the page looks, by day and by night.</summary>
internal static class PageStyle
{
    public const string Css = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --card: #ffffff; --edge: #e1e5ea; --text: #1b2430; --soft: #5c6878; --grid: #e6e9ee;
          --method: #4a7fd4; --auto: #0d8a72; --baseline: #98a3b3; --spread: #1b2430; --stripe: #f8f9fb;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f141b; --card: #181f29; --edge: #2a3442; --text: #e7ecf3; --soft: #9aa7b8; --grid: #27303d;
            --method: #6ba0f2; --auto: #35c2a3; --baseline: #6b788b; --spread: #f2f5f9; --stripe: #1c2430;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
        h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
        h2 { margin: 0; font-size: 1.1rem; }
        p { margin: 0.35rem 0 0; }
        .soft, figcaption { color: var(--soft); }
        .small { font-size: 0.88rem; }
        .path { font-family: ui-monospace, monospace; font-size: 0.92em; overflow-wrap: anywhere; unicode-bidi: isolate; }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 1.75rem 0 0; }
        .facts div, section { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; }
        .facts div { padding: 0.9rem 1.1rem; }
        .facts dt { color: var(--soft); font-size: 0.85rem; }
        .facts dd { margin: 0; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums; }
        .facts .auto { color: var(--auto); }
        section { margin-top: 1.25rem; padding: 1.25rem 1.4rem; }
        figure { margin: 0; }
        figcaption { font-size: 0.9rem; }
        .scroll { overflow-x: auto; }
        .chart { display: block; width: 100%; min-width: 40rem; height: auto; margin-top: 0.9rem; font-size: 14px; }
        .chart text { fill: var(--text); font-variant-numeric: tabular-nums; }
        .chart .label { text-anchor: end; }
        .chart .label.auto { font-weight: 650; fill: var(--auto); }
        .chart .value { font-weight: 650; }
        .chart .value, .chart .absent { paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
        .chart .note { font-weight: 400; fill: var(--soft); }
        .chart .absent { fill: var(--soft); font-style: italic; }
        .chart .mark { fill: var(--soft); font-size: 12px; text-anchor: middle; }
        .chart .grid { stroke: var(--grid); }
        .chart .bar.method { fill: var(--method); }
        .chart .bar.auto { fill: var(--auto); }
        .chart .bar.baseline { fill: var(--baseline); }
        .chart .spread { stroke: var(--spread); stroke-width: 1.5; fill: none; }
        .key { display: flex; flex-wrap: wrap; gap: 0.3rem 1.25rem; margin: 0.7rem 0 0; padding: 0; list-style: none; font-size: 0.88rem; color: var(--soft); }
        .key i { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 0.45rem; border-radius: 3px; }
        .key .method { background: var(--method); } .key .auto { background: var(--auto); } .key .baseline { background: var(--baseline); }
        table { width: 100%; border-collapse: collapse; margin-top: 0.8rem; font-size: 0.92rem; }
        th { color: var(--soft); font-weight: 500; white-space: nowrap; text-align: left; }
        th, td { padding: 0.45rem 0.6rem; border-bottom: 1px solid var(--edge); vertical-align: top; }
        th:first-child, td:first-child { padding-left: 0.6rem; }
        tbody tr:nth-child(even) { background: var(--stripe); }
        tbody tr:last-child > * { border-bottom: 0; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .name { font-weight: 600; color: var(--text); }
        .tag { margin-left: 0.4rem; padding: 0.05rem 0.45rem; border-radius: 99px; background: var(--auto); color: var(--card); font-size: 0.75rem; font-weight: 650; }
        .machine th { width: 11rem; }
        .machine .text { overflow-wrap: anywhere; unicode-bidi: isolate; }
        footer { margin-top: 1.5rem; color: var(--soft); font-size: 0.85rem; }
        @media print { body { background: none; } section { break-inside: avoid; } }
        """;
}
