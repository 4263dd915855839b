using System.Runtime.InteropServices;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Folders in which an item vanishes, grows or cannot be read: the others arrive.</summary>
public sealed class TreeFaultTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly List<TransferException> _failures = [];

    public static TheoryData<string> Shells => ["bash", "busybox"];

    /// <summary>The reader is a user without privileges.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void What_a_host_may_not_read_is_an_error_and_the_others_are_received(string shell)
    {
        SshServer.Require();
        Command.Require("setpriv");
        WriteTree();
        RemoteHost host = server.Host(
            $"unprivileged-{Guid.NewGuid():N}",
            $"setpriv --reuid=65534 --regid=65534 --clear-groups {(shell == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\"");

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(Verified(host));

        TransferException[] errors = [.. outcomes.Where(outcome => outcome.Error is not null).Select(outcome => outcome.Error!)];
        Assert.Equal(2, errors.Length);
        Assert.All(errors, error => Assert.Equal(TransferErrorId.PermissionDenied, error.Id));
        Assert.Contains(errors, error => error.Message.Contains("closed", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Message.Contains("secret", StringComparison.Ordinal));
        RemoteTransferResult result = Assert.Single(outcomes, outcome => outcome.Result is not null).Result!;
        Assert.Equal((2, true), (result.FailedCount, result.Verified));
        Assert.Equal(["open", "z"], Names("target").Where(name => name != "closed")); // GNU tar leaves out the folder itself
        Files.AssertSameBytes(_workspace["source/open/file"], _workspace["target/open/file"]);
    }

    /// <summary>The report of a host has a maximum length.</summary>
    [Fact]
    public void Many_changed_files_do_not_hide_one_that_cannot_be_read()
    {
        SshServer.Require();
        _workspace.Write($"{Directory.CreateDirectory(_workspace["source"]).Name}/file", [1]);
        string tool = _workspace.Write($"{Directory.CreateDirectory(_workspace["tools"]).Name}/tar", """
            #!/bin/sh
            case $1 in
                -c)
                    for i in $(seq 1000); do echo "tar: ./$i: file changed as we read it" >&2; done
                    for i in $(seq 1000); do echo "tar: ./$i: Cannot open: Permission denied" >&2; done
                    ;;
            esac
            exec /usr/bin/tar "$@"

            """u8.ToArray());
        Command.Check("chmod", "755", tool);
        RemoteHost host = server.Host($"many-{Guid.NewGuid():N}", $"PATH={_workspace["tools"]}:$PATH exec bash -c \"$SSH_ORIGINAL_COMMAND\"");

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(Verified(host));

        string[] errors = [.. outcomes.Where(outcome => outcome.Error is not null).Select(outcome => outcome.Error!.Message)];
        Assert.Contains(errors, error => error.Contains("./1: Cannot open", StringComparison.Ordinal));
        Assert.Matches("[0-9]+ more items: Cannot be read", errors[^1]);
        RemoteTransferResult result = Assert.Single(outcomes, outcome => outcome.Result is not null).Result!;
        Assert.Equal(errors.Length, result.FailedCount);
        Assert.Contains(result.Warnings, warning => warning.EndsWith(" more items changed, or were removed", StringComparison.Ordinal));
    }

    /// <summary>A copy that cannot be complete may not look as if it were: tar fills what it cannot read with zeros.</summary>
    [Fact]
    public void A_file_that_becomes_shorter_on_the_host_ends_it()
    {
        SshServer.Require();
        string file = _workspace.WriteRandom($"{Directory.CreateDirectory(_workspace["source"]).Name}/file", 20_000_000);
        RemoteHost host = server.Host(
            $"shortens-{Guid.NewGuid():N}",
            $"bash -c \"$SSH_ORIGINAL_COMMAND\" | {{ head -c 3000000; truncate -s 10000000 {file}; cat; }}");
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(new ReceiveRequest
        {
            Source = _workspace["source"],
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Recurse = true,
        });
        Assert.Contains("shrank", Remotes.Error(outcomes, TransferErrorId.RemoteFailed).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_workspace["target"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_grows_on_the_host_is_a_warning(bool allows)
    {
        SshServer.Require();
        string file = _workspace.WriteRandom($"{Directory.CreateDirectory(_workspace["source"]).Name}/file", 20_000_000);
        RemoteHost host = server.Host(
            $"grows-{Guid.NewGuid():N}",
            $"bash -c \"$SSH_ORIGINAL_COMMAND\" | {{ head -c 3000000; echo more >> {file}; cat; }}");
        RemoteTransferResult result = Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = _workspace["source"],
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Recurse = true,
            AllowChanging = allows,
        }));
        Assert.Equal(allows ? 0 : 1, result.Warnings.Count(warning => warning.Contains("changed as we read it", StringComparison.Ordinal)));
        Assert.Equal(20_000_000, new FileInfo(_workspace["target/file"]).Length);
    }

    /// <summary>The files are compared after the whole stream.</summary>
    [Theory]
    [InlineData("bash", "echo more >> log")]
    [InlineData("bash", "rm log 'odd\\name'")]
    [InlineData("dash", "mv log log.1; echo new > log")]
    [InlineData("busybox", "echo more >> log; echo more >> 'odd\\name'")]
    [InlineData("busybox", "rm log")]
    public void A_file_that_changes_before_it_is_verified_is_a_warning(string shell, string change)
    {
        RemoteHost host = ChangingHost(shell, change);
        WriteLogs();
        byte[][] content = [.. Logs.Select(name => File.ReadAllBytes(_workspace[$"source/{name}"]))];

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Verified(host)));

        Assert.False(result.Verified);
        string[] changed = [.. Logs.Where(name => change.Contains(name, StringComparison.Ordinal))];
        Assert.Equal(changed.Length, result.Warnings.Count);
        Assert.All(changed, name => Assert.Contains(result.Warnings, warning => warning.EndsWith($"./{name}: changed before it was verified", StringComparison.Ordinal)));
        Assert.Equal(content, Logs.Select(name => File.ReadAllBytes(_workspace[$"target/{name}"])));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void A_changed_file_does_not_hide_one_that_differs(string shell)
    {
        RemoteHost host = ChangingHost(shell, "echo more >> log", Remotes.Replacing("genuine", by: "changed"));
        WriteLogs();
        File.WriteAllText(_workspace["source/plain"], "genuine");

        TransferException error = Remotes.Error(Remotes.Receive(Verified(host)), TransferErrorId.VerificationFailed);

        Assert.Contains("plain: FAILED", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("log: ", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_workspace["target"]));
    }

    /// <summary>The thread that sends has the rights of another user (setfsuid(2)).</summary>
    [Fact]
    public void What_cannot_be_read_here_is_an_error_and_the_others_are_sent()
    {
        SshServer.Require();
        WriteTree();
        _workspace.Write("source/one", [1]);
        File.CreateSymbolicLink(_workspace["source/link"], "one");
        Command.Check("ln", _workspace["source/one"], _workspace["source/two"]);
        var request = new SendRequest
        {
            Source = _workspace["source"],
            Hosts = [server.Host()],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Recurse = true,
            Verify = true,
        };
        RemoteTransferResult result = Remotes.Result(Send(request));
        Assert.Equal(2, result.FailedCount);
        Assert.Equal(2, _failures.Count);
        Assert.Equal(["closed", "link", "one", "open", "two", "z"], Names("target"));
    }

    /// <summary>Nothing comes in place of it, so it is not removed.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_on_the_host_stays_if_the_file_in_its_place_cannot_be_read(string shell)
    {
        SshServer.Require();
        WriteTree();
        foreach (string name in new[] { "secret", "z" })
        {
            Directory.CreateDirectory(_workspace[$"target/source/{name}/deep"]);
            _workspace.Write($"target/source/{name}/deep/old", [1]);
        }

        RemoteTransferResult result = Remotes.Result(Send(new SendRequest
        {
            Source = _workspace["source"],
            Hosts = [server.Host(shell)],
            Destination = _workspace["target"],
            Ssh = server.SharedConnection,
            Recurse = true,
            Update = UpdateMode.Changed,
            RemoveExtra = true,
            MaximumRemoval = 100,
        }));

        Assert.Equal((2, true), (result.FailedCount, result.RemovalSkipped));
        Assert.Equal(3, result.Removed); // z, which a file has replaced
        Assert.Equal([1], File.ReadAllBytes(_workspace["target/source/secret/deep/old"]));
        Files.AssertSameBytes(_workspace["source/z"], _workspace["target/source/z"]);
        Files.AssertSameBytes(_workspace["source/open/file"], _workspace["target/source/open/file"]);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "The holes of '{0}/a' were sent as zeros")]
    [InlineData(2, "The holes of 2 files were sent as zeros")]
    public void Holes_of_files_in_a_folder_are_a_warning(int count, string? warning)
    {
        SshServer.Require();
        Directory.CreateDirectory(_workspace["source"]);
        _workspace.WriteRandom("source/whole", 1_000_000);
        foreach (string name in new[] { "a", "b" }.Take(count))
        {
            Command.Check("truncate", "-s", "20M", _workspace.WriteRandom($"source/{name}", 1_000_000));
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = _workspace["source"],
            Destination = _workspace["target"],
            Hosts = [server.Host()],
            Ssh = server.Options,
            Recurse = true,
        }));

        Assert.Equal(warning is null ? 0 : 1, result.Warnings.Count);
        Assert.All(result.Warnings, text => Assert.StartsWith(string.Format(System.Globalization.CultureInfo.InvariantCulture, warning!, _workspace["source"]), text, StringComparison.Ordinal));
        Assert.Equal(string.Empty, Command.Run("diff", "-r", _workspace["source"], _workspace["target"]).Text);
    }

    /// <summary>With -Resume, the same command continues in the folder that it has created.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_cannot_be_read_is_transferred_later_to_the_same_folder(bool isSent)
    {
        SshServer.Require();
        Command.Require("setpriv");
        WriteTree();
        Command.Check("chmod", "711", _workspace["source/closed"]);
        var send = new SendRequest
        {
            Source = _workspace["source"],
            Destination = _workspace["target"],
            Hosts = [server.Host()],
            Ssh = server.Options,
            Recurse = true,
            Resume = true,
        };
        var receive = new ReceiveRequest
        {
            Source = _workspace["source"],
            Destination = _workspace["target"],
            Hosts = [server.Host($"unprivileged-{Guid.NewGuid():N}", "setpriv --reuid=65534 --regid=65534 --clear-groups bash -c \"$SSH_ORIGINAL_COMMAND\"")],
            Ssh = server.Options,
            Recurse = true,
            Resume = true,
        };
        IReadOnlyList<RemoteOutcome> first = isSent ? Send(send) : Remotes.Receive(receive);
        Assert.Equal(2, Assert.Single(first, outcome => outcome.Result is not null).Result!.FailedCount);
        Assert.Matches("^target\\.[0-9a-f]{16}\\.splice-partial$", Assert.Single(_workspace.Names, name => name is not ("source" or "target")));

        Command.Check("chmod", "-R", "go+rX", _workspace["source"]);
        RemoteTransferResult result = Remotes.Result(isSent ? Send(send) : Remotes.Receive(receive));

        Assert.Equal((_workspace["target"], 0L), (result.Destination, result.FailedCount));
        Assert.Equal(["source", "target"], _workspace.Names);
        Assert.Equal(string.Empty, Command.Run("diff", "-r", _workspace["source"], _workspace["target"]).Text);
    }

    [Fact]
    public void A_growing_log_is_sent_and_received_with_AllowChanging()
    {
        SshServer.Require();
        string log = _workspace.WriteRandom("log", 30_000_000);
        byte[] content = File.ReadAllBytes(log);
        RemoteHost host = server.Host($"log-{Guid.NewGuid():N}",
            $"{{ stdbuf -o0 head -c 5000000; echo more >> {log}; cat; }} | bash -c \"$SSH_ORIGINAL_COMMAND\"");
        var send = new SendRequest { Source = log, Hosts = [host], Destination = _workspace["sent"], Ssh = server.Options, AllowChanging = true, Verify = true };
        Remotes.Error(Remotes.Send(send with { AllowChanging = false }), TransferErrorId.SourceChanged);
        Assert.False(File.Exists(_workspace["sent"]));
        File.WriteAllBytes(log, content);
        Remotes.Result(Remotes.Send(send));
        Assert.Equal(content, File.ReadAllBytes(_workspace["sent"]));
        RemoteHost grows = server.Host($"grows-{Guid.NewGuid():N}",
            $"bash -c \"$SSH_ORIGINAL_COMMAND\" | {{ read -r line; echo \"$line\"; head -c 1000000; echo more >> {log}; cat; }}");
        File.WriteAllBytes(log, content);
        var receive = new ReceiveRequest { Source = log, Hosts = [grows], Destination = _workspace["received"], Ssh = server.Options, Verify = true };
        Remotes.Error(Remotes.Receive(receive), TransferErrorId.SourceChanged);
        Assert.False(File.Exists(_workspace["received"]));
        File.WriteAllBytes(log, content);
        Remotes.Result(Remotes.Receive(receive with { AllowChanging = true }));
        Assert.Equal(content, File.ReadAllBytes(_workspace["received"]));
    }

    public void Dispose() => _workspace.Dispose();

    private static string[] Logs => ["log", "odd\\name", "other"];

    private void WriteLogs()
    {
        Directory.CreateDirectory(_workspace["source"]);
        Array.ForEach(Logs, name => _workspace.WriteRandom($"source/{name}", 200_000));
    }

    private ReceiveRequest Verified(RemoteHost host) => new()
    {
        Source = _workspace["source"],
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.Options,
        Recurse = true,
        Verify = true,
    };

    /// <summary>A host on which files change when the digests of what has arrived come back, on the second line of the input.</summary>
    private RemoteHost ChangingHost(string shell, string change, string filter = "cat")
    {
        SshServer.Require();
        string run = shell == "busybox" ? server.BusyboxCommand : $"{shell} -c";
        return server.Host(
            $"changes-{Guid.NewGuid():N}",
            $"set -o pipefail; {{ IFS= read -r line; echo \"$line\"; IFS= read -r line; (cd {_workspace["source"]}; {change}); echo \"$line\"; cat; }} | {run} \"$SSH_ORIGINAL_COMMAND\" | {filter}");
    }

    private void WriteTree()
    {
        Directory.CreateDirectory(_workspace["source/open"]);
        Directory.CreateDirectory(_workspace["source/closed"]);
        _workspace.WriteRandom("source/open/file", 100);
        _workspace.WriteRandom("source/closed/file", 100);
        _workspace.WriteRandom("source/secret", 100);
        _workspace.WriteRandom("source/z", 100);
        Command.Check("chmod", "755", _workspace.Folder);
        Command.Check("chmod", "-R", "go+rX", _workspace["source"]);
        Command.Check("chmod", "700", _workspace["source/closed"]);
        Command.Check("chmod", "600", _workspace["source/secret"]);
    }

    private IEnumerable<string?> Names(string folder) => Directory.GetFileSystemEntries(_workspace[folder]).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private List<RemoteOutcome> Send(SendRequest request) => Wait.For(
        limit =>
        {
            List<RemoteOutcome> outcomes = [];
            _ = setfsuid(65534);
            try
            {
                RemoteCopy.Send(request, new TransferMonitor(Cancellation: limit), outcomes.Add, _failures.Add);
            }
            finally
            {
                _ = setfsuid(0);
            }

            return outcomes;
        },
        CancellationToken.None);

    [DllImport("libc")]
    private static extern int setfsuid(uint user);
}
