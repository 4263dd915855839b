using System.Collections.Concurrent;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Phases of hosts in the progress. Each host blocks until its phase is reported.</summary>
public sealed class HostProgressTests(SshServer server) : IDisposable
{
    private const int Size = 3_000_000;

    private readonly Workspace _workspace = new();
    private readonly ConcurrentQueue<HostProgress> _reports = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_host_that_is_sent_to_connects_and_verifies(bool isTree)
    {
        RemoteHost[] hosts = [Host("first"), Host("second")];
        Directory.CreateDirectory(_workspace["tree"]);
        string file = _workspace.WriteRandom("tree/source", Size);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(
            new SendRequest
            {
                Source = isTree ? _workspace["tree"] : file,
                Hosts = hosts,
                Destination = "target",
                Ssh = server.Options,
                Recurse = isTree,
                Verify = true,
            },
            new TransferMonitor(Watch));

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        AssertPhases(hosts);
        Assert.All(_reports, report => Assert.Equal(Size, report.TotalBytes));
        Assert.All(_reports.Where(report => report.Phase == TransferPhase.Verifying), report => Assert.Equal(Size, report.BytesCopied));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void So_does_each_host_that_is_received_from(bool isTree)
    {
        RemoteHost[] hosts = [Host("first"), Host("second")];
        Directory.CreateDirectory(_workspace["tree"]);
        Directory.CreateDirectory(_workspace["target"]);
        string file = _workspace.WriteRandom("tree/source", Size);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(
            new ReceiveRequest
            {
                Source = isTree ? _workspace["tree"] : file,
                Hosts = hosts,
                Destination = _workspace["target"],
                Ssh = server.Options,
                Recurse = isTree,
                Verify = true,
            },
            new TransferMonitor(Watch));

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        AssertPhases(hosts);
        Assert.All(_reports.Where(report => report.Phase == TransferPhase.Verifying), report => Assert.Equal(Size, report.BytesCopied));
    }

    public void Dispose() => _workspace.Dispose();

    private void AssertPhases(RemoteHost[] hosts) => Assert.All(hosts, host => Assert.Equal(
        [TransferPhase.Connecting, TransferPhase.Verifying],
        _reports.Where(report => report.HostName == host.Text && report.Phase != TransferPhase.Copying).Select(report => report.Phase).Distinct()));

    private void Watch(TransferProgress progress)
    {
        foreach (HostProgress host in progress.Hosts!)
        {
            _reports.Enqueue(host);
            File.WriteAllText(_workspace[$"{host.HostName.Replace(':', '-')}-{host.Phase}"], string.Empty);
        }
    }

    /// <summary>A host that begins, and whose sha256sum(1) begins, when that was reported.</summary>
    private RemoteHost Host(string name)
    {
        SshServer.Require();
        string home = Directory.CreateDirectory(_workspace[name]).FullName;
        string reported = _workspace["127.0.0.1-$(echo $SSH_CONNECTION | cut -d ' ' -f 4)"];
        string real = Command.Check("sh", "-c", "command -v sha256sum");
        return server.Host(
            $"progress-{Guid.NewGuid():N}",
            $$"""
            cd {{home}}
            at={{reported}}
            until [ -e $at-Connecting ]; do sleep 0.05; done
            begin="exec sh -c '"
            digest="openssl() { false; }; sha256sum() { until [ -e $at-Verifying ]; do sleep 0.05; done; {{real}} \"\$@\"; }; "
            exec sh -c "$begin$digest${SSH_ORIGINAL_COMMAND#"$begin"}"
            """);
    }
}
