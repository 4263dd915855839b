using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Many hosts at once, of which eight fail, each in its own way.</summary>
[Collection(SerialCollection.Name)]
public sealed class FiftyHostsTests(SshServer server) : IDisposable
{
    private const string Destination = "box/target";
    private const string Shell = "exec dash -c \"$SSH_ORIGINAL_COMMAND\"";

    private static readonly int Good = FullRun.Count(everyday: 12, full: 42);

    private readonly Workspace _workspace = new();

    [Fact]
    public void Most_have_it_and_eight_are_reported()
    {
        SshServer.Require();
        Command.Require("setpriv");
        using var mount = Mount.Memory("tmpfs", "size=1m");
        Directory.CreateDirectory(Path.Combine(mount.Folder, "box"));
        RemoteHost[] good = [.. Enumerable.Range(0, Good).Select(i => server.Host($"fifty-{i}", $"cd {Home($"good-{i}")}; {Shell}"))];
        RemoteHost impostor = server.Host("fifty-impostor", $"cd {Home("impostor")}; {Shell}");
        RemoteHost stopped = server.Host("fifty-stopped", $"echo $PPID > {_workspace["stopped"]}; echo splice-ready 0 0; head -c 100000 >/dev/null; kill -STOP $PPID");
        RemoteHost homeless = server.Host("fifty-homeless", $"cd {Directory.CreateDirectory(_workspace["homeless"]).FullName}; {Shell}");
        RemoteHost drops = server.Host("fifty-drops", "echo splice-ready 0 0; head -c 2000000 >/dev/null; kill -9 $PPID");
        RemoteHost denied = server.Host("fifty-denied", $"cd {Home("denied")}; exec setpriv --reuid=65534 --regid=65534 --clear-groups dash -c \"$SSH_ORIGINAL_COMMAND\"");
        (RemoteHost Host, TransferErrorId Id, string Words)[] bad =
        [
            (RemoteHost.Parse("127.0.0.1", port: SshServer.FreePort()), TransferErrorId.ConnectionFailed, "Connection refused"),
            (impostor, TransferErrorId.ConnectionFailed, "Host key verification failed"),
            (RemoteHost.Parse($"nobody-of-that-name@{good[0].Text}"), TransferErrorId.ConnectionFailed, "Permission denied"),
            (denied, TransferErrorId.PermissionDenied, "is not writable"),
            (homeless, TransferErrorId.DestinationFolderNotFound, "does not exist on"),
            (server.Host("fifty-full", $"cd {mount.Folder}; {Shell}"), TransferErrorId.DiskFull, "No space left on device"),
            (drops, TransferErrorId.ConnectionFailed, "-Resume continues"),
            (stopped, TransferErrorId.IdleTimeout, "accepted no data for 12 seconds"),
        ];
        RemoteHost[] hosts = [.. good, .. bad.Select(entry => entry.Host)];
        new Random(1).Shuffle(hosts);
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", 6_000_000),
            Hosts = hosts,
            Destination = Destination,
            Ssh = WithOtherKeyFor(impostor),
            ThrottleLimit = hosts.Length,
            Verify = true,
            IdleTimeout = TimeSpan.FromSeconds(12),
        };

        GC.Collect();
        GC.WaitForPendingFinalizers();
        int before = OpenDescriptors.Count;
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);
        Command.Check("kill", "-9", File.ReadAllText(_workspace["stopped"]).Trim());

        Assert.Equal(hosts, outcomes.Select(outcome => outcome.Host));
        byte[] content = File.ReadAllBytes(request.Source);
        for (int i = 0; i < Good; i++)
        {
            RemoteOutcome outcome = outcomes.Single(entry => entry.Host == good[i]);
            Assert.Null(outcome.Error?.Message);
            Assert.True(outcome.Result is { Verified: true, RemoteExitCode: 0 });
            Assert.Equal([_workspace[$"good-{i}/{Destination}"]], Directory.GetFileSystemEntries(_workspace[$"good-{i}/box"]));
            Assert.Equal(content, File.ReadAllBytes(_workspace[$"good-{i}/{Destination}"]));
        }

        foreach ((RemoteHost host, TransferErrorId id, string words) in bad)
        {
            RemoteOutcome outcome = outcomes.Single(entry => entry.Host == host);
            Assert.True(outcome.Error?.Id == id, $"{host}: {outcome.Error}");
            Assert.Contains(words, outcome.Error!.Message, StringComparison.Ordinal);
            Assert.Contains(host.Text, outcome.Error.Message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(mount.Folder, "box")));
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["denied/box"]));
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["impostor/box"]));

        // A leak of one descriptor a host would be 50.
        Assert.InRange(OpenDescriptors.Count - before, int.MinValue, 10);
        Assert.Equal(string.Empty, Command.Run("pgrep", "-P", $"{Environment.ProcessId}", "-x", "ssh").Text);
        Wait.Until(() => !server.HasConnections(), "A host still has a connection.");
    }

    public void Dispose() => _workspace.Dispose();

    private string Home(string name)
    {
        Directory.CreateDirectory(_workspace[$"{name}/box"]);
        return _workspace[name];
    }

    /// <summary>Somebody else's key is known for a host: it is an impostor.</summary>
    private SshOptions WithOtherKeyFor(RemoteHost host)
    {
        Command.Check("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", _workspace["other-key"]);
        string entry = $"[127.0.0.1]:{host.Port} ";
        string other = entry + File.ReadAllText(_workspace["other-key.pub"]).Trim();
        IEnumerable<string> lines = File.ReadAllLines(server.Options.Settings["UserKnownHostsFile"]);
        File.WriteAllLines(_workspace["known-hosts"], lines.Select(line => line.StartsWith(entry, StringComparison.Ordinal) ? other : line));
        return server.Options with
        {
            Settings = new Dictionary<string, string>(server.Options.Settings)
            {
                ["UserKnownHostsFile"] = _workspace["known-hosts"],
                ["BatchMode"] = "yes",
            },
        };
    }
}
