using ScottPlot;
using ScottPlot.TickGenerators;

namespace Splice.Benchmarks.Plots;

/// <summary>Draws time against size, both logarithmic: one line per tool.</summary>
internal static class SizePlot
{
    private static readonly (double Seconds, string Label)[] Times =
    [
        (1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms"), (1, "1 s"), (10, "10 s"), (100, "100 s"),
    ];

    /// <summary>Draws the results of a file system, if there are any.</summary>
    public static void Draw(IReadOnlyList<Result> results, string fileSystem, Theme theme, string folder)
    {
        var found = results.Where(result => result.Job == "large-file" && result.FileSystem == fileSystem).ToList();
        if (found.Count == 0)
        {
            return;
        }

        Plot plot = theme.NewPlot($"Copying one file on {fileSystem}, in the page cache");
        List<string> tools = [.. found.OrderByDescending(result => result.Ours).Select(result => result.Contestant).Distinct()];
        // The module is first in the legend, and drawn last, above the others.
        foreach ((string name, int index) in tools.Select((name, index) => (name, index)).Reverse())
        {
            List<Result> line = [.. found.Where(result => result.Contestant == name).OrderBy(result => result.Bytes)];
            AddLine(plot, line, name, index == 0 ? theme.Ours : theme.Others[(index - 1) % theme.Others.Count], index == 0 ? 3 : 1.5f);
        }

        var sizes = found.Select(result => result.Bytes).Distinct().Order().ToList();
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. sizes.Select(size => Math.Log2(size))], [.. sizes.Select(Format)]);
        plot.Axes.Left.TickGenerator = new NumericManual([.. Times.Select(time => Math.Log10(time.Seconds))], [.. Times.Select(time => time.Label)]);
        theme.ShowAxes(plot, "file size", "time");
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

        theme.Save(plot, folder, $"time-by-size-{fileSystem}", 880, 500, Describe(found, tools));
    }

    // The ends of each line.
    private static string Describe(List<Result> found, List<string> tools) =>
        $"Lines of time by file size on {found[0].FileSystem}, both logarithmic. " + string.Join("; ", tools.Select(name =>
        {
            List<Result> line = [.. found.Where(result => result.Contestant == name).OrderBy(result => result.Bytes)];
            return $"{name}: {Time(line[0])} for {Format(line[0].Bytes)}, {Time(line[^1])} for {Format(line[^1].Bytes)}";
        })) + ".";

    private static string Time(Result result) => result.Seconds.Median switch
    {
        >= 1 => $"{result.Seconds.Median:G3} s",
        >= 1e-3 => $"{result.Seconds.Median * 1e3:G3} ms",
        _ => $"{result.Seconds.Median * 1e6:G3} µs",
    };

    private static void AddLine(Plot plot, List<Result> results, string name, Color color, float width)
    {
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
