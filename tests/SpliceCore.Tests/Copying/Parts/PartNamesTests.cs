using Splice.Copying.Parts;
using Xunit;

namespace Splice.Tests.Copying.Parts;

/// <summary>Parts of earlier cuts, and the order of names.</summary>
public sealed class PartNamesTests : IDisposable
{
    private readonly Workspace _folder = new();
    private readonly Workspace _source = new();

    public PartNamesTests() => _source.WriteRandom("file", 50_000);

    /// <summary>A first cut, a second one, and which parts of the first are in the way of the second.</summary>
    public static TheoryData<int, string?, int, string?, string[]> Cuts => new()
    {
        { 8, null, 4, null, ["file.005", "file.006", "file.007", "file.008"] },
        { 12, "{0}.{1}", 3, "{0}.{1}", ["file.4", "file.5", "file.6", "file.7", "file.8", "file.9", "file.10", "file.11", "file.12"] },
        { 3, "{0}.{1}", 3, null, ["file.1", "file.2", "file.3"] },
        { 3, null, 2, "{0}.{1:D4}", ["file.001", "file.002", "file.003"] },
        { 5, "{1:D2}-{0}", 4, "{1:D2}-{0}", ["05-file"] },
        { 3, "part {1} of {0}.{1}", 2, "part {1} of {0}.{1}", ["part 3 of file.3"] },
        { 4, null, 4, null, [] },
        { 4, null, 8, null, [] },
        { 4, null, 2, "{0}-{1}", [] },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Parts_of_an_earlier_cut_are_an_error_and_removed_where_that_is_wanted(
        int first, string? firstFormat, int second, string? secondFormat, string[] stale)
    {
        FileSplit.Split(Request(first, firstFormat), TransferMonitor.None);
        string[] before = _folder.Names;
        if (stale.Length > 0)
        {
            TransferException error = Assert.Throws<TransferException>(() => FileSplit.Split(Request(second, secondFormat), TransferMonitor.None));
            Assert.Equal(TransferErrorId.StaleParts, error.Id);
            Assert.Contains($"'{stale[0]}'", error.Problem, StringComparison.Ordinal);
            Assert.Equal(before, _folder.Names);
            SplitRequest kept = Request(second, secondFormat);
            Assert.Throws<TransferException>(() => FileSplit.Split(kept with { Copy = kept.Copy with { Force = true, NoClobber = true } }, TransferMonitor.None));
        }

        SplitRequest request = Request(second, secondFormat);
        IReadOnlyList<TransferResult> parts = FileSplit.Split(request with { Copy = request.Copy with { Force = true } }, TransferMonitor.None);

        string[] made = [.. parts.Select(part => Path.GetFileName(part.Destination))];
        Assert.Equal(before.Except(stale).Union(made).Order(StringComparer.Ordinal), _folder.Names);
        Assert.Equal(File.ReadAllBytes(_source["file"]), parts.SelectMany(part => File.ReadAllBytes(part.Destination)));
    }

    [Fact]
    public void Files_whose_numbers_do_not_follow_stay_and_are_told()
    {
        _folder.Write("file.2024", "a year"u8.ToArray());
        SplitRequest request = Request(3, null);

        IReadOnlyList<TransferResult> parts = FileSplit.Split(request with { Copy = request.Copy with { Force = true } }, TransferMonitor.None);

        Assert.Contains("'file.2024'", Assert.Single(parts[0].Warnings), StringComparison.Ordinal);
        Assert.All(parts.Skip(1), part => Assert.Empty(part.Warnings));
        Assert.Equal(["file.001", "file.002", "file.003", "file.2024"], _folder.Names);
    }

    [Fact]
    public void The_file_itself_is_no_part_of_an_earlier_cut()
    {
        _folder.WriteRandom("3", 1000);
        var request = new SplitRequest
        {
            Copy = new CopyRequest { Source = _folder["3"], Destination = _folder.Folder, Force = true },
            PartCount = 2,
            NameFormat = "{1}",
        };

        FileSplit.Split(request, TransferMonitor.None);

        Assert.Equal(["1", "2", "3"], _folder.Names);
        Assert.Equal(Workspace.RandomBytes(1000), File.ReadAllBytes(_folder["3"]));
    }

    [Fact]
    public void A_folder_in_the_way_is_not_removed()
    {
        Directory.CreateDirectory(_folder["file.003"]);
        SplitRequest request = Request(2, null);

        Assert.Equal(TransferErrorId.StaleParts, Assert.Throws<TransferException>(
            () => FileSplit.Split(request with { Copy = request.Copy with { Force = true } }, TransferMonitor.None)).Id);
        Assert.Equal(["file.003"], _folder.Names);
    }

    [Fact]
    public void A_part_that_gets_no_name_brings_the_earlier_ones_back()
    {
        FileSplit.Split(Request(4, null), TransferMonitor.None);
        byte[][] before = [.. _folder.Paths.Select(File.ReadAllBytes)];
        SplitRequest request = Request(2, null);
        var monitor = new TransferMonitor(_ =>
        {
            File.Delete(_folder["file.002"]);
            Directory.CreateDirectory(_folder["file.002"]);
        });

        Assert.Throws<TransferException>(() => FileSplit.Split(request with { Copy = request.Copy with { Force = true } }, monitor));

        Assert.Equal(["file.001", "file.002", "file.003", "file.004"], _folder.Names);
        Assert.Equal(before[0], File.ReadAllBytes(_folder["file.001"]));
        Assert.Equal(before[3], File.ReadAllBytes(_folder["file.004"]));
    }

    [Theory]
    [InlineData(12, "{0}.{1}", true)]
    [InlineData(9, "{0}.{1}", false)]
    [InlineData(12, null, false)]
    public void Names_that_do_not_sort_are_told(int count, string? format, bool isTold)
    {
        IReadOnlyList<string> warnings = FileSplit.Split(Request(count, format), TransferMonitor.None)[0].Warnings;

        Assert.Equal(isTold, warnings.Any(warning => warning.Contains("do not sort", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("9 10 B a", "10 B a 9")]
    [InlineData("x.1 x.2 x.10 x.12", "x.12 x.10 x.2 x.1")]
    [InlineData("d2/x.10 d10/x.1", "d10/x.1 d2/x.10")]
    [InlineData("a a1 a1b a02 b", "b a02 a1b a a1")]
    [InlineData("001 01 1", "1 001 01")]
    [InlineData("x.99999999999999999999 x.100000000000000000000", "x.100000000000000000000 x.99999999999999999999")]
    public void Digits_count_as_numbers(string expected, string names) =>
        Assert.Equal(expected.Split(' '), names.Split(' ').Order(NaturalOrder.Instance));

    /// <summary>Names and sizes, and words of what is wrong with them.</summary>
    public static TheoryData<string, string?> Series => new()
    {
        { "x.001=10 x.002=10 x.003=4", null },
        { "x.001=10 x.002=9 x.003=9", null },
        { "x.001=10 x.002=10 x.003=10", null },
        { "x.001=16 x.002=12 x.003=12 x.004=9 x.005=8 x.006=4", "x.004" },
        { "x.001=10 x.002=4 x.003=10", "x.003" },
        { "x.001=10 x.003=10", "missing" },
        { "x.002=10 x.003=10", "missing" },
        { "x.1=10 x.001=10", "same number" },
        { "x.1=10 x.10=10 x.2=10", "not in the order" },
        { "x.2=10 x.1=10", "not in the order" },
        { "chapter1.txt=5 chapter2.txt=50", null },
        { "a=5 b=50", null },
        { "x.001=10", null },
        { "x.001=10 y.002=20", null },
    };

    [Theory]
    [MemberData(nameof(Series))]
    public void Parts_that_cannot_be_of_one_cut_are_told(string files, string? says)
    {
        string? fault = PartSeries.FindFault([.. files.Split(' ').Select(file => file.Split('='))
            .Select(file => (file[0], (long?)long.Parse(file[1], System.Globalization.CultureInfo.InvariantCulture)))]);

        Assert.Equal(says is not null, fault is not null);
        Assert.Contains(says ?? string.Empty, fault ?? string.Empty, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.001 x.003", "x.002")]
    [InlineData("/a.1/x.001 /a.1/x.002 /a.1/x.005", "/a.1/x.003")]
    [InlineData("x.002 x.003", "x.001")]
    [InlineData("x.000 x.002", "x.001")]
    [InlineData("x.0009 x.0011", "x.0001")]
    [InlineData("x.001 x.002 x.003", null)]
    [InlineData("x.000 x.001 x.002", null)]
    [InlineData("x.003 x.001", "x.002")]
    [InlineData("x.003 x.001 x.002", null)]
    [InlineData("x.001 x.0001", null)]
    [InlineData("x.01 x.03", null)]
    [InlineData("x.100 x.102", null)]
    [InlineData("log.2026-11-01 log.2026-11-03", null)]
    [InlineData("log.001.gz log.003.gz", null)]
    [InlineData("x001 x003", null)]
    [InlineData("x.001 y.003", null)]
    [InlineData("x.002", null)]
    public void A_missing_part_is_found(string files, string? missing) =>
        Assert.Equal(missing, PartSeries.FindMissing(files.Split(' ')));

    [Theory]
    [InlineData("x.001 x.002 x.sha256", "x.sha256", "x.[0-9]*")]
    [InlineData("x.001 x.sha256", "x.sha256", "x.[0-9]*")]
    [InlineData("x x.001 x.002", "x", "x.[0-9]*")]
    [InlineData("header.bin x.001 x.002", "header.bin", "x.[0-9]*")]
    [InlineData("/a/x.001 /b/x.002 /b/x.sha256", "/b/x.sha256", "/a/x.[0-9]*")]
    [InlineData("x.0001 x.0002 x.0001.gz", "x.0001.gz", "x.[0-9][0-9][0-9][0-9]")]
    [InlineData("x.001 x.", "x.", "x.[0-9]*")]
    [InlineData("x.001 x.002 y.001 y.002", "y.001", "x.[0-9]*")]
    [InlineData("x[1].001 x[1].md5", "x[1].md5", "x`[1`].[0-9]*")]
    [InlineData("x.001 x.002 x.010", null, null)]
    [InlineData("/a/x.001 /b/x.002", null, null)]
    [InlineData("x.001 x.001", null, null)]
    [InlineData("header.bin disk.img", null, null)]
    [InlineData("header.bin x.001", null, null)]
    [InlineData("log log.1 log.2", null, null)]
    [InlineData("log.2024 log.2025 log.txt", null, null)]
    [InlineData("log.001.gz log.002.gz log.txt", null, null)]
    public void A_file_that_is_not_a_part_is_found(string files, string? foreign, string? pattern)
    {
        ForeignFile? found = PartSeries.FindForeign(files.Split(' '));

        Assert.Equal((foreign, pattern), (found?.Path, found?.Pattern));
    }

    [Fact]
    public void Parts_are_not_joined_without_those_after_them()
    {
        FileSplit.Split(Request(4, null), TransferMonitor.None);
        var request = new JoinRequest
        {
            Sources = _folder.Paths[..2],
            Copy = new CopyRequest { Source = _folder.Paths[0], Destination = _source["whole"] },
        };

        var exception = Assert.Throws<TransferException>(() => FileJoin.Join(request, TransferMonitor.None));

        Assert.Equal((TransferErrorId.MissingPart, _folder["file.003"]), (exception.Id, exception.Target));
        Assert.Equal(["file"], _source.Names);
        FileJoin.Join(request with { Copy = request.Copy with { Force = true } }, TransferMonitor.None);
    }

    [Fact]
    public void Parts_without_one_of_them_are_joined_only_by_force()
    {
        FileSplit.Split(Request(4, null), TransferMonitor.None);
        File.Delete(_folder["file.002"]);
        var request = new JoinRequest
        {
            Sources = _folder.Paths,
            Copy = new CopyRequest { Source = _folder.Paths[0], Destination = _source["whole"] },
        };

        var exception = Assert.Throws<TransferException>(() => FileJoin.Join(request, TransferMonitor.None));

        Assert.Equal((TransferErrorId.MissingPart, _folder["file.002"]), (exception.Id, exception.Target));
        Assert.Equal(["file"], _source.Names);
        TransferResult whole = FileJoin.Join(request with { Copy = request.Copy with { Force = true } }, TransferMonitor.None);
        Assert.Contains("is missing", Assert.Single(whole.Warnings), StringComparison.Ordinal);
        Assert.Equal(3, whole.FileCount);
    }

    [Fact]
    public void A_whole_of_two_cuts_is_told()
    {
        FileSplit.Split(Request(8, null), TransferMonitor.None);
        using var elsewhere = new Workspace();
        SplitRequest request = Request(4, null);
        foreach (TransferResult part in FileSplit.Split(request with { Copy = request.Copy with { Destination = elsewhere.Folder } }, TransferMonitor.None))
        {
            File.Copy(part.Destination, _folder[Path.GetFileName(part.Destination)], overwrite: true);
        }

        TransferResult whole = FileJoin.Join(
            new JoinRequest { Sources = _folder.Paths, Copy = new CopyRequest { Source = _folder.Paths[0], Destination = _source["whole"] } }, TransferMonitor.None);

        Assert.Contains("parts of one file", Assert.Single(whole.Warnings), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _source.Dispose();
    }

    private SplitRequest Request(int count, string? format) => new()
    {
        Copy = new CopyRequest { Source = _source["file"], Destination = _folder.Folder },
        PartCount = count,
        NameFormat = format,
    };
}
