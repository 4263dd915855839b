using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Nothing on a host is replaced without the sender's last word.</summary>
public sealed class CommitTests(SshServer server) : IDisposable
{
    private const int Size = 1_000_000;

    private readonly Workspace _workspace = new();

    public static TheoryData<string, string, bool> Interruptions
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (string shell in new[] { "dash", "bash", "busybox" })
            {
                foreach (string way in new[] { "Ctrl+C", "ssh", "sshd" })
                {
                    data.Add(shell, way, false);
                    data.Add(shell, way, true);
                }
            }

            return data;
        }
    }

    private string[] HostIds => File.ReadAllText(_workspace["ids"]).Trim().Split(' ');

    /// <summary>The host is held while it computes the SHA-256.</summary>
    [Theory]
    [MemberData(nameof(Interruptions))]
    public void A_host_that_verifies_when_the_sender_ends_replaces_nothing(string shell, string way, bool isTree)
    {
        SendRequest request = MakeRequest(shell, isTree);
        string[] before = Everything();

        Interrupt(request, way);

        Assert.Equal(before, Everything());
        Assert.Equal("old", File.ReadAllText(_workspace[isTree ? "target/source/file" : "target"]));
        Remotes.Result(Remotes.Send(request));
        Files.AssertSameBytes(_workspace[isTree ? "source/file" : "source"], _workspace[isTree ? "target/source/file" : "target"]);
    }

    [Theory]
    [InlineData("dash", "Ctrl+C")]
    [InlineData("bash", "ssh")]
    [InlineData("busybox", "sshd")]
    public void With_Resume_a_complete_partial_file_stays(string shell, string way)
    {
        SendRequest request = MakeRequest(shell, isTree: false) with { Resume = true };

        Interrupt(request, way);

        Assert.Equal("old", File.ReadAllText(_workspace["target"]));
        string partial = Assert.Single(_workspace.Names, name => name.Contains("splice-partial", StringComparison.Ordinal));
        Assert.Equal("600", Files.Metadata(_workspace[partial], "%a"));
        Assert.Equal(Size, Remotes.Result(Remotes.Send(request)).ResumedAt);
        Files.AssertSameBytes(_workspace["source"], _workspace["target"]);
        Assert.DoesNotContain(_workspace.Names, name => name.Contains("splice-partial", StringComparison.Ordinal));
    }

    /// <summary>The input of the host ends after all that the sender sends but the last word.</summary>
    [Theory]
    [InlineData("dash", false)]
    [InlineData("bash", false)]
    [InlineData("busybox", false)]
    [InlineData("dash", true)]
    [InlineData("bash", true)]
    [InlineData("busybox", true)]
    public void A_host_whose_input_ends_before_it_replaces_nothing(string shell, bool isTree)
    {
        SshServer.Require();
        SendRequest request = MakeRequest(shell, isTree) with
        {
            Hosts = [server.Host($"without-commit-{shell}",
                $"perl -e 'while (sysread(STDIN, $_, 65536)) {{ last if /^commit/ || /commit\\0.{{155}}/s; syswrite(STDOUT, $_) }}'"
                + $" | {(shell == "busybox" ? server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"")],
        };
        string[] before = Everything();

        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);

        Assert.Contains("interrupted", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Everything());
        Assert.Equal("old", File.ReadAllText(_workspace[isTree ? "target/source/file" : "target"]));
    }

    public void Dispose()
    {
        _workspace.Write("go", []);
        _workspace.Dispose();
    }

    private SendRequest MakeRequest(string shell, bool isTree)
    {
        if (isTree)
        {
            Directory.CreateDirectory(_workspace["source/inner"]);
            Directory.CreateDirectory(_workspace["target/source"]);
        }

        _workspace.WriteRandom(isTree ? "source/file" : "source", Size);
        _workspace.Write(isTree ? "target/source/file" : "target", "old"u8.ToArray());
        return new SendRequest
        {
            Source = _workspace["source"],
            Hosts = [Held(shell)],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Recurse = isTree,
            Verify = true,
        };
    }

    private void Interrupt(SendRequest request, string way)
    {
        using var stop = new CancellationTokenSource();
        var worker = new Worker<IReadOnlyList<RemoteOutcome>>(() => Remotes.Send(request, new TransferMonitor(Cancellation: stop.Token)));
        Wait.Until(() => File.Exists(_workspace["held"]), "The host computes no SHA-256.", () => worker.EndReport);
        switch (way)
        {
            case "Ctrl+C":
                stop.Cancel();
                Assert.Equal(TransferErrorId.Cancelled, worker.JoinFailed<TransferException>().Id);
                break;
            case "ssh":
                Command.Check("kill", "-9", Command.Check("pgrep", "-P", $"{Environment.ProcessId}", "-f", "--", $"-p {request.Hosts[0].Port} "));
                Remotes.Error(worker.Join(), TransferErrorId.ConnectionFailed);
                break;
            default:
                Command.Check("kill", "-9", HostIds[1]);
                Remotes.Error(worker.Join(), TransferErrorId.ConnectionFailed);
                break;
        }

        string shell = HostIds[0];
        _workspace.Write("go", []);
        Wait.Until(() => Command.Run("ps", "-o", "stat=", "-p", shell).Text is "" or ['Z', ..], "The host does not end.");
        File.Delete(_workspace["ids"]);
        File.Delete(_workspace["held"]);
    }

    /// <summary>All paths under the destination's folder, but for those of the test itself.</summary>
    private string[] Everything() =>
        [.. Directory.EnumerateFileSystemEntries(_workspace.Folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Where(path => Path.GetFileName(path) is not ("ids" or "held" or "go"))
            .Order(StringComparer.Ordinal)];

    /// <summary>A host whose sha256sum(1), a function, waits until the test lets it go on.</summary>
    private RemoteHost Held(string shell)
    {
        SshServer.Require();
        string bin = Directory.CreateDirectory(_workspace["bin"]).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "sh"), Command.Check("sh", "-c", $"command -v {shell}"));
        string real = Command.Check("sh", "-c", "command -v sha256sum");
        return server.Host($"held-{Guid.NewGuid():N}",
            $$"""
            echo $$ $PPID > {{_workspace["ids"]}}
            begin="exec sh -c '"
            digest='openssl() { false; }; sha256sum() { : > {{_workspace["held"]}}; until [ -e {{_workspace["go"]}} ]; do sleep 0.1; done; {{real}} "$@"; }; '
            PATH={{bin}}:$PATH exec sh -c "$begin$digest${SSH_ORIGINAL_COMMAND#"$begin"}"
            """);
    }
}
