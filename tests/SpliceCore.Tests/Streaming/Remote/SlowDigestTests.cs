using System.Security.Cryptography;
using Splice.Streaming.Remote;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Hosts that take longer for a digest than they may be silent.</summary>
public sealed class SlowDigestTests(SshServer server) : IDisposable
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(8);

    private readonly Workspace _workspace = new();

    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void A_host_that_says_that_it_is_at_work_is_waited_for(string shell)
    {
        RemoteHost host = server.Host($"slow-digest-{shell}", Slow($"sleep 10; {Real}", shell));
        string source = _workspace.WriteRandom("source", 100_000);
        string sent = _workspace["sent"];
        string received = _workspace["received"];
        Assert.True(Remotes.Result(Remotes.Send(Request(source, host, sent))).Verified);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(sent));
        Assert.True(Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = source,
            Hosts = [host],
            Destination = received,
            Ssh = server.Options,
            Verify = true,
            IdleTimeout = IdleTimeout,
        })).Verified);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(received));
    }

    [Fact]
    public void So_is_one_that_compares_a_folder()
    {
        Directory.CreateDirectory(_workspace["folder"]);
        string source = _workspace.WriteRandom("folder/file", 100_000);
        string received = _workspace["received"];
        Assert.True(Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = _workspace["folder"],
            Hosts = [server.Host("slow-digest-folder", Slow($"sleep 10; {Real} \"$@\"", "dash"))],
            Destination = received,
            Ssh = server.Options,
            Recurse = true,
            Verify = true,
            IdleTimeout = IdleTimeout,
        })).Verified);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Path.Combine(received, "file")));
    }

    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void One_whose_digest_fails_ends_with_its_words(string shell)
    {
        RemoteHost host = server.Host($"no-digest-{shell}", Slow("return 1", shell));
        string source = _workspace.WriteRandom("source", 1000);
        TransferException error = Remotes.Error(Remotes.Send(Request(source, host, _workspace["sent"])), TransferErrorId.RemoteFailed);
        Assert.Contains("cannot be read", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_workspace["sent"]));
    }

    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void Openssl_computes_it_where_it_does_so_rightly(string shell)
    {
        Command.Require("openssl", shell);
        string script = $$"""
            {{HostScript.Read("common.sh")}}
            sha256sum() { echo the other; }
            printf x | sum_input
            openssl() { echo nonsense; }
            printf x | sum_input
            """;
        string digest = Convert.ToHexString(SHA256.HashData("x"u8)).ToLowerInvariant();
        string[] run = shell == "busybox" ? ["busybox", "sh"] : [shell];
        Assert.Equal([$"{digest} *stdin", "the other"], Command.Check(run[0], [.. run[1..], "-c", script]).Split('\n'));
    }

    /// <summary>However early they are to end: a signal that comes before the shell has put its traps away is lost.</summary>
    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void Signs_of_life_end_when_they_are_to(string shell)
    {
        Command.Require("timeout", shell);
        string script = $$"""
            trap : EXIT
            trap "exit 80" HUP INT TERM
            {{HostScript.Read("common.sh")}}
            i=0
            while [ $i -lt {{FullRun.Count(everyday: 200, full: 1000)}} ]; do
                start_heartbeat
                stop_heartbeat
                i=$((i + 1))
            done
            """;
        string[] run = shell == "busybox" ? ["busybox", "sh"] : [shell];
        Command.Output output = Command.Run("timeout", ["30", .. run, "-c", script]);
        Assert.Equal(new Command.Output(0, string.Empty, HostScript.Errors.Trim()), output);
    }

    public void Dispose() => _workspace.Dispose();

    private SendRequest Request(string source, RemoteHost host, string destination) => new()
    {
        Source = source,
        Hosts = [host],
        Destination = destination,
        Ssh = server.Options,
        Verify = true,
        IdleTimeout = IdleTimeout,
    };

    private static string Real => Command.Check("sh", "-c", "command -v sha256sum");

    /// <summary>A login whose scripts have a sha256sum of their own. It is a function: a busybox may prefer its own programs to
    /// those of the path.</summary>
    private string Slow(string digest, string shell)
    {
        SshServer.Require();
        string bin = Directory.CreateDirectory(_workspace["bin"]).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "sh"), Command.Check("sh", "-c", $"command -v {shell}"));
        return $$"""
            begin="exec sh -c '"
            case $SSH_ORIGINAL_COMMAND in
                "$begin"*) ;;
                *) echo "no such command: $SSH_ORIGINAL_COMMAND" >&2; exit 99 ;;
            esac
            digest='openssl() { false; }; sha256sum() { {{digest}}; }; '
            PATH={{bin}}:$PATH exec sh -c "$begin$digest${SSH_ORIGINAL_COMMAND#"$begin"}"
            """;
    }
}
