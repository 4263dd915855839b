using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Several files and folders in one command, over one connection to each host.</summary>
public sealed class SeveralItemsTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly List<TransferException> _failures = [];

    public static TheoryData<string> Shells => ["dash", "bash", "busybox"];

    [Fact]
    public void All_are_sent_over_one_connection_to_each_host()
    {
        RemoteHost[] hosts = [Host("one"), Host("two")];
        Directory.CreateDirectory(_workspace["tree/inner"]);
        _workspace.WriteRandom("tree/inner/file", 1000);
        string[] sources = [_workspace.WriteRandom("a", 100_000), _workspace.WriteRandom("b", 10), _workspace["tree"]];

        for (int i = 0; i < 2; i++)
        {
            List<RemoteOutcome> outcomes = Send(sources, hosts, "logs");

            Assert.Equal(6, outcomes.Count);
            Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
            foreach (RemoteHost host in hosts)
            {
                Assert.Equal(sources, outcomes.Where(outcome => outcome.Host.Text == host.Text).Select(outcome => outcome.Result!.Source));
            }

            foreach (string home in new[] { "one", "two" })
            {
                Files.AssertSameBytes(sources[0], _workspace[$"{home}/logs/a"]);
                Files.AssertSameBytes(sources[1], _workspace[$"{home}/logs/b"]);
                Assert.Equal(string.Empty, Command.Run("diff", "-r", sources[2], _workspace[$"{home}/logs/tree"]).Text);
                Assert.Equal("755", Files.Metadata(_workspace[$"{home}/logs"], "%a"));

                // A host that is later than the other by Tuning.AnswerTimeout gets one more command, and perhaps one more connection.
                string[] connections = File.ReadAllLines(_workspace[$"{home}.log"]);
                Assert.InRange(connections.Length, 3 * (i + 1), int.MaxValue);
                Assert.InRange(connections.Distinct().Count(), i + 1, 2 * (i + 1));
            }
        }

        Wait.Until(() => Command.Run("pgrep", "-f", $"{Path.GetTempPath()}splice-ssh-").Text.Length == 0, "A connection stays.");
    }

    [Fact]
    public void Each_item_has_its_own_error_and_the_others_arrive()
    {
        RemoteHost[] hosts = [Host("one"), Host("two")];
        Directory.CreateDirectory(_workspace["one/logs/b"]);
        Directory.CreateDirectory(_workspace["two/logs"]);
        string[] sources = [_workspace.WriteRandom("a", 10), _workspace["none"], _workspace.WriteRandom("b", 10), _workspace.WriteRandom("c", 10)];

        List<RemoteOutcome> outcomes = Send(sources, hosts, "logs/");

        Assert.Equal(TransferErrorId.SourceNotFound, Assert.Single(_failures).Id);
        RemoteOutcome failed = Assert.Single(outcomes, outcome => outcome.Error is not null);
        Assert.Equal((hosts[0].Text, TransferErrorId.DestinationExists), (failed.Host.Text, failed.Error!.Id));
        Assert.Equal(["a", "b", "c"], Directory.GetFiles(_workspace["two/logs"]).Select(Path.GetFileName).Order());
        Assert.Equal(["a", "c"], Directory.GetFiles(_workspace["one/logs"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Two_sources_of_one_name_are_an_error_before_anything_is_sent()
    {
        RemoteHost host = Host("one");
        Directory.CreateDirectory(_workspace["x"]);
        string[] sources = [_workspace.WriteRandom("other", 10), _workspace.WriteRandom("a", 10), _workspace.WriteRandom("x/a", 10)];

        TransferException error = Assert.Throws<TransferException>(() => Send(sources, [host], "."));

        Assert.Equal(TransferErrorId.SameFile, error.Id);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["one"]));
        Assert.False(File.Exists(_workspace["one.log"]));
    }

    [Fact]
    public void A_host_that_cannot_be_reached_is_tried_once()
    {
        RemoteHost good = Host("one");
        var dead = RemoteHost.Parse("127.0.0.1", port: SshServer.FreePort());
        string[] sources = [_workspace.WriteRandom("a", 10), _workspace.WriteRandom("b", 10), _workspace.WriteRandom("c", 10)];

        IReadOnlyList<RemoteOutcome> outcomes = Send(sources, [dead, good], ".");

        string[] errors = [.. outcomes.Where(outcome => outcome.Error is not null).Select(outcome => outcome.Error!.Message)];
        Assert.Equal(2, errors.Length);
        Assert.Contains("Connection refused", errors[0], StringComparison.Ordinal);
        Assert.Contains("2 more items were not transferred", errors[1], StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(_workspace["one"]).Length);

        outcomes = Remotes.Receive(new ReceiveRequest
        {
            Source = "a",
            Others = ["b", "c"],
            Hosts = [dead, good],
            Destination = _workspace["received"] + "/",
            Ssh = server.Options,
        });
        Assert.Equal(2, outcomes.Count(outcome => outcome.Error is not null && outcome.Host == dead));
        Assert.Equal(3, outcomes.Count(outcome => outcome.Error is null && outcome.Host == good));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void Wildcards_are_expanded_by_the_host(string shell)
    {
        RemoteHost host = Host("one", shell);
        Directory.CreateDirectory(_workspace["one/d e"]);
        string[] names = ["-a.log", "b c.log", "d\ne.log", "é.log", "f[1].log", "$x`y`\\.log"];
        foreach (string name in names.Concat([".hidden.log", "g.txt", "literal[1]", "literal1"]))
        {
            _workspace.WriteRandom($"one/{name}", 10);
        }

        _workspace.WriteRandom("one/d e/inner.log", 10);
        var request = new ReceiveRequest
        {
            Source = "*.log",
            Others = ["d*/inn[!x]r.log", "literal[1]", "no?e", _workspace["one/g.t[xy]t"]],
            Hosts = [host],
            Destination = _workspace["received"],
            Ssh = server.Options,
            ExpandsWildcards = true,
        };

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(request);

        TransferException error = Assert.Single(outcomes, outcome => outcome.Error is not null).Error!;
        Assert.Equal(TransferErrorId.SourceNotFound, error.Id);
        Assert.Contains("'no?e'", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            names.Concat(["inner.log", "literal[1]", "g.txt"]).Order(StringComparer.Ordinal),
            Directory.GetFiles(_workspace["received"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Single(File.ReadLines(_workspace["one.log"]).Distinct());
        Remotes.Error(Remotes.Receive(request with { ExpandsWildcards = false, Others = [] }), TransferErrorId.SourceNotFound);
    }

    /// <summary>For some shells .* is also the folder itself and the one above.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void A_wildcard_for_hidden_items_finds_no_other_folder(string shell)
    {
        RemoteHost host = Host("one", shell);
        foreach (string name in new[] { "above", "one/i2", "one/beside", "one/.hidden", "one/..dots", "one/.d/inner", "one/sub/beside", "one/sub/.below", "one/sub/.e/inner2" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_workspace[name])!);
            _workspace.WriteRandom(name, 10);
        }

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(new ReceiveRequest
        {
            Source = ".*",
            Others = ["sub/.*", ".*/inner", ".*/above", "./sub/../sub/.?/i*2"],
            Hosts = [host],
            Destination = _workspace["received"],
            Ssh = server.Options,
            ExpandsWildcards = true,
            Recurse = true,
        });

        TransferException error = Assert.Single(outcomes, outcome => outcome.Error is not null).Error!;
        Assert.Equal(TransferErrorId.SourceNotFound, error.Id);
        Assert.Contains("'.*/above'", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["..dots", ".below", ".d", ".e", ".hidden", "inner", "inner2"],
            Directory.GetFileSystemEntries(_workspace["received"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>The results do not wait for the slowest host.</summary>
    [Fact]
    public void A_result_comes_when_its_host_ends()
    {
        SshServer.Require();
        string sign = _workspace["sign"];
        string there = Directory.CreateDirectory(_workspace["slow"]).FullName;
        RemoteHost slow = server.Host($"slow-{Guid.NewGuid():N}", $"cd {there}; dash -c \"$SSH_ORIGINAL_COMMAND\"; while [ ! -e {sign} ]; do sleep 0.1; done");
        RemoteHost fast = Host("fast");
        List<RemoteHost> ended = [];
        Wait.For(
            limit =>
            {
                RemoteCopy.Send(
                    new SendRequest { Source = _workspace.WriteRandom("a", 10), Hosts = [slow, fast], Destination = "a", Ssh = server.Options },
                    new TransferMonitor(Cancellation: limit),
                    outcome =>
                    {
                        Assert.Null(outcome.Error);
                        ended.Add(outcome.Host);
                        File.WriteAllBytes(sign, []);
                    });
                return ended;
            },
            CancellationToken.None);
        Assert.Equal([fast, slow], ended);
    }

    /// <summary>As a server could replace other files of a client of scp (CVE-2019-6111).</summary>
    [Theory]
    [InlineData("*.log", "+.bashrc")]
    [InlineData("*.log", "+sub/a.log")]
    [InlineData("*.log", "+../a.log")]
    [InlineData("*.log", "+.a.log")]
    [InlineData("*.log", "+/etc/a.log")]
    [InlineData(".*", "+.")]
    [InlineData(".*", "+..")]
    [InlineData("sub/.?", "+sub/..")]
    [InlineData(".*/a.log", "+../a.log")]
    [InlineData("../.[.]", "+../..")]
    public void A_host_cannot_choose_other_names(string pattern, string path)
    {
        SshServer.Require();
        RemoteHost host = server.Host($"chooses-{Guid.NewGuid():N}", $"read -r script; printf 'splice-paths\\n{path}\\0=\\0'");

        TransferException error = Remotes.Error(
            Remotes.Receive(new ReceiveRequest
            {
                Source = pattern,
                Hosts = [host],
                Destination = _workspace["received"],
                Ssh = server.Options,
                ExpandsWildcards = true,
                Recurse = true,
            }),
            TransferErrorId.RemoteFailed);

        Assert.Contains("matches none", error.Message, StringComparison.Ordinal);
        Assert.Empty(_workspace.Names);
    }

    [Theory]
    [InlineData("+a.log\\0")]
    [InlineData("+a.log")]
    [InlineData("")]
    public void A_list_that_is_cut_is_an_error(string list)
    {
        SshServer.Require();
        RemoteHost host = server.Host($"cuts-{Guid.NewGuid():N}", $"read -r script; printf 'splice-paths\\n{list}'");
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(new ReceiveRequest
        {
            Source = "*.log",
            Hosts = [host],
            Destination = _workspace["received"],
            Ssh = server.Options,
            ExpandsWildcards = true,
        });
        Assert.NotNull(Assert.Single(outcomes).Error);
        Assert.Empty(_workspace.Names);
    }

    [Fact]
    public void A_destination_with_a_slash_is_a_folder_on_both_sides()
    {
        RemoteHost host = Host("one");
        string source = _workspace.WriteRandom("source", 10);
        var send = new SendRequest { Source = source, Hosts = [host], Destination = "new/", Ssh = server.Options };
        Remotes.Result(Remotes.Send(send));
        Remotes.Result(Remotes.Send(send));
        Files.AssertSameBytes(source, _workspace["one/new/source"]);
        Remotes.Error(Remotes.Send(send with { Destination = "none/new/" }), TransferErrorId.DestinationFolderNotFound);
        var receive = new ReceiveRequest { Source = "new", Hosts = [host], Destination = _workspace["received"] + "/", Ssh = server.Options, Recurse = true };
        Remotes.Result(Remotes.Receive(receive));
        Remotes.Result(Remotes.Receive(receive));
        Files.AssertSameBytes(source, _workspace["received/new/source"]);
        Remotes.Result(Remotes.Send(send with { Source = _workspace["received"] + "/", Destination = "trees/", Recurse = true }));
        Files.AssertSameBytes(source, _workspace["one/trees/received/new/source"]);
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>A host with a home folder, which notes the connection of each command.</summary>
    private RemoteHost Host(string home, string shell = "dash")
    {
        SshServer.Require();
        string there = Directory.CreateDirectory(_workspace[home]).FullName;
        string run = shell == "busybox" ? server.BusyboxCommand : $"{shell} -c";
        return server.Host($"several-{Guid.NewGuid():N}", $"umask 022; echo $SSH_CLIENT >> {there}.log; cd {there}; exec {run} \"$SSH_ORIGINAL_COMMAND\"");
    }

    private List<RemoteOutcome> Send(string[] sources, RemoteHost[] hosts, string destination) => Wait.For(
        limit =>
        {
            List<RemoteOutcome> outcomes = [];
            SendRequest[] requests = [.. sources.Select(source => new SendRequest
            {
                Source = source, Hosts = hosts, Destination = destination, Ssh = server.Options, Recurse = true,
            })];
            RemoteCopy.Send(requests, new TransferMonitor(Cancellation: limit), outcomes.Add, _failures.Add);
            return outcomes;
        },
        CancellationToken.None);
}
