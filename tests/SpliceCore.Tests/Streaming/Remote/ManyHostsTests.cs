using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>One file to many hosts, of which some fail.</summary>
public sealed class ManyHostsTests(SshServer server) : IDisposable
{
    private const int Good = 4;

    private readonly Workspace _workspace = new();

    [Fact]
    public void Those_that_fail_are_reported_and_the_others_have_it()
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", "size=1m");
        string source = _workspace.WriteRandom("source", 5_000_000);

        // Each good host has a folder of its own, since all are one machine: the script sees it as its home.
        List<(RemoteHost Host, TransferErrorId? Fails)> hosts = [];
        for (int i = 0; i < Good; i++)
        {
            string home = Directory.CreateDirectory(_workspace[$"home-{i}"]).FullName;
            hosts.Add((server.Host($"home-{i}", $"cd {home}; exec dash -c \"$SSH_ORIGINAL_COMMAND\""), null));
        }

        hosts.Add((server.Host("refuses-many", "echo Not today >&2; exit 7"), TransferErrorId.RemoteFailed));
        hosts.Add((server.Host("drops-many", $"cd {Home("drops")}; stdbuf -o0 head -c 2000000 | bash -c \"$SSH_ORIGINAL_COMMAND\""), TransferErrorId.ConnectionFailed));
        hosts.Add((server.Host("stalls-many", "echo splice-ready 0 0; exec sleep 60"), TransferErrorId.IdleTimeout));
        hosts.Add((server.Host("silent-many", "exec sleep 60"), TransferErrorId.IdleTimeout));
        hosts.Add((server.Host("full-many", $"cd {mount.Folder}; exec bash -c \"$SSH_ORIGINAL_COMMAND\""), TransferErrorId.DiskFull));
        hosts.Add((server.Host("corrupt-many", $"cd {Home("corrupt")}; exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <({Remotes.Replacing("a", "b")})"), TransferErrorId.VerificationFailed));
        hosts.Add((RemoteHost.Parse("127.0.0.1", port: SshServer.FreePort()), TransferErrorId.ConnectionFailed));
        hosts.Add((RemoteHost.Parse("localhost", port: hosts[0].Host.Port), TransferErrorId.ConnectionFailed)); // known under its address only
        hosts.Add((hosts[0].Host, TransferErrorId.SameFile));

        var outcomes = Remotes.Send(new SendRequest
        {
            Source = source,
            Hosts = [.. hosts.Select(host => host.Host)],
            Destination = "target",
            Ssh = server.Options,
            Verify = true,
            ThrottleLimit = hosts.Count,
            IdleTimeout = TimeSpan.FromSeconds(12),
        });

        Assert.Equal(hosts.Count, outcomes.Count);
        byte[] content = File.ReadAllBytes(source);
        for (int i = 0; i < Good; i++)
        {
            RemoteOutcome outcome = outcomes.First(entry => entry.Host == hosts[i].Host && entry.Error?.Id != TransferErrorId.SameFile);
            Assert.Null(outcome.Error?.Message);
            Assert.True(outcome.Result!.Verified);
            Assert.Equal(content, File.ReadAllBytes(_workspace[$"home-{i}/target"]));
            WaitForCount(_workspace[$"home-{i}"], 1);
        }

        foreach ((RemoteHost host, TransferErrorId? fails) in hosts.Skip(Good))
        {
            Assert.Contains(outcomes, outcome => outcome.Host == host && outcome.Error?.Id == fails);
        }

        WaitForCount(mount.Folder, 0);
        WaitForCount(_workspace["drops"], 0);
        WaitForCount(_workspace["corrupt"], 0);
    }

    [Fact]
    public void With_a_limit_all_get_it_one_after_the_other()
    {
        string source = _workspace.WriteRandom("source", 100_000);
        RemoteHost[] hosts = [.. Enumerable.Range(0, 5).Select(i => server.Host($"limit-{i}", $"cd {Home($"limit-{i}")}; exec bash -c \"$SSH_ORIGINAL_COMMAND\""))];
        var outcomes = Remotes.Send(
            new SendRequest { Source = source, Hosts = hosts, Destination = "target", Ssh = server.Options, ThrottleLimit = 2 });
        Assert.Equal(hosts, outcomes.Select(outcome => outcome.Host));
        Assert.All(Enumerable.Range(0, 5), i => Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(_workspace[$"limit-{i}/target"])));
    }

    [Fact]
    public void A_host_that_fails_at_once_leaves_its_place_to_the_next()
    {
        string source = _workspace.WriteRandom("source", 100_000);

        // The first waits until the last is there: with two at once, that takes the place of the one that refuses.
        string sign = _workspace["sign"];
        RemoteHost waits = server.Host("waits-for-last", $"cd {Home("waits")}; while [ ! -e {sign} ]; do sleep 0.05; done; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        RemoteHost refuses = server.Host("refuses", "echo Not today >&2; exit 7");
        RemoteHost last = server.Host("is-last", $"cd {Home("last")}; : > {sign}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        var outcomes = Remotes.Send(new SendRequest
        {
            Source = source,
            Hosts = [waits, refuses, last],
            Destination = "target",
            Ssh = server.Options,
            ThrottleLimit = 2,
            IdleTimeout = TimeSpan.FromSeconds(12),
        });
        Assert.Equal([waits, refuses, last], outcomes.Select(outcome => outcome.Host));
        Assert.Equal([null, TransferErrorId.RemoteFailed, null], outcomes.Select(outcome => outcome.Error?.Id));
        Assert.All(new[] { "waits", "last" }, name => Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(_workspace[$"{name}/target"])));
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>Waits until only so many entries are left: a host can remove its temporary files after the transfer has ended.</summary>
    private static void WaitForCount(string folder, int count) =>
        Wait.Until(() => Directory.GetFileSystemEntries(folder).Length == count, $"Something is left in '{folder}'.");

    private string Home(string name) => Directory.CreateDirectory(_workspace[name]).FullName;
}
