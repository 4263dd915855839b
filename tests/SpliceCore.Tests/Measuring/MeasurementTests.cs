using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

/// <summary>What is measured, and that nothing of it is left.</summary>
public sealed class MeasurementTests(MountedFileSystems fileSystems)
{
    private const int Size = 300_001;

    private static readonly MeasuredMethod[] All = Enum.GetValues<MeasuredMethod>();

    public static TheoryData<FileSystem, FileSystem> Pairs => new(FullRun.Pairs(Enum.GetValues<FileSystem>()));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_method_is_measured_or_told_why_not(FileSystem from, FileSystem to)
    {
        using Workspace left = fileSystems.NewFolder(from);
        using Workspace right = fileSystems.NewFolder(to);

        IReadOnlyList<MeasurementResult> results = Run(left, right).Results;

        Assert.Equal(All, results.Select(result => result.Method));
        Assert.All(results.Where(result => result.IsAvailable), result =>
        {
            Assert.Equal(2, result.Times.Count);
            Assert.True(result.Median > TimeSpan.Zero);
            Assert.True(result.CpuPerGiB > TimeSpan.Zero);
            Assert.True(result.SystemCalls > 0 || result.Method == MeasuredMethod.FileCopy); // which may clone
            Assert.Equal(Size / result.Median!.Value.TotalSeconds, result.BytesPerSecond!.Value, tolerance: 0.1 * result.BytesPerSecond.Value);
        });
        Assert.All(results.Where(result => !result.IsAvailable), result =>
        {
            Assert.Empty(result.Times);
            Assert.Null(result.Median);
            Assert.Null(result.BytesPerSecond);
            Assert.Null(result.SystemCalls);
            Assert.NotEmpty(result.Reason);
        });
        Assert.Empty(left.Names);
        Assert.Empty(right.Names);
        AssertAutoIsWhatACopyTakes(results, left, right);
    }

    [Fact]
    public void A_method_that_cannot_serve_has_the_reason_of_the_kernel()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);

        MeasurementResult result = Assert.Single(Run(folder, folder, MeasuredMethod.Reflink).Results);

        Assert.False(result.IsAvailable);
        Assert.False(result.IsAuto);
        Assert.Equal(Errno.EOPNOTSUPP, result.Errno);
        Assert.Contains("cannot share blocks", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(1L << 50)]
    public void A_rate_is_the_size_in_the_median_of_the_times(long size)
    {
        var candidate = new Candidate(MeasuredMethod.ReadWrite, new MeasurementRequest { Path = "/from", Destination = "/to", Size = size });
        candidate.Samples.Add(new Sample(TimeSpan.FromSeconds(1024), Cpu: TimeSpan.FromSeconds(1), SystemCalls: 7));

        Assert.Equal(size / 1024.0, candidate.Result().BytesPerSecond);
    }

    [Fact]
    public void Times_are_summed_up_by_median_and_quartiles()
    {
        using var folder = new Workspace();

        MeasurementResult result = Assert.Single(Measurement.Run(
            new MeasurementRequest
            {
                Path = folder.Folder,
                Destination = folder.Folder,
                Size = 1,
                Iterations = 5,
                Methods = [MeasuredMethod.ReadWrite],
            },
            new MeasurementMonitor()).Results);

        TimeSpan[] ordered = [.. result.Times.Order()];
        Assert.Equal(5, ordered.Length);
        Assert.Equal(ordered[1], result.FirstQuartile);
        Assert.Equal(ordered[2], result.Median);
        Assert.Equal(ordered[3], result.ThirdQuartile);
        Assert.Equal(ordered[3] - ordered[1], result.InterquartileRange);
    }

    [Fact]
    public void Methods_take_turns_and_the_first_round_does_not_count()
    {
        using var folder = new Workspace();
        List<(MeasuredMethod? Method, int Round)> turns = [];
        MeasuredMethod[] methods = [MeasuredMethod.FileCopy, MeasuredMethod.ReadWrite, MeasuredMethod.FileCopy];

        MeasurementReport report = Run(folder, folder, progress => turns.Add((progress.Method, progress.Round)), methods);

        Assert.Equal([MeasuredMethod.FileCopy, MeasuredMethod.ReadWrite], report.Results.Select(result => result.Method));
        Assert.Equal(
            from round in new[] { 0, 1, 2 }
            from method in methods.Distinct()
            select ((MeasuredMethod?)method, round),
            turns.Where(turn => turn.Method.HasValue));
    }

    [Fact]
    public void The_engine_needs_the_calls_that_a_copy_needs()
    {
        using var folder = new Workspace();

        long? ofEngine = Run(folder, folder, MeasuredMethod.ReadWrite).Results[0].SystemCalls;

        // A garbage collection that begins on this thread reads files too.
        long? ofDotNet = Enumerable.Range(0, 5).Min(_ => Run(folder, folder, MeasuredMethod.StreamCopyTo).Results[0].SystemCalls);

        // 256 KiB a step: two reads and two writes, and what looks at both sides. .NET's loop has 128 KiB: three of each, and
        // the read that finds the end.
        Assert.InRange(ofEngine!.Value, 5, 20);
        Assert.Equal(7, ofDotNet);
    }

    [Fact]
    public void Progress_comes_to_its_end_and_never_goes_back()
    {
        using var folder = new Workspace();
        List<MeasurementProgress> all = [];

        Run(folder, folder, all.Add, MeasuredMethod.ReadWrite, MeasuredMethod.FileCopy);

        Assert.Equal(all.OrderBy(progress => progress.BytesDone), all);
        Assert.Null(all[0].Method);
        Assert.All(all, progress => Assert.InRange(progress.BytesDone, 0, progress.TotalBytes));
        Assert.Equal(6.0 * Size, all[^1].BytesDone); // the data, and five of six copies
    }

    [Theory]
    [InlineData("gone", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("file", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("a\0b", TransferErrorId.InvalidPath)]
    public void What_is_no_folder_is_an_error(string name, TransferErrorId id)
    {
        using var folder = new Workspace();
        folder.WriteRandom("file", 10);
        var request = new MeasurementRequest { Path = folder.Folder, Destination = Path.Combine(folder.Folder, name), Size = 10 };

        Assert.Equal(id, Assert.Throws<TransferException>(() => Measurement.Run(request, new MeasurementMonitor())).Id);
        Assert.Equal(
            id,
            Assert.Throws<TransferException>(
                () => Measurement.Run(request with { Path = request.Destination, Destination = request.Path }, new MeasurementMonitor())).Id);
        Assert.Equal(["file"], folder.Names);
    }

    private static MeasurementReport Run(Workspace from, Workspace to, params MeasuredMethod[] methods) => Run(from, to, null, methods);

    private static MeasurementReport Run(
        Workspace from, Workspace to, Action<MeasurementProgress>? progress, params MeasuredMethod[] methods) => Measurement.Run(
        new MeasurementRequest
        {
            Path = from.Folder,
            Destination = to.Folder,
            Size = Size,
            Iterations = 2,
            Methods = methods.Length == 0 ? All : methods,
        },
        new MeasurementMonitor(progress));

    private static void AssertAutoIsWhatACopyTakes(IReadOnlyList<MeasurementResult> results, Workspace left, Workspace right)
    {
        TransferResult copied = FileCopy.Copy(
            new CopyRequest { Source = left.WriteRandom("source", Size), Destination = right["copy"] }, TransferMonitor.None);
        Assert.Equal($"{copied.Method}", $"{Assert.Single(results, result => result.IsAuto).Method}");
    }
}
