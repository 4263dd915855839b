using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>100 sessions of sshd at the same time: all arrive, and nothing is left on either side.</summary>
[Collection(SerialCollection.Name)]
public sealed class HundredHostsTests(SshServer server) : IDisposable
{
    private static readonly int Count = FullRun.Count(everyday: 10, full: 100);

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("send", false)]
    [InlineData("send", true)]
    [InlineData("receive", false)]
    [InlineData("receive", true)]
    public void All_arrive_and_nothing_is_left(string direction, bool isTree)
    {
        SshServer.Require();
        string source = MakeSource(isTree);

        // All of one port: each connection is a session of its own.
        RemoteHost host = server.Host(
            $"hundred-{Guid.NewGuid():N}", $"cd {Directory.CreateDirectory(_workspace["home"]).FullName}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        RemoteHost[] hosts = [.. Enumerable.Range(0, Count).Select(i => host with { Destination = Folder(i) })];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int before = OpenDescriptors.Count;

        IReadOnlyList<RemoteOutcome> outcomes = direction == "send"
            ? Remotes.Send(new SendRequest { Source = source, Hosts = hosts, Destination = "x", Ssh = server.Options, ThrottleLimit = Count, Recurse = isTree, Verify = true })
            : Remotes.Receive(new ReceiveRequest
            {
                Source = source,
                Hosts = hosts,
                Destination = "x",
                Ssh = server.Options,
                ThrottleLimit = Count,
                Recurse = isTree,
                Verify = true,
            });

        int after = OpenDescriptors.Count;
        Assert.Equal(Count, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        Assert.All(outcomes, outcome => Assert.True(outcome.Result!.Verified));
        for (int i = 0; i < Count; i++)
        {
            string arrived = Path.Combine(Folder(i), direction == "send" ? "source" : Path.Combine(host.Text, "source"));
            Assert.Equal(string.Empty, Command.Run("diff", "-r", source, arrived).Text);
            Assert.Equal([arrived], Directory.GetFileSystemEntries(Path.GetDirectoryName(arrived)!));
        }

        // A leak of one descriptor a host would be 100.
        Assert.InRange(after - before, int.MinValue, 9);
        Assert.Equal(string.Empty, Command.Run("pgrep", "-P", $"{Environment.ProcessId}", "-x", "ssh").Text);
        Wait.Until(() => !server.HasConnections(), "A host still has a connection.");
        Wait.Until(() => Command.Run("fuser", _workspace["home"]).Text.Length == 0, "A host still has a process.");
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["home"]));
    }

    public void Dispose() => _workspace.Dispose();

    private string Folder(int i) => Directory.CreateDirectory(_workspace[string.Create(CultureInfo.InvariantCulture, $"target-{i}")]).FullName;

    private string MakeSource(bool isTree)
    {
        Directory.CreateDirectory(_workspace["at"]);
        if (!isTree)
        {
            return _workspace.WriteRandom("at/source", 1_000_000);
        }

        Directory.CreateDirectory(_workspace["at/source/inner"]);
        for (int i = 0; i < 20; i++)
        {
            _workspace.WriteRandom(string.Create(CultureInfo.InvariantCulture, $"at/source/inner/{i}"), i * 5000, seed: i);
        }

        return _workspace["at/source"];
    }
}
