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
