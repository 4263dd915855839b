using ScottPlot;
using ScottPlot.TickGenerators;

namespace Splice.Benchmarks.Plots;

/// <summary>A bar a contestant, in groups, the best of each group first.</summary>
internal static class BarPlot
{
    // A group's heading takes as much as a bar, and so does the space before it.
    private const int BarHeight = 24;

    /// <summary>Draws groups of results, if there are any.</summary>
    public static void Draw(string title, string name, IEnumerable<IGrouping<string, Result>> groups, Func<Result, double> value, Func<double, string> format, bool moreIsBetter, Theme theme, string folder)
    {
        Plot plot = theme.NewPlot(title);
        var ticks = new NumericManual();
        var bars = new List<Bar>();
        double row = 0;
        foreach (IGrouping<string, Result> group in groups)
        {
            ScottPlot.Plottables.Text heading = plot.Add.Text(group.Key, 0, row);
            heading.LabelFontColor = theme.Text;
            heading.LabelFontSize = 13;
            heading.LabelAlignment = Alignment.MiddleLeft;
            row--;
            foreach (Result result in moreIsBetter ? group.OrderByDescending(value) : group.OrderBy(value))
            {
                Color color = result.Ours ? theme.Ours : theme.Muted.WithAlpha(0.55);
                bars.Add(new Bar
                {
                    Position = row,
                    Value = value(result),
                    Size = 0.72,
                    FillColor = color,
                    LineWidth = 0,
                    Label = format(value(result)),
                });
                ticks.AddMajor(row, result.Contestant);
                row--;
            }

            row -= 0.4;
        }

        if (bars.Count == 0)
        {
            return;
        }

        ScottPlot.Plottables.BarPlot plotted = plot.Add.Bars(bars);
        plotted.Horizontal = true;
        plotted.ValueLabelStyle.ForeColor = theme.Text;
        plotted.ValueLabelStyle.FontSize = 12;
        plotted.ValueLabelStyle.FontName = Theme.FontName;
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.IsVisible = true;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.TickLabelStyle.FontSize = 12;
        plot.Axes.Left.TickLabelStyle.ForeColor = theme.Text;
        plot.HideGrid();
        // Room for the number behind the longest bar.
        plot.Axes.SetLimits(0, bars.Max(bar => bar.Value) * 1.12, row + 0.6, 0.8);
        theme.Save(plot, folder, name, 880, (int)(BarHeight * -row) + 60);
    }
}
