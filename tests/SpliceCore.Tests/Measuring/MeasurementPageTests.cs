using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

/// <summary>The page: what is in it, and how it comes to its place.</summary>
public sealed class MeasurementPageTests : IDisposable
{
    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_has_all_results_and_where_they_were_measured()
    {
        string page = ReportPage.Write(Sample());
        foreach (string text in new[]
        {
            "CopyFileRange", "194 ms", "1.29 GiB/s", "2,054", "EOPNOTSUPP: the file system cannot share blocks", "not counted",
            "vm", "2 × AMD EPYC", "Linux 6.18.0", "Debian", "/var/tmp, ext4 of /dev/vda on /", "/dev/shm, tmpfs of shm on /dev/shm",
            "2026-11-23 02:58:00 +01:00", "268,435,456 bytes",
        })
        {
            Assert.Contains(PageText.Escape(text), page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void It_refers_to_nothing_and_runs_nothing() => Assert.DoesNotMatch(
        @"(?i)https?:|\bsrc=|\bhref=|url\(|@import|<script|<link|<iframe|<object|\son\w+=", ReportPage.Write(Sample()));

    [Fact]
    public void Bars_are_as_long_as_the_times()
    {
        XElement[] charts = Charts(ReportPage.Write(Sample()));
        Assert.Equal(2, charts.Length);
        double[] widths =
        [
            .. charts[0].Elements("rect").Select(bar => double.Parse(bar.Attribute("width")!.Value, CultureInfo.InvariantCulture)),
        ];
        Assert.Equal(3, widths.Length);
        Assert.Equal(194.0 / 137, widths[0] / widths[1], tolerance: 0.001);
        Assert.Equal(264.0 / 137, widths[2] / widths[1], tolerance: 0.001);
        Assert.Contains("auto", charts[0].Elements("rect").First().Attribute("class")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_in_a_path_is_markup()
    {
        const string Path = "/a/<script>alert(1)</script>&amp;\"'\n\u001b[31m";
        MeasurementReport report = Sample() with { Source = new MeasuredFolder(Path, "<b>", "\"", "'") };

        string page = ReportPage.Write(report);

        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", page, StringComparison.Ordinal);
        Assert.Contains("/a/&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&quot;&#39;\u240a\u241b[31m", page, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_the_same_in_every_culture()
    {
        Emulator.Skip("the libraries of ICU are missing");
        CultureInfo before = CultureInfo.CurrentCulture;
        string expected = ReportPage.Write(Sample());
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal(expected, ReportPage.Write(Sample()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void It_has_its_charts_also_where_nothing_could_be_measured()
    {
        MeasurementReport report = Sample();
        string page = ReportPage.Write(report with { Results = [.. report.Results.Where(result => !result.IsAvailable)] });
        Assert.Contains("not available", Assert.Single(Charts(page)).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_is_there_is_replaced_whole_and_keeps_its_permissions()
    {
        File.WriteAllText(_folder["page.html"], "the old page");
        File.SetUnixFileMode(_folder["page.html"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        using StreamReader reader = File.OpenText(_folder["page.html"]);

        MeasurementPage.Check(_folder["page.html"]);
        MeasurementPage.Write(Sample(), _folder["page.html"], TransferMonitor.None);

        Assert.Equal("the old page", reader.ReadToEnd());
        Assert.Equal(ReportPage.Write(Sample()), File.ReadAllText(_folder["page.html"]).TrimStart('\uFEFF'));
        Assert.Equal("604", Files.Metadata(_folder["page.html"], "%a"));
        Assert.Equal(["page.html"], _folder.Names);
    }

    [Fact]
    public void A_new_page_is_no_program()
    {
        MeasurementPage.Write(Sample(), _folder["page.html"], TransferMonitor.None);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(_folder["page.html"]) & (UnixFileMode.UserExecute | UnixFileMode.OtherExecute));
    }

    [Theory]
    [InlineData("", TransferErrorId.DestinationExists)]
    [InlineData("gone/page.html", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("a\0b", TransferErrorId.InvalidPath)]
    public void Where_no_page_can_be_is_known_before(string name, TransferErrorId id)
    {
        string path = Path.Combine(_folder.Folder, name);
        Assert.Equal(id, Assert.Throws<TransferException>(() => MeasurementPage.Check(path)).Id);
        Assert.Equal(id, Assert.Throws<TransferException>(() => MeasurementPage.Write(Sample(), path, TransferMonitor.None)).Id);
        Assert.Empty(_folder.Names);
    }

    private static XElement[] Charts(string page) =>
        [.. Regex.Matches(page, "(?s)<svg.*?</svg>").Select(match => XElement.Parse(match.Value))];

    private static MeasurementReport Sample() => new()
    {
        Date = new DateTimeOffset(2026, 11, 23, 2, 58, 0, TimeSpan.FromHours(1)),
        Source = new MeasuredFolder("/var/tmp", "ext4", "/dev/vda", "/"),
        Destination = new MeasuredFolder("/dev/shm", "tmpfs", "shm", "/dev/shm"),
        Size = 256 << 20,
        Iterations = 5,
        Machine = new MeasuredMachine
        {
            Name = "vm",
            Processor = "AMD EPYC",
            ProcessorCount = 2,
            Architecture = Architecture.X64,
            Memory = 24L << 30,
            KernelRelease = "6.18.0",
            System = "Debian GNU/Linux 12 (bookworm)",
            Runtime = ".NET 10.0.0",
        },
        Results =
        [
            new MeasurementResult
            {
                Method = MeasuredMethod.Reflink,
                IsAvailable = false,
                Errno = Errno.EOPNOTSUPP,
                Reason = "the file system cannot share blocks",
                Source = "/var/tmp",
                Destination = "/dev/shm",
                Size = 256 << 20,
                Times = [],
            },
            Result(MeasuredMethod.CopyFileRange, 194, 9) with { IsAuto = true },
            Result(MeasuredMethod.ReadWrite, 137, 2054),
            Result(MeasuredMethod.StreamCopyTo, 264, calls: null),
        ],
    };

    private static MeasurementResult Result(MeasuredMethod method, int milliseconds, long? calls) => new()
    {
        Method = method,
        IsAvailable = true,
        Reason = string.Empty,
        Source = "/var/tmp",
        Destination = "/dev/shm",
        Size = 256 << 20,
        Times = [TimeSpan.FromMilliseconds(milliseconds)],
        FirstQuartile = TimeSpan.FromMilliseconds(milliseconds - 5),
        Median = TimeSpan.FromMilliseconds(milliseconds),
        ThirdQuartile = TimeSpan.FromMilliseconds(milliseconds + 7),
        BytesPerSecond = 0.25 * (1 << 30) / (milliseconds / 1000.0),
        CpuPerGiB = TimeSpan.FromMilliseconds(3 * milliseconds),
        SystemCalls = calls,
    };
}
