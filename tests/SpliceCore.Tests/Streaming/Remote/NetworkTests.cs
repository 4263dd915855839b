using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Hosts behind networks of their own: slow ones, ones that lose packets, and one whose link goes down.</summary>
public sealed class NetworkTests(SshServer server) : IDisposable
{
    private const int Size = 6_000_000;

    private readonly Workspace _workspace = new();
    private readonly List<RemoteNetwork> _networks = [];

    [Theory]
    [InlineData("netem delay 30ms 5ms")]
    [InlineData("netem delay 5ms loss 2%")]
    [InlineData("netem rate 20mbit delay 10ms limit 100")]
    [InlineData("tbf rate 40mbit burst 8k latency 200ms")] // the queue is the delay
    [InlineData("tbf rate 40mbit burst 16k limit 20k")] // what does not fit into the queue is lost
    public void A_slow_host_and_a_fast_one_both_get_it(string discipline)
    {
        RemoteHost fast = Host("fast").Host;
        (RemoteHost slow, RemoteNetwork network) = Host("slow");
        network.Shape(discipline);
        SendRequest request = Request(fast, slow);
        IReadOnlyList<RemoteOutcome> sent = Remotes.Send(request);
        Assert.All(sent, outcome => Assert.Null(outcome.Error?.Message));
        Assert.All(new[] { "fast", "slow" }, name => Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace[$"{name}/target"])));
        string here = Directory.CreateDirectory(_workspace["here"]).FullName;
        IReadOnlyList<RemoteOutcome> received = Remotes.Receive(
            new ReceiveRequest { Source = "target", Hosts = request.Hosts, Destination = here, Ssh = server.Options, Verify = true });
        Assert.All(received, outcome => Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(outcome.Result!.Destination)));
        if (discipline.EndsWith("limit 20k", StringComparison.Ordinal))
        {
            Assert.NotEqual(0, network.Dropped());
        }
    }

    [Fact]
    public void A_host_whose_link_goes_down_is_dropped_and_resumed_alone()
    {
        RemoteHost[] good = [Host("one").Host, Host("two").Host];
        (RemoteHost cut, RemoteNetwork network) = Host("cut");
        SendRequest request = Request([good[0], cut, good[1]]) with
        {
            Resume = true,
            RateLimit = new RateLimiter(2_000_000),
            IdleTimeout = TimeSpan.FromSeconds(10),
        };
        bool isCut = false;
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request, new TransferMonitor(_ =>
        {
            // Hosts that connect late get their bytes later than the others.
            if (!isCut && Interruption.LengthOfPartial(_workspace["cut/target"]) > 0)
            {
                isCut = true;
                network.SetLink(isUp: false);
            }
        }));
        Assert.True(isCut, string.Join('\n', outcomes.Select(outcome => $"{outcome.Host}: {outcome.Error?.Message}")));
        TransferException error = Assert.Single(outcomes, outcome => outcome.Error is not null).Error!;
        Assert.Equal(TransferErrorId.IdleTimeout, error.Id);
        Assert.Equal(cut.Text, error.PartialRemote().HostName);
        Assert.InRange(error.PartialRemote().BytesSent, 1, Size);
        Assert.All(new[] { "one", "two" }, name => Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace[$"{name}/target"])));
        Assert.False(File.Exists(_workspace["cut/target"]));

        // The other side learns by and by that nobody is there any more.
        network.SetLink(isUp: true);
        Wait.Until(() => !Directory.EnumerateFileSystemEntries(_workspace["cut"], "*.lock").Any(), "The lock stays.");
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request with { Hosts = [cut], RateLimit = null, IdleTimeout = null }));
        Assert.InRange(result.ResumedAt!.Value, 1, Size - 1);
        Assert.Equal(Size, result.ResumedAt + result.BytesSent);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace["cut/target"]));
    }

    [Fact]
    public void A_host_whose_link_is_down_from_the_start_is_reported_and_the_others_get_it()
    {
        (RemoteHost dead, RemoteNetwork network) = Host("dead");
        network.SetLink(isUp: false);
        SendRequest request = Request(dead, Host("alive").Host);
        request = request with { Ssh = server.Options with { ConnectingTimeout = 20 } };
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);
        Assert.Equal([TransferErrorId.ConnectionFailed, null], outcomes.Select(outcome => outcome.Error?.Id));
        Assert.Contains("connect to host", outcomes[0].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace["alive/target"]));
    }

    public void Dispose()
    {
        _networks.ForEach(network => network.Dispose());
        _workspace.Dispose();
    }

    private (RemoteHost Host, RemoteNetwork Network) Host(string name)
    {
        SshServer.Require();
        var network = RemoteNetwork.Create();
        _networks.Add(network);
        string home = Directory.CreateDirectory(_workspace[name]).FullName;
        return (server.Host($"{name}-{network.Address}", $"cd {home}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"", network), network);
    }

    private SendRequest Request(params RemoteHost[] hosts) => new()
    {
        Source = _workspace.WriteRandom("source", Size),
        Hosts = hosts,
        Destination = "target",
        Ssh = server.Options,
        Verify = true,
    };
}
