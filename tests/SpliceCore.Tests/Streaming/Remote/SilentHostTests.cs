using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Hosts of which one accepts a connection, or runs the script, and stays silent.</summary>
public sealed class SilentHostTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void Others_get_it_before_the_silent_one_fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var silent = RemoteHost.Parse("127.0.0.1", port: ((IPEndPoint)listener.LocalEndpoint).Port);
        RemoteHost good = server.Host("beside-silent", $"cd {_workspace.Folder}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(25));
        List<RemoteOutcome> outcomes = [];
        TransferException stopped = Assert.Throws<TransferException>(() => RemoteCopy.Send(
            Request(silent, good),
            new TransferMonitor(Cancellation: stop.Token),
            outcome =>
            {
                outcomes.Add(outcome);
                stop.Cancel();
            }));
        Assert.Equal(TransferErrorId.Cancelled, stopped.Id);
        Assert.Equal(good, Assert.Single(outcomes).Host);
        Assert.Equal(File.ReadAllBytes(_workspace["source"]), File.ReadAllBytes(_workspace["target"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_one_gets_it_as_well(bool isTree)
    {
        string sign = _workspace["sign"];
        string home = Directory.CreateDirectory(_workspace["late"]).FullName;
        RemoteHost late = server.Host(
            $"late-{isTree}", $"cd {home}; while [ ! -e {sign} ]; do sleep 0.1; done; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        RemoteHost good = server.Host($"early-{isTree}", $"cd {_workspace.Folder}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        Directory.CreateDirectory(_workspace["tree"]);
        SendRequest request = Request(late, good) with { Recurse = isTree, Verify = true };
        string file = isTree ? _workspace.WriteRandom("tree/file", 100_000) : request.Source;
        request = isTree ? request with { Source = _workspace["tree"] } : request;
        List<RemoteHost> ended = [];
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(25));
        RemoteCopy.Send(request, new TransferMonitor(Cancellation: stop.Token), outcome =>
        {
            Assert.Null(outcome.Error?.Message);
            ended.Add(outcome.Host);
            File.WriteAllText(sign, string.Empty);
        });
        Assert.Equal([good, late], ended);
        Assert.All(
            new[] { "target", "late/target" },
            target => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_workspace[isTree ? $"{target}/file" : target])));
        Wait.Until(() => Directory.GetFileSystemEntries(home).Length == 1, "The first connection leaves something.");
    }

    public void Dispose() => _workspace.Dispose();

    private SendRequest Request(params RemoteHost[] hosts) => new()
    {
        Source = _workspace.WriteRandom("source", 100_000),
        Hosts = hosts,
        Destination = "target",
        Ssh = server.Options,
    };
}
