using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A file from one host, and from several.</summary>
public sealed class ReceiveTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => SshServer.Shells;

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_arrives_with_its_mode_and_time(string shell)
    {
        ReceiveRequest request = Request(server.Host(shell), 5_000_003) with { Verify = true };
        File.SetUnixFileMode(request.Source, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        File.SetLastWriteTimeUtc(request.Source, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        RemoteTransferResult result = Remotes.Result(Remotes.Receive(request));
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
        Assert.Equal(File.GetUnixFileMode(request.Source), File.GetUnixFileMode(request.Destination));
        Assert.Equal(File.GetLastWriteTimeUtc(request.Source), File.GetLastWriteTimeUtc(request.Destination));
        Assert.Equal(5_000_003, result.BytesSent);
        Assert.True(result.Verified);
        Assert.Equal(request.Destination, result.Destination);
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Theory]
    [InlineData("@-2.5")]
    [InlineData("@-0.000000001")]
    public void A_time_before_1970_keeps_its_fraction(string time)
    {
        ReceiveRequest request = Request(server.Host("bash"), 10);
        Command.Check("touch", "-d", time, request.Source);
        Remotes.Result(Remotes.Receive(request));
        Assert.Equal(Files.Metadata(request.Source, "%.9Y"), Files.Metadata(request.Destination, "%.9Y"));
    }

    [Theory]
    [InlineData("fchmod")]
    [InlineData("utimensat")]
    public void Metadata_that_cannot_be_set_is_a_warning(string call)
    {
        Command.Require("strace");
        ReceiveRequest request = Request(server.Host("bash"), 1000);

        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-o", _workspace["trace"], "-e", $"trace={call}", "-e", $"inject={call}:error=EPERM"],
            "--transfer", "receive", request.Source, request.Destination, server.KeyPath,
            server.Options.Settings["UserKnownHostsFile"], request.Hosts[0].Text);

        Assert.Contains("INJECTED", File.ReadAllText(_workspace["trace"]), StringComparison.Ordinal);
        Assert.EndsWith("done", output.Text, StringComparison.Ordinal);
        Files.AssertSameBytes(request.Source, request.Destination);
    }

    [Theory]
    [InlineData("bash", 0)]
    [InlineData("dash", 1)]
    [InlineData("busybox", 4096)]
    public void Small_files_arrive(string shell, int size)
    {
        ReceiveRequest request = Request(server.Host(shell), size);
        Assert.Equal(size, Remotes.Result(Remotes.Receive(request)).BytesSent);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
    }

    [Theory]
    [InlineData("bash", false)]
    [InlineData("busybox", true)]
    public void Holes_come_as_holes(string shell, bool verify)
    {
        ReceiveRequest request = Request(server.Host(shell), 0) with { Verify = verify };
        using (FileStream file = File.OpenWrite(request.Source))
        {
            foreach (long offset in new[] { 0, 70L << 20, 130L << 20 })
            {
                file.Position = offset;
                file.Write(Workspace.RandomBytes(100_000));
            }

            file.SetLength(150L << 20);
        }

        Remotes.Result(Remotes.Receive(request));
        Assert.Equal(string.Empty, Command.Run("cmp", request.Source, request.Destination).Text);
        string[] blocks = Command.Check("stat", "-c", "%b", request.Source, request.Destination).Split('\n');
        Assert.InRange(int.Parse(blocks[1], System.Globalization.CultureInfo.InvariantCulture), 1, int.Parse(blocks[0], System.Globalization.CultureInfo.InvariantCulture) + 64);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_is_not_to_be_kept_is_as_a_new_file_has_it(string shell)
    {
        ReceiveRequest request = Request(server.Host(shell), 1000) with { Preserve = PreserveAttributes.None };
        File.SetUnixFileMode(request.Source, (UnixFileMode)0x1FF);
        File.SetLastWriteTimeUtc(request.Source, DateTime.UnixEpoch);
        Remotes.Result(Remotes.Receive(request));
        Assert.Equal("755", Command.Check("stat", "-c", "%a", request.Destination));
        Assert.NotEqual(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(request.Destination));
        Command.Check("chown", "1234:4321", request.Source);
        RemoteTransferResult result = Remotes.Result(Remotes.Receive(request with { Preserve = PreserveAttributes.All }));
        Assert.Equal("777 1234 4321 0", Command.Check("stat", "-c", "%a %u %g %Y", request.Destination));
        Assert.Contains("access control lists", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_file_there_is_reported()
    {
        ReceiveRequest request = Request(server.Host(), 10);
        Posix.MakeFifo(_workspace["fifo"]);
        Remotes.Error(Remotes.Receive(request with { Source = _workspace["none"] }), TransferErrorId.SourceNotFound);
        Remotes.Error(Remotes.Receive(request with { Source = _workspace.Folder }), TransferErrorId.SourceIsDirectory);
        Remotes.Error(Remotes.Receive(request with { Source = _workspace["fifo"] }), TransferErrorId.DestinationNotReplaceable);
        Assert.Equal(["fifo", "source"], _workspace.Names);
    }

    [Fact]
    public void What_must_not_be_replaced_is_kept()
    {
        ReceiveRequest request = Request(server.Host(), 1000);
        _workspace.Write("target", [1, 2, 3]);
        Remotes.Error(Remotes.Receive(request with { NoClobber = true }), TransferErrorId.DestinationExists);
        Remotes.Error(Remotes.Receive(request with { Destination = _workspace["none/target"] }), TransferErrorId.DestinationFolderNotFound);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(request.Destination));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_host_that_drops_the_connection_leaves_the_old_file_and_the_rest_is_resumed(bool verify)
    {
        RemoteHost host = server.Host("drops-answers", "bash -c \"$SSH_ORIGINAL_COMMAND\" | { read -r line; echo \"$line\"; head -c 300000; }");
        ReceiveRequest request = Request(host, 2_000_000) with { Verify = verify };
        _workspace.Write("target", [1, 2, 3]);
        Assert.Single(Remotes.Receive(request), outcome => outcome.Error is not null);
        Assert.Equal(["source", "target"], _workspace.Names);
        Assert.Single(Remotes.Receive(request with { Resume = true }), outcome => outcome.Error is not null);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(request.Destination));
        string partial = Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        long kept = new FileInfo(_workspace[partial]).Length;
        Assert.InRange(kept, 1, 300_000);

        // It drops whatever comes after so many bytes, and each time there is more.
        for (int i = 0; i < 20 && Remotes.Receive(request with { Resume = true })[0] is { Error: not null }; i++)
        {
            Assert.InRange(new FileInfo(_workspace[partial]).Length, kept + 1, 2_000_000);
            kept = new FileInfo(_workspace[partial]).Length;
        }

        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Fact]
    public void A_file_that_changes_meanwhile_is_not_taken()
    {
        RemoteHost host = server.Host("changes", "bash -c \"$SSH_ORIGINAL_COMMAND\" | { read -r line; echo \"$line\"; head -c 1000; echo more >> $(cat " + _workspace["name"] + "); cat; }");
        ReceiveRequest request = Request(host, 3_000_000);
        File.WriteAllText(_workspace["name"], request.Source);
        Remotes.Error(Remotes.Receive(request), TransferErrorId.SourceChanged);
        Assert.Equal(["name", "source"], _workspace.Names);
    }

    [Fact]
    public void A_digest_that_differs_is_not_taken()
    {
        RemoteHost host = server.Host("corrupts-answers", "bash -c \"$SSH_ORIGINAL_COMMAND\" | { read -r line; echo \"$line\"; tr '\\200' '\\201'; }");
        ReceiveRequest request = Request(host, 100_000) with { Verify = true };
        Remotes.Error(Remotes.Receive(request), TransferErrorId.VerificationFailed);
        Remotes.Error(Remotes.Receive(request with { Resume = true }), TransferErrorId.VerificationFailed);
        Assert.Equal(["source"], _workspace.Names);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Several_hosts_have_a_folder_each(bool haveSameText)
    {
        string[] homes = [.. Enumerable.Range(0, 3).Select(i => Directory.CreateDirectory(_workspace[$"there-{i}"]).FullName)];
        RemoteHost[] hosts = [.. homes.Select((home, i) => server.Host($"there-{i}-{haveSameText}", $"cd {home}; exec dash -c \"$SSH_ORIGINAL_COMMAND\""))];
        for (int i = 0; i < 3; i++)
        {
            _workspace.WriteRandom($"there-{i}/file", 100_000 + i, seed: i);
        }

        string folder = Directory.CreateDirectory(_workspace["here"]).FullName;
        RemoteHost refuses = server.Host("refuses", "echo Not today >&2; exit 7");
        var outcomes = Remotes.Receive(new ReceiveRequest
        {
            Source = "file",
            Hosts = [.. hosts.Append(refuses).Select(host => haveSameText ? RemoteHost.Parse(host.Name, port: host.Port) : host)],
            Destination = folder,
            Ssh = server.SharedConnection,
            ThrottleLimit = 2,
        });
        TransferException error = Assert.Single(outcomes, outcome => outcome.Error is not null).Error!;
        Assert.Equal((TransferErrorId.RemoteFailed, refuses.Text), (error.Id, error.Target));
        Assert.Equal(hosts.Select(host => host.Text).Order(StringComparer.Ordinal), outcomes.Select(outcome => outcome.Result?.HostName).OfType<string>().Order(StringComparer.Ordinal));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(homes[i], "file")), File.ReadAllBytes(Path.Combine(folder, hosts[i].Text, "file")));
        }
    }

    public void Dispose() => _workspace.Dispose();

    private ReceiveRequest Request(RemoteHost host, int size) => new()
    {
        Source = _workspace.WriteRandom("source", size),
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
    };
}
