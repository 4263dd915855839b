using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>What a transfer with a host may replace, and what it may not.</summary>
public sealed class PlacementTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => ["bash", "dash", "busybox"];

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("absolute", "bash")]
    [InlineData("../../target/source/conf", "bash")]
    [InlineData("conf", "bash")]
    [InlineData("absolute", "dash")]
    [InlineData("../../target/source/conf", "busybox")]
    public void A_link_in_a_folder_that_is_sent_does_not_replace_what_it_leads_to(string text, string shell)
    {
        MakeLinkedTree(text);
        TransferException error = Remotes.Error(Remotes.Send(SendTree(shell)), TransferErrorId.SameFile);
        Assert.Contains("would replace it", error.Message, StringComparison.Ordinal);
        AssertUntouched();
    }

    [Theory]
    [InlineData("absolute")]
    [InlineData("../../target/source/conf")]
    [InlineData("conf")]
    public void A_link_in_a_folder_that_is_received_does_not_replace_what_it_leads_to(string text)
    {
        MakeLinkedTree(text);
        Remotes.Error(Remotes.Receive(ReceiveTree()), TransferErrorId.SameFile);
        AssertUntouched();
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_with_links_is_sent_over_its_older_copy(string shell)
    {
        MakeTree();
        Remotes.Result(Remotes.Send(SendTree(shell)));
        Remotes.Result(Remotes.Send(SendTree(shell)));
        Assert.Equal("file", new FileInfo(_workspace["target/source/to-file"]).LinkTarget);
        Assert.Equal("loop", new FileInfo(_workspace["target/source/loop"]).LinkTarget);
    }

    [Fact]
    public void A_folder_with_links_is_received_over_its_older_copy()
    {
        MakeTree();
        Remotes.Result(Remotes.Receive(ReceiveTree()));
        Remotes.Result(Remotes.Receive(ReceiveTree()));
        Assert.Equal("file", new FileInfo(_workspace["target/source/to-file"]).LinkTarget);
        Assert.Equal("loop", new FileInfo(_workspace["target/source/loop"]).LinkTarget);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_is_not_sent_through_a_link_that_has_its_name(string shell)
    {
        MakeTree();
        LinkNameOutside();
        Remotes.Error(Remotes.Send(SendTree(shell)), TransferErrorId.DestinationExists);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["outside"]));
    }

    [Fact]
    public void A_folder_is_not_received_through_a_link_that_has_its_name()
    {
        MakeTree();
        LinkNameOutside();
        Remotes.Error(Remotes.Receive(ReceiveTree()), TransferErrorId.DestinationExists);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["outside"]));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void Files_that_are_sent_replace_links_to_folders_and_do_not_go_through_them(string shell)
    {
        MakeTree();
        LinkEntriesOutside();
        Remotes.Result(Remotes.Send(SendTree(shell)));
        AssertLinksReplaced();
    }

    [Fact]
    public void Files_that_are_received_replace_links_to_folders_and_do_not_go_through_them()
    {
        MakeTree();
        LinkEntriesOutside();
        Remotes.Result(Remotes.Receive(ReceiveTree()));
        AssertLinksReplaced();
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_goes_through_a_link_that_the_user_named(string shell)
    {
        MakeTree();
        Directory.CreateDirectory(_workspace["outside"]);
        File.CreateSymbolicLink(_workspace["way"], "outside");
        Remotes.Result(Remotes.Send(SendTree(shell) with { Destination = _workspace["way"] }));
        Assert.Equal("content", File.ReadAllText(_workspace["outside/source/file"]));
        Directory.Delete(_workspace["outside/source"], recursive: true);
        Remotes.Result(Remotes.Receive(ReceiveTree() with { Destination = _workspace["way"] }));
        Assert.Equal("content", File.ReadAllText(_workspace["outside/source/file"]));
    }

    /// <summary>proc_sys_fs(5): in a sticky folder such as /tmp, links of other users are not followed.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_is_not_sent_through_a_link_that_the_kernel_does_not_follow(string shell)
    {
        SshServer.Require();
        using var setting = new ProtectedLinks();
        _workspace.WriteRandom("file", 1000);
        _workspace.Write("secret", "keep"u8.ToArray());
        Command.Check("mkdir", "-m", "1777", _workspace["sticky"]);
        SendRequest request = new()
        {
            Source = _workspace["file"],
            Destination = _workspace["sticky"],
            Hosts = [server.Host(shell)],
            Ssh = server.SharedConnection,
        };
        foreach (string target in new[] { "secret", "made" })
        {
            Command.Check("ln", "-sfn", _workspace[target], _workspace["sticky/file"]);
            Command.Check("chown", "-h", "65534", _workspace["sticky/file"]);

            TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.PermissionDenied);

            Assert.Contains("/sticky/file is a link that this user may not follow", error.Message, StringComparison.Ordinal);
            Assert.Equal("Remove the link there, or choose another destination.", error.RecommendedAction);
            Assert.Equal("keep", File.ReadAllText(_workspace["secret"]));
            Assert.Equal(["file", "secret", "sticky"], _workspace.Names);
        }

        foreach (string target in new[] { "secret", "made" })
        {
            Command.Check("ln", "-sfn", _workspace[target], _workspace["sticky/file"]);
            Remotes.Result(Remotes.Send(request));
            Files.AssertSameBytes(_workspace["file"], _workspace[target]);
        }
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_that_is_made_on_the_host_meanwhile_stays(string shell)
    {
        _workspace.WriteRandom("file", 2_000_000);
        var request = new SendRequest
        {
            Source = _workspace["file"],
            Destination = _workspace["taken"],
            Hosts = [server.Host(shell)],
            Ssh = server.SharedConnection,
        };
        TransferException error = Remotes.Error(Remotes.Send(request, Taking()), TransferErrorId.DestinationExists);
        Assert.Contains("again without -NoClobber", error.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal("another", File.ReadAllText(_workspace["taken"]));
        Assert.Equal(["file", "taken"], _workspace.Names);
        Remotes.Result(Remotes.Send(request));
        Files.AssertSameBytes(_workspace["file"], _workspace["taken"]);
    }

    [Fact]
    public void A_file_that_is_made_here_meanwhile_stays()
    {
        _workspace.WriteRandom("file", 2_000_000);
        var request = new ReceiveRequest
        {
            Source = _workspace["file"],
            Destination = _workspace["taken"],
            Hosts = [server.Host()],
            Ssh = server.SharedConnection,
            RateLimit = new RateLimiter(1_500_000),
        };
        Remotes.Error(Remotes.Receive(request, Taking()), TransferErrorId.DestinationExists);
        Assert.Equal("another", File.ReadAllText(_workspace["taken"]));
        Assert.Equal(["file", "taken"], _workspace.Names);
    }

    /// <summary>As on a file system without hard links.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("EMLINK:when=1")]
    public void A_hard_link_that_is_received_becomes_a_file_where_none_can_be_made(string error)
    {
        Command.Require("strace");
        Directory.CreateDirectory(_workspace["source"]);
        byte[] content = File.ReadAllBytes(_workspace.WriteRandom("source/one", 200_000));
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456789", _workspace["source/one"]);
        Posix.HardLink(_workspace, "source/one", "source/two");

        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-o", _workspace["trace"], "-e", $"inject=linkat:error={error}"],
            "--receive", _workspace["source"], _workspace["target"], server.KeyPath,
            server.Options.Settings["UserKnownHostsFile"], server.Host().Text);

        Assert.Equal("received", output.Text);
        Assert.Contains("INJECTED", File.ReadAllText(_workspace["trace"]), StringComparison.Ordinal);
        Assert.Equal(["one", "two"], Directory.GetFileSystemEntries(_workspace["target"]).Select(Path.GetFileName).Order());
        foreach (string name in new[] { "one", "two" })
        {
            Assert.Equal(content, File.ReadAllBytes(_workspace[$"target/{name}"]));
            Assert.Equal(File.GetLastWriteTimeUtc(_workspace["source/one"]), File.GetLastWriteTimeUtc(_workspace[$"target/{name}"]));
            Assert.Equal("1", Command.Check("stat", "--format", "%h", _workspace[$"target/{name}"]));
        }
    }

    /// <summary>As on NFS.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_gets_its_name_where_no_rename_has_flags(bool isTaken)
    {
        Command.Require("strace");
        MakeTree();
        Directory.CreateDirectory(_workspace["other"]);
        if (isTaken)
        {
            // A link to nothing is no folder, and takes the name.
            File.CreateSymbolicLink(_workspace["other/new"], "nothing");
        }

        RemoteHost host = server.Host();
        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-o", _workspace["trace"], "-e", "trace=renameat2", "-e", "inject=renameat2:error=EINVAL"],
            "--receive", _workspace["source"], _workspace["other/new"], server.KeyPath,
            server.Options.Settings["UserKnownHostsFile"], host.Text);
        string answer = output.Text;

        Assert.Equal(isTaken, answer.Contains("other/new", StringComparison.Ordinal));
        Assert.Equal(!isTaken, answer == "received");
        Assert.Equal(["new"], Directory.GetFileSystemEntries(_workspace["other"]).Select(Path.GetFileName));
        Assert.Equal(!isTaken, File.Exists(_workspace["other/new/file"]));
        Assert.Equal(isTaken ? "nothing" : null, new FileInfo(_workspace["other/new"]).LinkTarget);
    }

    private TransferMonitor Taking() => new(progress =>
    {
        if (progress.BytesCopied > 0 && !File.Exists(_workspace["taken"]))
        {
            File.WriteAllText(_workspace["taken"], "another");
        }
    });

    private SendRequest SendTree(string shell) => new()
    {
        Source = _workspace["source"],
        Destination = _workspace["target"],
        Hosts = [server.Host(shell)],
        Ssh = server.SharedConnection,
        Recurse = true,
    };

    private ReceiveRequest ReceiveTree() => new()
    {
        Source = _workspace["source"],
        Destination = _workspace["target"],
        Hosts = [server.Host()],
        Ssh = server.SharedConnection,
        Recurse = true,
    };

    private void MakeTree()
    {
        Directory.CreateDirectory(_workspace["source/inner"]);
        Directory.CreateDirectory(_workspace["target"]);
        File.WriteAllText(_workspace["source/file"], "content");
        File.CreateSymbolicLink(_workspace["source/to-file"], "file");
        File.CreateSymbolicLink(_workspace["source/inner/up"], "../file");
        File.CreateSymbolicLink(_workspace["source/loop"], "loop");
        File.CreateSymbolicLink(_workspace["source/inner/-x"], "nowhere");
    }

    private void MakeLinkedTree(string text)
    {
        MakeTree();
        Directory.CreateDirectory(_workspace["target/source"]);
        File.WriteAllText(_workspace["target/source/conf"], "keep");
        File.CreateSymbolicLink(_workspace["source/conf"], text == "absolute" ? _workspace["target/source/conf"] : text);
    }

    private void AssertUntouched()
    {
        Assert.Equal("keep", File.ReadAllText(_workspace["target/source/conf"]));
        Assert.Equal(["conf"], Directory.GetFileSystemEntries(_workspace["target/source"]).Select(Path.GetFileName));
    }

    private void LinkEntriesOutside()
    {
        Directory.CreateDirectory(_workspace["target/source"]);
        Directory.CreateDirectory(_workspace["outside"]);
        File.CreateSymbolicLink(_workspace["target/source/file"], "../../outside");
        File.CreateSymbolicLink(_workspace["target/source/to-file"], _workspace["outside"]);
    }

    private void AssertLinksReplaced()
    {
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["outside"]));
        Assert.Null(new FileInfo(_workspace["target/source/file"]).LinkTarget);
        Assert.Equal("content", File.ReadAllText(_workspace["target/source/file"]));
        Assert.Equal("file", new FileInfo(_workspace["target/source/to-file"]).LinkTarget);
    }

    private void LinkNameOutside()
    {
        Directory.CreateDirectory(_workspace["outside"]);
        File.CreateSymbolicLink(_workspace["target/source"], "../outside");
    }

    /// <summary>Sets fs.protected_symlinks, for as long as the object lives.</summary>
    private sealed class ProtectedLinks : IDisposable
    {
        private const string Setting = "fs.protected_symlinks";

        private readonly string _before = Command.Check("sysctl", "-n", Setting);

        public ProtectedLinks() => Assert.SkipUnless(Set("1"), $"{Setting} cannot be set here");

        public void Dispose() => Set(_before);

        private static bool Set(string value) => Command.Run("sysctl", "-q", "-w", $"{Setting}={value}").ExitCode == 0;
    }
}
