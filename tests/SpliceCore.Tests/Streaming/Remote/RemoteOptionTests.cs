using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Ranges of hosts, limits of the process, accounts without a shell, and what a host flushes.</summary>
public sealed class RemoteOptionTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("web1", "web1")]
    [InlineData("web[01-03]", "web01 web02 web03")]
    [InlineData("u@web[8-11,x]:22", null)]
    [InlineData("u@web[8-10,3]:22", "u@web8:22 u@web9:22 u@web10:22 u@web3:22")]
    [InlineData("r[1-2]n[07-08]", "r1n07 r1n08 r2n07 r2n08")]
    [InlineData("[::1]:22", "[::1]:22")]
    [InlineData("web[]", null)]
    [InlineData("web[1-]", null)]
    [InlineData("web[-1]", null)]
    [InlineData("web[1-2-3]", null)]
    [InlineData("web[3-1]", null)]
    [InlineData("web[1,,2]", null)]
    [InlineData("web[0-65535]", "")]
    [InlineData("web[0-65536]", null)]
    [InlineData("web[0-300][0-300]", null)]
    [InlineData("web[1-99999999999]", null)]
    [InlineData("web[ 1-2]", null)]
    public void Ranges_are_expanded(string text, string? hosts)
    {
        if (hosts is null)
        {
            Assert.Equal(TransferErrorId.InvalidHostName, Assert.Throws<TransferException>(() => RemoteHost.Expand(text)).Id);
        }
        else if (hosts.Length == 0)
        {
            Assert.Equal(65_536, RemoteHost.Expand(text).Count);
        }
        else
        {
            Assert.Equal(hosts.Split(' '), RemoteHost.Expand(text));
        }
    }

    [Fact]
    public void A_limit_on_open_files_leaves_fewer_hosts_at_once()
    {
        var send = new SendRequest { Source = "/a", Destination = "a", Hosts = [RemoteHost.Parse("host")], ThrottleLimit = int.MaxValue };
        var receive = new ReceiveRequest { Source = "/a", Destination = "a", Hosts = [RemoteHost.Parse("host")], ThrottleLimit = int.MaxValue };
        Assert.InRange(RemoteCopy.HostsAtOnce(send), 2, int.MaxValue - 1);
        Assert.InRange(RemoteCopy.HostsAtOnce(receive), 1, RemoteCopy.HostsAtOnce(send) - 1);
        Assert.Equal(3, RemoteCopy.HostsAtOnce(send with { ThrottleLimit = 3 }));
    }

    /// <summary>As sshd answers for an account with ForceCommand internal-sftp.</summary>
    [Fact]
    public void An_account_for_sftp_alone_is_an_error_that_names_it()
    {
        SshServer.Require();
        RemoteHost host = server.Host("sftp-only", "echo 'This service allows sftp connections only.'; exit 1");
        string source = _workspace.WriteRandom("source", 10);
        foreach (bool isSent in new[] { true, false })
        {
            IReadOnlyList<RemoteOutcome> outcomes = isSent
                ? Remotes.Send(new SendRequest { Source = source, Hosts = [host], Destination = "x", Ssh = server.Options })
                : Remotes.Receive(new ReceiveRequest { Source = "x", Hosts = [host], Destination = _workspace["y"], Ssh = server.Options });
            string message = Remotes.Error(outcomes, TransferErrorId.RemoteFailed).Message;
            Assert.Contains("allows SFTP only", message, StringComparison.Ordinal);
            Assert.Contains("sftp(1)", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_configuration_file_names_hosts()
    {
        RemoteHost host = server.Host();
        string file = _workspace.Write("my config", System.Text.Encoding.UTF8.GetBytes($"Host alias\n HostName 127.0.0.1\n Port {host.Port}\n"));
        string source = _workspace.WriteRandom("source", 10);
        Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = source,
            Hosts = [RemoteHost.Parse("alias")],
            Destination = _workspace["sent"],
            Ssh = server.Options with { ConfigFile = file },
        }));
        Files.AssertSameBytes(source, _workspace["sent"]);
    }

    /// <summary>The rate is that of the command: what all hosts get together.</summary>
    [Fact]
    public void Copies_share_a_rate()
    {
        var clock = new StandingClock();
        var rate = new RateLimiter(1000, clock);
        RateLimiter each = rate.ForCopies(4);
        Assert.Equal(250, each.BytesPerSecond);
        Assert.Equal(25, each.StepLimit);
        Assert.Same(rate, rate.ForCopies(1));
        each.Take(25, CancellationToken.None); // 100 bytes of the 100 that may go at once
        Assert.Equal(TimeSpan.Zero, clock.Elapsed);
        each.Take(25, CancellationToken.None);
        Assert.Equal(TimeSpan.FromMilliseconds(100), clock.Elapsed);
        each.Settle(25, 0);
        rate.Take(100, CancellationToken.None);
        Assert.Equal(TimeSpan.FromMilliseconds(100), clock.Elapsed);
    }

    /// <summary>In a file system of its own, the calls of the host's tools are seen.</summary>
    [Theory]
    [InlineData("bash", false)]
    [InlineData("busybox", false)]
    [InlineData("bash", true)]
    [InlineData("busybox", true)]
    public void A_host_flushes_before_and_after_it_gives_the_name(string shell, bool isTree)
    {
        SshServer.Require();
        Command.Require("strace");
        string trace = _workspace["trace"];
        RemoteHost host = server.Host(
            $"flushes-{Guid.NewGuid():N}",
            $"exec strace -f -qq -o {trace} -e trace=fsync,fdatasync,syncfs,sync,rename,renameat,renameat2,link,linkat {(shell == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\"");
        Directory.CreateDirectory(_workspace["tree"]);
        string source = _workspace.WriteRandom("tree/file", 10);

        Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = isTree ? _workspace["tree"] : source,
            Hosts = [host],
            Destination = _workspace["sent"],
            Ssh = server.Options,
            Recurse = isTree,
            Flush = true,
        }));

        string[] calls = [.. File.ReadLines(trace).Where(line => line.EndsWith("= 0", StringComparison.Ordinal))];
        int named = Array.FindIndex(calls, line => line.Contains("/sent\"", StringComparison.Ordinal));
        int[] flushes = [.. Enumerable.Range(0, calls.Length).Where(i => calls[i].Contains("sync", StringComparison.Ordinal))];
        Assert.True(named >= 0, string.Join('\n', calls));
        Assert.True(flushes.Any(i => i < named) && flushes.Any(i => i > named), string.Join('\n', calls));
    }

    [Theory]
    [InlineData("dash")]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void A_result_has_the_full_path_on_the_host(string shell)
    {
        SshServer.Require();
        string home = Directory.CreateDirectory(_workspace["home"]).FullName;
        Directory.CreateDirectory(_workspace["home/logs"]);
        RemoteHost host = server.Host($"path-{Guid.NewGuid():N}", $"cd {home}; exec {(shell == "busybox" ? server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"");
        string source = _workspace.WriteRandom("a é", 10);
        var request = new SendRequest { Source = source, Hosts = [host], Destination = "logs", Ssh = server.Options };
        Assert.Equal($"{home}/logs/a é", Remotes.Result(Remotes.Send(request)).Destination);
        Assert.Equal($"{home}/b", Remotes.Result(Remotes.Send(request with { Destination = "b" })).Destination);
        Assert.Equal($"{home}/c", Remotes.Result(Remotes.Send(request with { Source = _workspace["home/logs"], Destination = "c", Recurse = true })).Destination);
    }

    public void Dispose() => _workspace.Dispose();
}
