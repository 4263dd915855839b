using System.Globalization;
using System.Net;
using System.Text;
using static Splice.Measuring.PageText;

namespace Splice.Measuring;

/// <summary>Horizontal bars in SVG, one below the other. All lengths are in the units of its view box.</summary>
internal static class BarChart
{
    private const double Width = 600;
    private const double Left = 120;
    private const double Right = 175;
    private const double RowHeight = 36;
    private const double BarHeight = 20;
    private const double Top = 6;
    private const double AxisHeight = 30;
    private const double Gap = 10;
    private const double MinLength = 2;
    private const double CapHeight = 5;

    /// <summary>Draws times.</summary>
    /// <param name="title">The text for readers without the picture.</param>
    public static string Draw(string title, IReadOnlyList<Bar> bars)
    {
        double bottom = Top + (bars.Count * RowHeight);
        var svg = new StringBuilder();
        svg.AppendLine(Culture, $"""<svg class="chart" viewBox="0 0 {Width} {bottom + AxisHeight}" role="img" aria-label="{Escape(title)}">""");
        double largest = bars.Max(bar => Math.Max((bar.High ?? bar.Value)?.TotalMilliseconds ?? 0, bar.Value?.TotalMilliseconds ?? 0));
        var axis = new Axis(largest > 0 ? largest : 1);
        foreach (double mark in axis.Marks)
        {
            string x = Number(X(mark, axis));
            svg.AppendLine(Culture, $"""<line class="grid" x1="{x}" y1="{Top}" x2="{x}" y2="{bottom}"/>""");
            svg.AppendLine(Culture, $"""<text class="mark" x="{x}" y="{bottom + 20}">{MarkText(mark, axis)}</text>""");
        }

        for (int i = 0; i < bars.Count; i++)
        {
            DrawRow(svg, bars[i], Top + ((i + 0.5) * RowHeight), axis);
        }

        return svg.Append("</svg>").ToString();
    }

    private static void DrawRow(StringBuilder svg, Bar bar, double middle, Axis axis)
    {
        string baseline = Number(middle + 5);
        svg.AppendLine(Culture, $"""<text class="label {bar.Kind}" x="{Left - Gap}" y="{baseline}">{Escape(bar.Label)}</text>""");
        if (bar.Value is not { } value)
        {
            svg.AppendLine(Culture, $"""<text class="absent" x="{Left + Gap}" y="{baseline}">{Escape(bar.Text)}</text>""");
            return;
        }

        double length = Math.Max(X(value.TotalMilliseconds, axis) - Left, MinLength);
        svg.AppendLine(Culture, $"""<rect class="bar {bar.Kind}" x="{Left}" y="{Number(middle - (BarHeight / 2))}" width="{Number(length)}" height="{BarHeight}" rx="3"/>""");
        double end = Left + length;
        if (bar is { Low: { } low, High: { } high })
        {
            double from = X(low.TotalMilliseconds, axis);
            double to = X(high.TotalMilliseconds, axis);
            svg.AppendLine(Culture, $"""<path class="spread" d="M{Number(from)} {Number(middle)}H{Number(to)}M{Number(from)} {Number(middle - CapHeight)}v{2 * CapHeight}M{Number(to)} {Number(middle - CapHeight)}v{2 * CapHeight}"/>""");
            end = Math.Max(end, to);
        }

        svg.AppendLine(Culture, $"""<text class="value" x="{Number(end + Gap)}" y="{baseline}">{Escape(bar.Text)}<tspan class="note" dx="8">{Escape(bar.Note)}</tspan></text>""");
    }

    private static double X(double milliseconds, Axis axis) => Left + (milliseconds / axis.End * (Width - Left - Right));

    /// <summary>All marks have the unit of the last one.</summary>
    private static string MarkText(double milliseconds, Axis axis) => axis.End switch
    {
        < 1 => $"{Number(milliseconds * 1000)} µs",
        < 1000 => $"{Number(milliseconds)} ms",
        _ => $"{Number(milliseconds / 1000)} s",
    };
}

/// <summary>A bar of a chart. Without a value only its text is shown.</summary>
/// <param name="Low">The start of the line for the spread; null for no line.</param>
internal sealed record Bar(
    string Label, string Kind, TimeSpan? Value, TimeSpan? Low, TimeSpan? High, string Text, string Note);

/// <summary>Round numbers from 0 to past the largest value.</summary>
internal sealed class Axis
{
    private const int MaxSteps = 5;

    /// <param name="largest">The largest value, above 0.</param>
    public Axis(double largest)
    {
        double step = Math.Pow(10, Math.Floor(Math.Log10(largest / MaxSteps)));
        Step = Array.Find([1.0, 2, 5, 10], factor => factor * step * MaxSteps >= largest) * step;
        End = Math.Ceiling(largest / Step) * Step;
    }

    /// <summary>1, 2 or 5 times a power of ten.</summary>
    public double Step { get; }

    /// <summary>A multiple of the step.</summary>
    public double End { get; }

    /// <summary>All multiples of the step up to the end.</summary>
    public IEnumerable<double> Marks => Enumerable.Range(0, (int)Math.Round(End / Step) + 1).Select(index => index * Step);
}

/// <summary>Formats text and numbers of the page: in English, whatever the culture.</summary>
internal static class PageText
{
    private const char ControlPictures = '\u2400';
    private const char Delete = '\u007F';
    private const char DeletePicture = '\u2421';

    public static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Escapes markup, and shows control characters as their pictures.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(Visible)));

    /// <summary>Formats a number for SVG: with a decimal point, and no more digits than are visible.</summary>
    public static string Number(double value) => value.ToString("0.##", Culture);

    /// <summary>Formats a time with three digits, in the unit that suits it.</summary>
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
