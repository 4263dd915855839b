using System.Globalization;
using System.IO.Pipes;
using Xunit;

namespace Splice.Tests.Probing;

/// <summary>What can be said of a pair without the kernel, and what is no pair.</summary>
[Collection(SerialCollection.Name)]
public sealed class MethodTestRulesTests : IDisposable
{
    private readonly Workspace _folder = new();

    public MethodTestRulesTests() => _folder.WriteRandom("source", 100_000);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_FIFO_takes_only_splice_or_reads()
    {
        Posix.MakeFifo(_folder["fifo"]);

        Assert.Equal([TransferMethod.Splice, TransferMethod.ReadWrite], Available(_folder["fifo"], _folder["new"]));
        Assert.Equal(
            [TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite], Available(_folder["source"], _folder["fifo"]));
    }

    [Theory]
    [InlineData("/dev/zero", new[] { TransferMethod.Splice, TransferMethod.ReadWrite })]
    [InlineData("/proc/version", new[] { TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite })]
    public void Devices_and_generated_files_may_refuse(string source, TransferMethod[] expected)
    {
        IReadOnlyList<MethodReport> reports = Run(source, _folder["new"]);

        Assert.Equal(expected, reports.Where(report => report.Available).Select(report => report.Method));
        Assert.Contains("may not support it", reports[3].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Pipes_are_open_on_both_sides()
    {
        using var first = new AnonymousPipeServerStream(PipeDirection.In);
        using var second = new AnonymousPipeServerStream(PipeDirection.Out);

        IReadOnlyList<MethodReport> reports = MethodTest.Run(
            new MethodTestRequest { Source = TransferEndpoint.OfHandle(first.SafePipeHandle), Destination = TransferEndpoint.OfHandle(second.SafePipeHandle) });

        Assert.Equal(TransferMethod.Splice, reports.Single(report => report.Chosen).Method);
        Assert.StartsWith("pipe:", reports[0].Source, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limits_are_the_kernels()
    {
        KernelLimits limits = Run(_folder["source"], _folder["new"])[0].Limits;

        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), limits.KernelRelease);
        Assert.Equal(Number("/proc/sys/fs/pipe-max-size"), limits.PipeMaxSize);
        Assert.Equal(Number("/proc/sys/fs/pipe-user-pages-soft"), limits.PipeUserPagesSoft);
        Assert.True(int.IsPow2(limits.PipeCapacity));
        Assert.InRange(limits.PipeCapacity, Environment.SystemPageSize, 1 << 20);
    }

    [Fact]
    public void What_is_no_pair_is_the_error_that_a_copy_would_end_with()
    {
        _folder.WriteRandom("other", 10);
        Posix.MakeFifo(_folder["fifo"]);
        Assert.Equal(TransferErrorId.SourceNotFound, Error(Pair("gone", "new")));
        Assert.Equal(TransferErrorId.SourceIsDirectory, Error(Pair(string.Empty, "new")));
        Assert.Equal(TransferErrorId.DestinationFolderNotFound, Error(Pair("source", "gone/new")));
        Assert.Equal(TransferErrorId.SameFile, Error(Pair("source", "source")));
        Assert.Equal(TransferErrorId.SameFile, Error(Pair("source", "source") with { DestinationOffset = 10 }));
        Assert.Equal(TransferErrorId.NegativeOffset, Error(Pair("source", "new") with { Offset = -1 }));
        Assert.Equal(TransferErrorId.NegativeCount, Error(Pair("source", "new") with { Count = -1 }));
        Assert.Equal(TransferErrorId.OffsetPastEnd, Error(Pair("source", "new") with { Offset = 100_001 }));
        Assert.Equal(TransferErrorId.CountPastEnd, Error(Pair("source", "new") with { Count = 100_001 }));
        Assert.Equal(TransferErrorId.NotSeekable, Error(Pair("fifo", "new") with { Offset = 0 }));
        Assert.Equal(TransferErrorId.NotSeekable, Error(Pair("source", "fifo") with { DestinationOffset = 0 }));
        Assert.Equal(TransferErrorId.InvalidPath, Error(Pair("a\0b", "new")));
        Assert.Equal(["fifo", "other", "source"], _folder.Names);
    }

    [Fact]
    public void Handles_must_have_been_opened_for_it()
    {
        using var reads = Posix.OpenRead(_folder["source"]);
        using var writes = Posix.Open(_folder["source"], 1);

        Assert.Equal(TransferErrorId.SourceNotReadable, Error(Pair("source", "new") with { Source = TransferEndpoint.OfHandle(writes) }));
        Assert.Equal(TransferErrorId.DestinationNotWritable, Error(Pair("source", "new") with { Destination = TransferEndpoint.OfHandle(reads) }));
    }

    [Fact]
    public void No_descriptor_is_left() => OpenDescriptors.AssertNoneLeft(() =>
    {
        Run(_folder["source"], _folder["new"]);
        Assert.Throws<TransferException>(() => Run(_folder["source"], _folder["gone/new"]));
        Assert.Throws<TransferException>(() => MethodTest.Run(Pair("source", "new") with { Offset = 100_001 }));
    });

    private static long Number(string path) => long.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture);

    private static TransferErrorId Error(MethodTestRequest request) =>
        Assert.Throws<TransferException>(() => MethodTest.Run(request)).Id;

    private static IReadOnlyList<MethodReport> Run(string source, string destination) =>
        MethodTest.Run(new MethodTestRequest { Source = TransferEndpoint.OfPath(source), Destination = TransferEndpoint.OfPath(destination) });

    private static IEnumerable<TransferMethod> Available(string source, string destination) =>
        Run(source, destination).Where(report => report.Available).Select(report => report.Method);

    private MethodTestRequest Pair(string source, string destination) =>
        new() { Source = TransferEndpoint.OfPath(_folder[source]), Destination = TransferEndpoint.OfPath(_folder[destination]) };
}
