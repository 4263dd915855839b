using ScottPlot;
using ScottPlot.TickGenerators;

namespace Splice.Benchmarks.Plots;

/// <summary>The colours of a plot on a light or a dark page.</summary>
/// <param name="Name">What the files' names end with.</param>
/// <param name="Background">The page's colour.</param>
/// <param name="Text">The colour of titles and labels.</param>
/// <param name="Muted">The colour of axes and of what is said in passing.</param>
/// <param name="Grid">The colour of the grid.</param>
/// <param name="Ours">This module's colour.</param>
/// <param name="Others">The peers' colours, told apart by colour-blind eyes as well.</param>
internal sealed record Theme(string Name, Color Background, Color Text, Color Muted, Color Grid, Color Ours, IReadOnlyList<Color> Others)
{
    /// <summary>The font that text is measured with; its likes are named in the files for machines that lack it.</summary>
    public const string FontName = "DejaVu Sans";

    /// <summary>The colours of GitHub's two pages.</summary>
    public static IReadOnlyList<Theme> All { get; } =
    [
        new(
            "light",
            Color.FromHex("#ffffff"),
            Color.FromHex("#1f2328"),
            Color.FromHex("#59636e"),
            Color.FromHex("#e4e8ec"),
            Color.FromHex("#0969da"),
            [Color.FromHex("#d55e00"), Color.FromHex("#00805c"), Color.FromHex("#b0568b"), Color.FromHex("#a17500"), Color.FromHex("#59636e")]),
        new(
            "dark",
            Color.FromHex("#0d1117"),
            Color.FromHex("#f0f6fc"),
            Color.FromHex("#9198a1"),
            Color.FromHex("#22282f"),
            Color.FromHex("#58a6ff"),
            [Color.FromHex("#ff8c42"), Color.FromHex("#2dc08d"), Color.FromHex("#e08fc0"), Color.FromHex("#e3b341"), Color.FromHex("#9198a1")]),
    ];

    /// <summary>A plot in these colours, without a frame.</summary>
    public Plot NewPlot(string title)
    {
        var plot = new Plot();
        plot.Font.Set(FontName);
        plot.FigureBackground.Color = Background;
        plot.DataBackground.Color = Background;
        plot.Axes.Color(Muted);
        plot.Axes.Frameless();
        plot.Axes.Right.IsVisible = true;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Right.TickGenerator = new NumericManual();
        plot.Axes.Title.IsVisible = true;
        plot.Axes.Title.Label.Text = title;
        plot.Axes.Title.Label.ForeColor = Text;
        plot.Axes.Title.Label.FontSize = 16;
        plot.Axes.Title.FullFigureCenter = true;
        plot.Axes.Right.MinimumSize = 20;
        plot.Grid.MajorLineColor = Grid;
        return plot;
    }

    /// <summary>Writes a plot as NAME-THEME.svg.</summary>
    public void Save(Plot plot, string folder, string name, int width, int height)
    {
        string svg = plot.GetSvgXml(width, height)
            .Replace($"font-family=\"{FontName}\"", $"font-family=\"{FontName}, Verdana, sans-serif\"", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, $"{name}-{Name}.svg"), svg);
    }
}
