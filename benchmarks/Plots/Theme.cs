using System.Security;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Splice.Benchmarks.Plots;

/// <summary>Colors of a plot on a light or a dark page.</summary>
/// <param name="Name">End of the file names.</param>
/// <param name="Background">Color of the page.</param>
/// <param name="Text">Color of titles and labels.</param>
/// <param name="Muted">Color of axes and of the bars of other tools.</param>
/// <param name="Grid">Color of the grid.</param>
/// <param name="Ours">Color of this module.</param>
/// <param name="Others">Colors of the lines of other tools, which color-blind readers can distinguish as well.</param>
internal sealed record Theme(string Name, Color Background, Color Text, Color Muted, Color Grid, Color Ours, IReadOnlyList<Color> Others)
{
    /// <summary>Font in which text is measured. The files name similar fonts for machines without it.</summary>
    public const string FontName = "DejaVu Sans";

    /// <summary>Colors of the two pages of GitHub.</summary>
    public static IReadOnlyList<Theme> All { get; } =
    [
        new(
            "light",
            Color.FromHex("#ffffff"),
            Color.FromHex("#1f2328"),
            Color.FromHex("#59636e"),
            Color.FromHex("#e4e8ec"),
            Color.FromHex("#0969da"),
            [Color.FromHex("#d55e00"), Color.FromHex("#00805c"), Color.FromHex("#b0568b"), Color.FromHex("#a17500"), Color.FromHex("#59636e"), Color.FromHex("#7a4fd0")]),
        new(
            "dark",
            Color.FromHex("#0d1117"),
            Color.FromHex("#f0f6fc"),
            Color.FromHex("#9198a1"),
            Color.FromHex("#22282f"),
            Color.FromHex("#58a6ff"),
            [Color.FromHex("#ff8c42"), Color.FromHex("#2dc08d"), Color.FromHex("#e08fc0"), Color.FromHex("#e3b341"), Color.FromHex("#9198a1"), Color.FromHex("#b392f0")]),
    ];

    /// <summary>Creates a plot in these colors, without a frame.</summary>
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

    /// <summary>Shows both axes with their titles.</summary>
    public void ShowAxes(Plot plot, string bottom, string left)
    {
        plot.Axes.Bottom.Label.Text = bottom;
        plot.Axes.Left.Label.Text = left;
        plot.Axes.Bottom.IsVisible = plot.Axes.Left.IsVisible = true;
        plot.Axes.Bottom.Label.FontSize = plot.Axes.Left.Label.FontSize = 13;
        plot.Axes.Bottom.Label.Bold = plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.Label.ForeColor = plot.Axes.Left.Label.ForeColor = Text;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 12;
    }

    /// <summary>Writes a plot as NAME-THEME.svg, with a description of what is seen.</summary>
    public void Save(Plot plot, string folder, string name, int width, int height, string description)
    {
        string svg = plot.GetSvgXml(width, height)
            .Replace($"font-family=\"{FontName}\"", $"font-family=\"{FontName}, Verdana, sans-serif\"", StringComparison.Ordinal);
        int content = svg.IndexOf('>', svg.IndexOf("<svg", StringComparison.Ordinal)) + 1;
        File.WriteAllText(Path.Combine(folder, $"{name}-{Name}.svg"), svg.Insert(content, $"<desc>{SecurityElement.Escape(description)}</desc>"));
    }
}
