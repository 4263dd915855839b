using Splice.Streaming;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A host that is too slow for the others is dropped, and they have the file.</summary>
public sealed class MinimumRateTests(SshServer server) : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void It_is_dropped(bool verify, bool isTree)
    {
        // Small files of a tree go from memory, one stream after the other.
        string source = isTree ? Tree() : _workspace.WriteRandom("source", 30 * MiB);
        RemoteHost slow = Host("slow", "perl -e 'while (sysread(STDIN, $_, 16384)) { syswrite(STDOUT, $_); select(undef, undef, undef, 0.1) }'");
        RemoteHost[] fast = [Host("first", "cat"), Host("second", "cat")];
        var request = new SendRequest
        {
            Source = source,
            Hosts = [fast[0], slow, fast[1]],
            Destination = "target",
            Ssh = server.Options,
            Recurse = isTree,
            Verify = verify,
            MinimumRate = MiB,
        };

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        Assert.Equal([null, TransferErrorId.HostTooSlow, null], outcomes.Select(outcome => outcome.Error?.Id));
        Assert.Contains("less than 1.00 MiB/s", outcomes[1].Error!.Message, StringComparison.Ordinal);
        Assert.Contains(slow.Text, outcomes[1].Error!.Message, StringComparison.Ordinal);
        foreach (string home in new[] { "first", "second" })
        {
            string target = _workspace[$"{home}/target"];
            if (isTree)
            {
                Assert.Equal(string.Empty, Command.Run("diff", "-r", source, target).Text);
            }
            else
            {
                Files.AssertSameBytes(source, target);
            }
        }

        Wait.Until(() => Directory.GetFileSystemEntries(_workspace["slow"]).Length == 0, "It leaves something.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_host_for_which_none_waits_stays(bool verify)
    {
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", 7 * MiB),
            Hosts = [Host("slow", "perl -e 'while (sysread(STDIN, $_, 65536)) { syswrite(STDOUT, $_); select(undef, undef, undef, 0.1) }'")],
            Destination = "target",
            Ssh = server.Options,
            Verify = verify,
            MinimumRate = 100 * MiB,
        };

        Remotes.Result(Remotes.Send(request));

        Files.AssertSameBytes(request.Source, _workspace["slow/target"]);
    }

    [Fact]
    public void The_rate_is_that_of_all_streams_while_others_wait()
    {
        var floor = new RateFloor(MiB);
        floor.Add(3 * MiB);
        Assert.False(floor.IsMissed(TimeSpan.FromSeconds(4.9), 0));
        Assert.Equal(TimeSpan.FromSeconds(0.1), floor.TimeLeft);
        Assert.False(floor.IsMissed(TimeSpan.FromSeconds(0.1), 2 * MiB));

        // Of the bytes of this stream, only those since then.
        Assert.Equal(TimeSpan.FromSeconds(5), floor.TimeLeft);
        Assert.True(floor.IsMissed(TimeSpan.FromSeconds(5), (7 * MiB) - 1));
        floor.Add((7 * MiB) - 1);
        Assert.True(floor.IsMissed(TimeSpan.FromSeconds(5), 0));
    }

    public void Dispose() => _workspace.Dispose();

    private RemoteHost Host(string name, string filter) => server.Host(
        $"rate-{Guid.NewGuid():N}", $"cd {Directory.CreateDirectory(_workspace[name]).FullName}; {filter} | dash -c \"$SSH_ORIGINAL_COMMAND\"");

    private string Tree()
    {
        for (int i = 0; i < 600; i++)
        {
            Directory.CreateDirectory(_workspace[$"tree/{i % 10}"]);
            _workspace.WriteRandom($"tree/{i % 10}/{i}", 50_000);
        }

        return _workspace["tree"];
    }
}
