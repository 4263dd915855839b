using ScottPlot;
using ScottPlot.TickGenerators;

namespace Splice.Benchmarks.Plots;

/// <summary>Time against size, both in powers: a line a contestant.</summary>
internal static class SizePlot
{
    private static readonly (double Seconds, string Label)[] Times =
    [
        (1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms"), (1, "1 s"), (10, "10 s"), (100, "100 s"),
    ];

    private static readonly string[] Peers = ["cp", "File.Copy", "Copy-Item", "Python"];

    /// <summary>Draws one file system's results, if there are any.</summary>
    public static void Draw(IReadOnlyList<Result> results, string fileSystem, Theme theme, string folder)
    {
        var found = results.Where(result => result.Job == "large-file" && result.FileSystem == fileSystem).ToList();
        if (found.Count == 0)
        {
            return;
        }

        Plot plot = theme.NewPlot($"Copying one file on {fileSystem}, in the page cache");
        // Ours is drawn last, above the others.
        foreach ((string name, int index) in Peers.Select((name, index) => (name, index)).Reverse())
        {
            AddLine(plot, Fastest(found.Where(result => !result.Ours && result.Contestant.StartsWith(name, StringComparison.Ordinal))), name, theme.Others[index], 1.5f);
        }

        AddLine(plot, Fastest(found.Where(result => result.Ours)), "Copy-ItemZeroCopy", theme.Ours, 3);
        var sizes = found.Select(result => result.Bytes).Distinct().Order().ToList();
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. sizes.Select(size => Math.Log2(size))], [.. sizes.Select(Format)]);
        plot.Axes.Left.TickGenerator = new NumericManual([.. Times.Select(time => Math.Log10(time.Seconds))], [.. Times.Select(time => time.Label)]);
        plot.Axes.Bottom.IsVisible = plot.Axes.Left.IsVisible = true;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 12;
        plot.Axes.Margins(0.04, 0.06);
        plot.Legend.IsVisible = true;
        plot.Legend.Alignment = Alignment.UpperLeft;
        plot.Legend.BackgroundColor = theme.Background;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontColor = theme.Text;
        plot.Legend.FontSize = 13;
        // The order of the names is that of importance, not of drawing.
        plot.Legend.ManualItems.AddRange(plot.GetPlottables<ScottPlot.Plottables.Scatter>().Reverse().SelectMany(line => line.LegendItems));
        foreach (ScottPlot.Plottables.Scatter line in plot.GetPlottables<ScottPlot.Plottables.Scatter>())
        {
            line.LegendText = string.Empty;
        }

        theme.Save(plot, folder, $"time-by-size-{fileSystem}", 880, 480);
    }

    // Several ways of one peer count as the fastest of them at each size.
    private static List<Result> Fastest(IEnumerable<Result> results) =>
        [.. results.GroupBy(result => result.Bytes).OrderBy(group => group.Key).Select(group => group.MinBy(result => result.Seconds.Median)!)];

    private static void AddLine(Plot plot, List<Result> results, string name, Color color, float width)
    {
        if (results.Count == 0)
        {
            return;
        }

        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(
            results.ConvertAll(result => Math.Log2(result.Bytes)),
            results.ConvertAll(result => Math.Log10(result.Seconds.Median)),
            color);
        line.LineWidth = width;
        line.MarkerSize = 4 + width;
        line.LegendText = name;
    }

    private static string Format(long size) => size switch
    {
        >= 1L << 30 => $"{size >> 30} GiB",
        >= 1L << 20 => $"{size >> 20} MiB",
        _ => $"{size >> 10} KiB",
    };
}
