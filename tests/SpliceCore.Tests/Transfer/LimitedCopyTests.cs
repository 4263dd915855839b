using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>Copies at a limited rate, on a clock that lets no real time go by.</summary>
public sealed class LimitedCopyTests(MountedFileSystems fileSystems)
{
    private const int Rate = 100_000;
    private const int Step = 10_000;

    private readonly StandingClock _clock = new();

    [Theory]
    [InlineData(TransferMethod.CopyFileRange)]
    [InlineData(TransferMethod.SendFile)]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    public void Every_method_keeps_to_the_rate_in_even_steps(TransferMethod method)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1_000_000);
        var steps = new List<long>();

        FileCopy.Copy(
            Request(folder) with { Method = method }, new TransferMonitor(progress => steps.Add(progress.BytesCopied)));

        Assert.Equal(TimeSpan.FromSeconds(9.9), _clock.Elapsed);
        Assert.All(steps.Zip(steps.Prepend(0), (now, before) => now - before), step => Assert.InRange(step, 1, Step));
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void A_rate_of_one_moves_byte_by_byte()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 10);

        FileCopy.Copy(Request(folder) with { RateLimit = new RateLimiter(1, _clock) }, TransferMonitor.None);

        Assert.Equal(TimeSpan.FromSeconds(9), _clock.Elapsed);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(SparseMode.Auto)]
    [InlineData(SparseMode.Always)]
    public void Holes_are_free(SparseMode mode)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        Files.WriteSparse(folder["source"], 1 << 30, (1 << 20, 40_960));

        TransferResult result = FileCopy.Copy(Request(folder) with { Sparse = mode }, TransferMonitor.None);

        Assert.Equal(40_960, result.BytesMoved);
        Assert.InRange(_clock.Elapsed.TotalMilliseconds, 309.6, 311);
    }

    [Fact]
    public void Zeros_that_become_holes_are_free()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.Write("source", new byte[1 << 20]);

        TransferResult result = FileCopy.Copy(Request(folder) with { Sparse = SparseMode.Always }, TransferMonitor.None);

        Assert.Equal(1 << 20, result.BytesInHoles);
        Assert.Equal(TimeSpan.Zero, _clock.Elapsed);
    }

    [Fact]
    public void A_block_is_the_least_where_zeros_are_looked_for()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", 3 * 4096);

        FileCopy.Copy(
            Request(folder) with { RateLimit = new RateLimiter(1024, _clock), Sparse = SparseMode.Always }, TransferMonitor.None);

        // The bucket held 102 bytes at the start; timers count whole milliseconds.
        const double Milliseconds = ((3 * 4096) - 102) * 1000.0 / 1024;
        Assert.InRange(_clock.Elapsed.TotalMilliseconds, Milliseconds, Milliseconds + 1);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void Shared_blocks_are_free()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", 1_000_000);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Assert.Equal(1_000_000, result.BytesReflinked);
        Assert.Equal(TimeSpan.Zero, _clock.Elapsed);
    }

    [Fact]
    public void Copies_with_one_limiter_share_the_rate()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 200_000);
        CopyRequest request = Request(folder) with { Reflink = ReflinkMode.Never };

        FileCopy.Copy(request, TransferMonitor.None);
        FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal(TimeSpan.FromSeconds(3.9), _clock.Elapsed);
    }

    [Fact]
    public void What_comes_through_a_pipe_keeps_to_the_rate()
    {
        using var folder = new Workspace();
        byte[] content = Workspace.RandomBytes(300_000);
        Posix.MakeFifo(folder["source"]);
        var writer = new Worker<bool>(() =>
        {
            File.WriteAllBytes(folder["source"], content);
            return true;
        });

        FileCopy.Copy(Request(folder), TransferMonitor.None);

        writer.Join();

        // That there is no more is found by one step that moves nothing. Timers count whole milliseconds, and how many pieces
        // come depends on the writer.
        Assert.InRange(_clock.Elapsed, TimeSpan.FromSeconds(2.9), TimeSpan.FromSeconds(3.1));
        Assert.Equal(content, File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void A_copy_that_waits_for_its_turn_can_be_stopped()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 3 * 4096);
        folder.Write("copy", [1, 2, 3]);
        using var cancellation = new CancellationTokenSource();

        // The second block would come more than an hour after the first.
        CopyRequest request = Request(folder) with { RateLimit = new RateLimiter(1), Sparse = SparseMode.Always };
        var worker = new Worker<TransferResult>(
            () => FileCopy.Copy(request, new TransferMonitor(Cancellation: cancellation.Token)));
        cancellation.CancelAfter(TimeSpan.FromMilliseconds(50));

        Assert.Equal(TransferErrorId.Cancelled, worker.JoinFailed<TransferException>().Id);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    private CopyRequest Request(Workspace folder) => new()
    {
        Source = folder["source"],
        Destination = folder["copy"],
        RateLimit = new RateLimiter(Rate, _clock),
    };
}
