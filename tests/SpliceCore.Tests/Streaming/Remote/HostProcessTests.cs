using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The processes and descriptors of this process that hosts take.</summary>
[Collection(SerialCollection.Name)]
public sealed class HostProcessTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    private static string Clients => Command.Run("pgrep", "-P", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), "-x", "ssh").Text;

    [Fact]
    public void Neither_descriptors_nor_processes_are_left()
    {
        RemoteHost good = server.Host();
        RemoteHost stalls = server.Host("stalls", "echo splice-ready 0 0; exec sleep 60");
        RemoteHost refuses = server.Host("refuses", "echo Not today >&2; exit 7");
        string source = _workspace.WriteRandom("source", 5_000_000);
        var request = new SendRequest
        {
            Source = source,
            Hosts = [good, stalls, refuses],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Verify = true,
            IdleTimeout = TimeSpan.FromSeconds(1),
        };
        Remotes.Send(request);
        int before = OpenDescriptors.Count;
        for (int i = 0; i < 3; i++)
        {
            Remotes.Send(request);
            Remotes.Receive(new ReceiveRequest { Source = source, Hosts = [good, refuses], Destination = _workspace.Folder, Ssh = server.Options, Verify = true });
        }

        // A leak of one pipe a host would be 15 and more.
        Assert.InRange(OpenDescriptors.Count - before, int.MinValue, 5);
        Assert.Equal(string.Empty, Clients);
    }

    [Fact]
    public void Cancelling_ends_every_ssh()
    {
        RemoteHost silent = server.Host("silent", "exec sleep 60");
        RemoteHost stalls = server.Host("stalls", "echo splice-ready 0 0; exec sleep 60");
        string source = _workspace.WriteRandom("source", 50_000_000);
        foreach (RemoteHost[] hosts in new RemoteHost[][] { [silent], [stalls], [stalls, silent] })
        {
            using var stop = new CancellationTokenSource();
            var request = new SendRequest { Source = source, Hosts = hosts, Destination = "x", Ssh = server.Options };
            var worker = new Worker<IReadOnlyList<RemoteOutcome>>(() => Remotes.Send(request, new TransferMonitor(Cancellation: stop.Token)));
            worker.WaitUntilItPolls();
            stop.Cancel();
            Assert.Equal(TransferErrorId.Cancelled, worker.JoinFailed<TransferException>().Id);
            Assert.Equal(string.Empty, Clients);
        }
    }

    public void Dispose() => _workspace.Dispose();
}
