using Splice.Streaming.Remote;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Which holes of a file are sent as zeros, since that takes less time than to start a process on the host.</summary>
public sealed class HoleThresholdTests(SshServer server) : IDisposable
{
    private const int KiB = 1 << 10;
    private const int MiB = 1 << 20;

    private readonly Workspace _workspace = new();

    /// <summary>Of 4 MiB each, the first of both kinds are not counted.</summary>
    [Theory]
    [InlineData(90, 60, MiB)]
    [InlineData(60, 60, 64 * KiB)]
    [InlineData(30, 60, 64 * KiB)]
    public void It_is_what_data_arrive_faster_with(int withoutHoles, int withHoles, long expected)
    {
        var clock = new StandingClock();
        var threshold = new HoleThreshold(clock);
        List<long> values = [];
        foreach (int milliseconds in new[] { 1, withoutHoles, 1000, withHoles })
        {
            values.Add(threshold.Value);
            clock.Advance(TimeSpan.FromMilliseconds(milliseconds / 2));
            threshold.Add(new DataSpan(0, 3 * MiB, MiB));
            Assert.Equal(values[^1], threshold.Value);
            clock.Advance(TimeSpan.FromMilliseconds(milliseconds - (milliseconds / 2)));
            threshold.Add(new DataSpan(4 * MiB, 5 * MiB, MiB));
        }

        Assert.Equal([64 * KiB, 64 * KiB, MiB, MiB], values);
        Assert.Equal(expected, threshold.Value);
        clock.Advance(TimeSpan.FromSeconds(9));
        threshold.Add(new DataSpan(0, 9 * MiB, 9 * MiB));
        Assert.Equal(expected, threshold.Value);
    }

    /// <summary>However many holes are sent, each is a hole there.</summary>
    [Theory]
    [InlineData("dash")]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void A_hole_stays_a_hole(string shell)
    {
        string source = SparseFile.Write(_workspace, "source", string.Concat(Enumerable.Repeat("X.", 160)) + "XX..XXX.....");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(source, shell)));

        Files.AssertSameBytes(source, _workspace["target"]);
        Assert.Equal(SparseFile.Read(source), SparseFile.Read(_workspace["target"]));
        Assert.Equal(result.Length, result.BytesSent + result.BytesInHoles);
        Assert.InRange(result.BytesInHoles, 5 * SparseFile.Block, 168 * SparseFile.Block); // some small ones are sent
    }

    [Fact]
    public void A_host_that_cannot_skip_zeros_gets_none()
    {
        string source = SparseFile.Write(_workspace, "source", string.Concat(Enumerable.Repeat("X.", 160)));

        Assert.Equal(160 * SparseFile.Block, Remotes.Result(Remotes.Send(Request(source, "busybox"))).BytesSent);

        Assert.Equal(SparseFile.Read(source), SparseFile.Read(_workspace["target"]));
    }

    public void Dispose() => _workspace.Dispose();

    private SendRequest Request(string source, string shell) => new()
    {
        Source = source,
        Hosts = [server.Host(shell)],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
        Verify = true,
    };
}
