using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A single file that is there in an older version: it is transferred only if it changed.</summary>
public sealed class FileUpdateTests(SshServer server) : IDisposable
{
    private static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly Workspace _workspace = new();

    public static TheoryData<string, bool> Ways => new()
    {
        { "bash", true }, { "dash", true }, { "busybox", true }, { "bash", false }, { "busybox", false },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Only_what_changed_is_transferred(string shell, bool isSend)
    {
        Write("source", "the content");
        Assert.Equal((ItemStatus.Copied, null, 11), Run(shell, isSend, UpdateMode.Changed));
        string identity = Files.Metadata(_workspace["target"], "%i %Z %s");

        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Changed));
        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Newer));
        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Size));
        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Content));
        Assert.Equal(identity, Files.Metadata(_workspace["target"], "%i %Z %s"));

        Write("source", "longer content");
        Assert.Equal((ItemStatus.Updated, "size differs", 14), Run(shell, isSend, UpdateMode.Changed));
        Write("source", "other! content");
        File.SetLastWriteTimeUtc(_workspace["source"], Old);
        Assert.Equal((ItemStatus.Skipped, "destination is newer", 0), Run(shell, isSend, UpdateMode.Newer));
        Assert.Equal((ItemStatus.Updated, "time differs", 14), Run(shell, isSend, UpdateMode.Changed));
        Write("source", "third, content");
        File.SetLastWriteTimeUtc(_workspace["source"], Old);
        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Changed));
        Assert.Equal((ItemStatus.Updated, "content differs", 14), Run(shell, isSend, UpdateMode.Content));
        File.SetLastWriteTimeUtc(_workspace["source"], Old.AddDays(1));
        Assert.Equal((ItemStatus.Updated, "source is newer", 14), Run(shell, isSend, UpdateMode.Newer));
        Assert.Equal(File.ReadAllText(_workspace["source"]), File.ReadAllText(_workspace["target"]));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Of_a_file_with_the_same_content_only_metadata_are_set(string shell, bool isSend)
    {
        Command.RequireRoot();
        Write("source", "the content");
        Run(shell, isSend, UpdateMode.Changed);
        string inode = Files.Metadata(_workspace["target"], "%i");
        File.SetLastWriteTimeUtc(_workspace["source"], Old);
        Assert.Equal((ItemStatus.Updated, "time differs", 0), Run(shell, isSend, UpdateMode.Content));
        Command.Check("chmod", "640", _workspace["source"]);
        Assert.Equal((ItemStatus.Updated, "mode differs", 0), Run(shell, isSend, UpdateMode.Changed));
        Command.Check("chown", "1234:4321", _workspace["source"]);
        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Changed));
        Assert.Equal((ItemStatus.Updated, "owner differs", 0), Run(shell, isSend, UpdateMode.Changed, owner: true));
        Assert.Equal((ItemStatus.Unchanged, null, 0), Run(shell, isSend, UpdateMode.Changed, owner: true));
        Assert.Equal($"{inode} 640 1234 4321 {new DateTimeOffset(Old).ToUnixTimeSeconds()}", Files.Metadata(_workspace["target"], "%i %a %u %g %Y"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Other_hard_links_keep_their_metadata(string shell, bool isSend)
    {
        Write("source", "the content");
        Run(shell, isSend, UpdateMode.Changed);
        Posix.HardLink(_workspace, "target", "snapshot");
        string before = Files.Metadata(_workspace["snapshot"], "%i %a");
        Command.Check("chmod", "600", _workspace["source"]);

        Assert.Equal((ItemStatus.Updated, "mode differs", 11), Run(shell, isSend, UpdateMode.Changed));
        Assert.Equal(before, Files.Metadata(_workspace["snapshot"], "%i %a"));
        Assert.Equal("600", Files.Metadata(_workspace["target"], "%a"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_dry_run_describes_each_file_and_changes_nothing(string shell, bool isSend)
    {
        Write("source", "content");
        Assert.Equal((ItemStatus.Copied, "new/source"), Plan(shell, isSend, "new/"));
        Assert.Equal((ItemStatus.Copied, "target"), Plan(shell, isSend, "target"));
        Assert.Equal(["source"], _workspace.Names);
        Run(shell, isSend, UpdateMode.Changed);
        Assert.Equal((ItemStatus.Unchanged, "target"), Plan(shell, isSend, "target"));
        Command.Check("chmod", "600", _workspace["source"]);
        Assert.Equal((ItemStatus.Updated, "target"), Plan(shell, isSend, "target"));
        Write("source", "longer content");
        Assert.Equal((ItemStatus.Updated, "target"), Plan(shell, isSend, "target"));
        Assert.Equal("content", File.ReadAllText(_workspace["target"]));
        Assert.NotEqual("600", Files.Metadata(_workspace["target"], "%a"));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void NoClobber_leaves_unchanged_files_and_refuses_others(string shell, bool isSend)
    {
        Write("source", "content");
        Run(shell, isSend, UpdateMode.Changed);
        Command.Check("chmod", "600", _workspace["source"]);
        Assert.Equal(ItemStatus.Unchanged, Remotes.Result(Transfer(shell, isSend, request => request with { NoClobber = true })).Status);
        Assert.NotEqual("600", Files.Metadata(_workspace["target"], "%a"));
        Write("source", "longer content");
        Remotes.Error(Transfer(shell, isSend, request => request with { NoClobber = true }), TransferErrorId.DestinationExists);
        Remotes.Error(Transfer(shell, isSend, request => request with { NoClobber = true, IsDryRun = true }), TransferErrorId.DestinationExists);
        Assert.Equal("content", File.ReadAllText(_workspace["target"]));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_is_not_a_file_is_an_error(string shell, bool isSend)
    {
        Write("source", "content");
        Command.Check("mkfifo", _workspace["target"]);
        Remotes.Error(Transfer(shell, isSend, request => request), TransferErrorId.DestinationNotReplaceable);
    }

    [Fact]
    public void Each_of_several_hosts_gets_what_it_lacks()
    {
        RemoteHost[] hosts = [.. new[] { "same", "changed", "missing" }.Select(name => server.Host(
            $"file-update-{name}-{Guid.NewGuid():N}", $"cd {Directory.CreateDirectory(_workspace[name]).FullName}; exec bash -c \"$SSH_ORIGINAL_COMMAND\""))];
        Write("source", "new content");
        Command.Check("cp", "-p", _workspace["source"], _workspace["same/target"]);
        Write("changed/target", "old");

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(
            new SendRequest { Source = _workspace["source"], Hosts = hosts, Destination = "target", Ssh = server.Options, Update = UpdateMode.Content, Verify = true });

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        Assert.Equal([ItemStatus.Unchanged, ItemStatus.Updated, ItemStatus.Copied], outcomes.Select(outcome => outcome.Result!.Status));
        Assert.Equal([0, 11, 11], outcomes.Select(outcome => outcome.Result!.BytesSent));
        Assert.Equal([false, true, true], outcomes.Select(outcome => outcome.Result!.Verified));
        Assert.All(hosts, host => Assert.All(new[] { "same", "changed", "missing" }, name => Assert.Equal("new content", File.ReadAllText(_workspace[$"{name}/target"]))));
    }

    [Fact]
    public void An_interrupted_transfer_is_resumed()
    {
        _workspace.WriteRandom("source", 3_000_000);
        SendRequest request = Send("bash") with { Resume = true };
        using var stop = new CancellationTokenSource();
        var interruption = new Interruption(request.Destination, after: 1_000_000, stop.Cancel);
        Assert.Equal(TransferErrorId.Cancelled, Assert.Throws<TransferException>(
            () => Remotes.Send(request with { RateLimit = new RateLimiter(2_000_000) }, new TransferMonitor(interruption.Watch, stop.Token))).Id);
        Wait.Until(() => !Directory.EnumerateFileSystemEntries(_workspace.Folder, "*.lock").Any(), "The lock stays.");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.InRange(result.ResumedAt ?? 0, 1, 3_000_000);
        Files.AssertSameBytes(request.Source, request.Destination);
        Assert.Equal(ItemStatus.Unchanged, Remotes.Result(Remotes.Send(request)).Status);
    }

    [Theory]
    [InlineData("printf 'splice-ready 0 plan\\nsplice-old x\\nsplice-old :1 2 3 f 1\\n'; yes 'splice-old x'")]
    [InlineData("printf 'splice-ready 0 plan\\nsplice-old :\\n'; yes 'splice-ready 0 plan'")]
    [InlineData("printf 'splice-ready 0 plan\\n'; exit 3")]
    [InlineData("printf 'splice-ready 0 plan\\nsplice-old :ef53 - 0 81a4 7 1.000000000 644 0 0 1 2 3 0 0\\n'; read -r a; printf 'splice-done\\n'; exit 3")]
    [InlineData("printf 'splice-ready 0 plan\\nsplice-old :ef53 - 0 81a4 99999999999999999999 1.0 644 0 0 1 2 3 0 0\\n'; yes")]
    public void A_host_that_sends_anything_is_an_error(string command)
    {
        RemoteHost host = server.Host($"file-update-{Guid.NewGuid():N}", command);
        Write("source", "content");
        foreach (UpdateMode update in new[] { UpdateMode.Changed, UpdateMode.Content })
        {
            Remotes.Error(Remotes.Send(Send("bash") with { Hosts = [host], Ssh = server.Options, Update = update }), TransferErrorId.RemoteFailed);
        }
    }

    [Theory]
    [InlineData("printf 'splice-sum x\\n'; read -r a; head -c 7 < source; printf 'splice-done %s\\n' -", true)]
    [InlineData("yes splice-sum", false)]
    [InlineData("yes splice-alive", false)]
    [InlineData("exit 3", false)]
    public void A_host_that_sends_anything_as_a_sum_replaces_nothing_unless_the_rest_is_right(string command, bool arrives)
    {
        RemoteHost host = server.Host($"file-update-{Guid.NewGuid():N}", $"cd {_workspace.Folder}; printf 'splice-file 7 1 644 1 2 8 0 0 1 -\\n'; read -r a; read -r a; {command}");
        Write("source", "content");
        Write("target", "old one");
        RemoteOutcome outcome = Assert.Single(Remotes.Receive(Receive("bash") with { Hosts = [host], Ssh = server.Options, Update = UpdateMode.Content }));
        Assert.Equal(arrives, outcome.Error is null);
        Assert.Equal(arrives ? "content" : "old one", File.ReadAllText(_workspace["target"]));
    }

    public void Dispose() => _workspace.Dispose();

    private (ItemStatus Status, string? Reason, long Bytes) Run(string shell, bool isSend, UpdateMode update, bool owner = false)
    {
        RemoteTransferResult result = Remotes.Result(Transfer(shell, isSend, request => request with
        {
            Update = update,
            Verify = true,
            Preserve = request.Preserve | (owner ? PreserveAttributes.Ownership : PreserveAttributes.None),
        }));
        Assert.Empty(result.Warnings);
        Assert.Equal(_workspace["target"], result.Destination);
        Assert.Equal(result.BytesSent > 0, result.Verified);
        Assert.Equal(
            (result.Status == ItemStatus.Skipped ? 0 : 1, result.Status == ItemStatus.Updated ? 1 : 0, result.Status == ItemStatus.Unchanged ? 1 : 0, result.Status == ItemStatus.Skipped ? 1 : 0),
            (result.FileCount, result.Updated, result.Unchanged, result.Skipped));
        return (result.Status, result.Reason, result.BytesSent);
    }

    private (ItemStatus Status, string Path) Plan(string shell, bool isSend, string target)
    {
        List<(ItemStatus, string)> planned = [];
        void Add(RemoteHost host, TransferResult item) => planned.Add((item.Status, Path.GetRelativePath(_workspace.Folder, item.Destination)));
        void Check(RemoteOutcome outcome) => Assert.Null(outcome.Error?.Message);
        if (isSend)
        {
            RemoteCopy.Send(Send(shell) with { Destination = _workspace[target], IsDryRun = true }, TransferMonitor.None, Check, planned: Add);
        }
        else
        {
            RemoteCopy.Receive(Receive(shell) with { Destination = _workspace[target], IsDryRun = true }, TransferMonitor.None, Check, Add);
        }

        return Assert.Single(planned);
    }

    private IReadOnlyList<RemoteOutcome> Transfer(string shell, bool isSend, Func<RemoteRequest, RemoteRequest> change) =>
        isSend ? Remotes.Send((SendRequest)change(Send(shell))) : Remotes.Receive((ReceiveRequest)change(Receive(shell)));

    private SendRequest Send(string shell) => new()
    {
        Source = _workspace["source"],
        Hosts = [server.Host(shell)],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
        Update = UpdateMode.Changed,
    };

    private ReceiveRequest Receive(string shell) => new()
    {
        Source = _workspace["source"],
        Hosts = [server.Host(shell)],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
        Update = UpdateMode.Changed,
    };

    private void Write(string name, string text) => File.WriteAllText(_workspace[name], text);
}
