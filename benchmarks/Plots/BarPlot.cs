using ScottPlot;
using ScottPlot.TickGenerators;

namespace Splice.Benchmarks.Plots;

/// <summary>Draws one bar per tool, in groups, the best of each group first.</summary>
/// <param name="title">Title above the plot.</param>
/// <param name="axis">Title of the axis of the values.</param>
internal sealed class BarPlot(string title, string axis)
{
    // The heading of a group is as high as a bar, and so is the space before it.
    private const int BarHeight = 24;

    /// <summary>Length of the bar of a result.</summary>
    public required Func<Result, double> Value { get; init; }

    /// <summary>Text beside a bar.</summary>
    public required Func<double, string> Format { get; init; }

    /// <summary>Quartiles of a result, drawn as a thin line; null if they are not drawn.</summary>
    public Func<Result, Spread>? Range { get; init; }

    /// <summary>Value with a line through all bars; null if there is none.</summary>
    public double? Reference { get; init; }

    /// <summary>True if the longest bar is the best.</summary>
    public bool MoreIsBetter { get; init; }

    /// <summary>Draws groups of results, if there are any.</summary>
    public void Draw(IEnumerable<IGrouping<string, Result>> groups, Theme theme, string folder, string name)
    {
        Plot plot = theme.NewPlot(title);
        var ticks = new NumericManual();
        var bars = new List<Bar>();
        var seen = new List<string>();
        double longest = 0;
        double row = 0;
        foreach (IGrouping<string, Result> group in groups)
        {
            ScottPlot.Plottables.Text heading = plot.Add.Text(group.Key, 0, row);
            heading.LabelFontColor = theme.Text;
            heading.LabelFontSize = 13;
            heading.LabelAlignment = Alignment.MiddleLeft;
            row--;
            List<Result> ordered = [.. MoreIsBetter ? group.OrderByDescending(Value) : group.OrderBy(Value)];
            foreach (Result result in ordered)
            {
                double value = Value(result);
                bars.Add(new Bar
                {
                    Position = row,
                    Value = value,
                    Size = 0.72,
                    FillColor = result.Ours || value < Reference ? theme.Ours : theme.Muted.WithAlpha(0.55),
                    LineWidth = 0,
                });
                double end = AddRange(plot, result, row, theme) ?? value;
                ScottPlot.Plottables.Text label = plot.Add.Text(Format(value), end, row);
                label.LabelFontColor = theme.Text;
                label.LabelFontSize = 12;
                label.LabelAlignment = Alignment.MiddleLeft;
                label.LabelBackgroundColor = theme.Background;
                label.OffsetX = 6;
                longest = Math.Max(longest, end);
                ticks.AddMajor(row, result.Contestant);
                row--;
            }

            seen.Add(Describe(group.Key, ordered));
            row -= 0.4;
        }

        if (bars.Count == 0)
        {
            return;
        }

        List<IPlottable> above = [.. plot.GetPlottables()];
        plot.Add.Bars(bars).Horizontal = true;
        if (Reference is { } reference)
        {
            plot.Add.VerticalLine(reference, 1.5f, theme.Text, LinePattern.Dashed);
            longest = Math.Max(longest, reference);
        }

        above.ForEach(plot.MoveToTop);

        theme.ShowAxes(plot, axis, "");
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.TickLabelStyle.ForeColor = theme.Text;
        // Room for the number behind the longest bar.
        plot.Axes.SetLimits(0, longest * 1.12, row + 0.6, 0.8);
        plot.Grid.YAxisStyle.IsVisible = false;
        theme.Save(plot, folder, name, 880, (int)(BarHeight * -row) + 100, $"Bars. {title}; {axis}. {string.Join("; ", seen)}.");
    }

    private double? AddRange(Plot plot, Result result, double row, Theme theme)
    {
        if (Range is null)
        {
            return null;
        }

        Spread range = Range(result);
        plot.Add.Line(range.Q1, row, range.Q3, row).Color = theme.Text;
        return Math.Max(range.Q3, range.Median);
    }

    // This module and the best peer, or with a reference all peers.
    private string Describe(string group, List<Result> ordered)
    {
        Result? peer = ordered.Find(result => !result.Ours);
        IEnumerable<Result> named = ordered.Where(result => Reference is not null || result.Ours || result == peer);
        return $"{group}: {string.Join(", ", named.Select(result => $"{result.Contestant} {Format(Value(result))}"))}";
    }
}
