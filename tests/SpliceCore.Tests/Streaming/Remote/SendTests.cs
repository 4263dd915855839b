using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>One file to one host.</summary>
public sealed class SendTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => SshServer.Shells;

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_arrives_with_its_mode_and_time(string shell)
    {
        SendRequest request = Request(server.Host(shell), 5_000_003) with { Verify = true };
        File.SetUnixFileMode(request.Source, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        File.SetLastWriteTimeUtc(request.Source, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
        Assert.Equal(File.GetUnixFileMode(request.Source), File.GetUnixFileMode(request.Destination));
        Assert.Equal(File.GetLastWriteTimeUtc(request.Source), File.GetLastWriteTimeUtc(request.Destination));
        Assert.Equal(5_000_003, result.BytesSent);
        Assert.Equal(5_000_003, result.Length);
        Assert.True(result.Verified);
        Assert.Equal(0, result.RemoteExitCode);
        Assert.Null(result.ResumedAt);
        Assert.Equal(request.Hosts[0].Text, result.HostName);
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Theory]
    [InlineData("@-2.5")]
    [InlineData("@-0.000000001")]
    public void A_time_before_1970_keeps_its_fraction(string time)
    {
        SendRequest request = Request(server.Host("bash"), 10);
        Command.Check("touch", "-d", time, request.Source);
        Remotes.Result(Remotes.Send(request));
        Assert.Equal(Files.Metadata(request.Source, "%.9Y"), Files.Metadata(request.Destination, "%.9Y"));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_is_not_to_be_kept_is_as_a_new_file_has_it(string shell)
    {
        SendRequest request = Request(server.Host(shell), 1000) with { Preserve = PreserveAttributes.None };
        File.SetUnixFileMode(request.Source, (UnixFileMode)0x1FF);
        File.SetLastWriteTimeUtc(request.Source, DateTime.UnixEpoch);
        Assert.Empty(Remotes.Result(Remotes.Send(request)).Warnings);
        Assert.Equal("755", Command.Check("stat", "-c", "%a", request.Destination));
        Assert.NotEqual(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(request.Destination));
        Command.Check("chown", "1234:4321", request.Source);
        Command.Check("setfattr", "-n", "user.text", "-v", "x", request.Source);
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request with { Preserve = PreserveAttributes.All }));
        Assert.Equal("777 1234 4321 0", Command.Check("stat", "-c", "%a %u %g %Y", request.Destination));
        Assert.Contains("extended attributes", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash", 0)]
    [InlineData("dash", 1)]
    [InlineData("busybox", 0)]
    [InlineData("busybox", 4096)]
    public void Small_files_arrive(string shell, int size)
    {
        SendRequest request = Request(server.Host(shell), size);
        Assert.Equal(size, Remotes.Result(Remotes.Send(request)).BytesSent);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
    }

    /// <summary>ssh reads 32 KiB at a time: a pipe that was full would have room after each of 1,024 reads.</summary>
    [Fact]
    public void This_process_does_not_wake_for_each_read_of_ssh()
    {
        SendRequest request = Request(server.Host(), 32 << 20);
        var trace = new TransferTrace(takesCalls: true);
        Assert.Equal(32 << 20, trace.Follow(() => Remotes.Result(Remotes.Send(request))).BytesSent);
        Assert.InRange(trace.SystemCalls.Where(call => call.Name == "poll").Sum(call => call.Count), 1, 300);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_takes_the_sources_name_and_a_link_leads_to_its_file(string shell)
    {
        Directory.CreateDirectory(_workspace["folder"]);
        SendRequest request = Request(server.Host(shell), 1000) with { Destination = _workspace["folder"] };
        Remotes.Result(Remotes.Send(request));
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace["folder/source"]));
        _workspace.Write("real", [1]);
        File.CreateSymbolicLink(_workspace["link"], "real");
        Remotes.Result(Remotes.Send(request with { Destination = _workspace["link"] }));
        Assert.Equal("real", new FileInfo(_workspace["link"]).LinkTarget);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace["real"]));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_must_not_be_replaced_is_kept_and_the_host_says_why(string shell)
    {
        SendRequest request = Request(server.Host(shell), 1000);
        byte[] old = [1, 2, 3];
        _workspace.Write("target", old);
        TransferException exists = Remotes.Error(Remotes.Send(request with { NoClobber = true }), TransferErrorId.DestinationExists);
        Assert.Contains("target exists", exists.Message, StringComparison.Ordinal);
        Assert.Equal(82, exists.PartialRemote().RemoteExitCode);
        Assert.Equal(old, File.ReadAllBytes(request.Destination));
        Remotes.Error(Remotes.Send(request with { Destination = _workspace["none/target"] }), TransferErrorId.DestinationFolderNotFound);
        Posix.MakeFifo(_workspace["fifo"]);
        Remotes.Error(Remotes.Send(request with { Destination = _workspace["fifo"] }), TransferErrorId.DestinationNotReplaceable);
        Directory.CreateDirectory(_workspace["folder/source"]);
        Remotes.Error(Remotes.Send(request with { Destination = _workspace["folder"] }), TransferErrorId.DestinationExists);
        Assert.Equal(["fifo", "folder", "source", "target"], _workspace.Names);
        Remotes.Result(Remotes.Send(request with { NoClobber = true, Destination = _workspace["new"] }));
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(_workspace["new"]));
    }

    [Fact]
    public void A_host_without_room_keeps_its_old_file_and_says_so()
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", "size=1m");
        string target = Path.Combine(mount.Folder, "target");
        File.WriteAllBytes(target, [1, 2, 3]);
        SendRequest request = Request(server.Host(), 5_000_000) with { Destination = target };
        TransferException full = Remotes.Error(Remotes.Send(request), TransferErrorId.DiskFull);
        Assert.Contains("No space left on device", full.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(target));
        Assert.Equal([target], Directory.GetFileSystemEntries(mount.Folder));
    }

    [Fact]
    public void A_host_that_drops_the_connection_keeps_its_old_file()
    {
        // The script runs, and gets no more than a part.
        RemoteHost host = server.Host("drops", "stdbuf -o0 head -c 300000 | bash -c \"$SSH_ORIGINAL_COMMAND\"");
        SendRequest request = Request(host, 5_000_000);
        _workspace.Write("target", [1, 2, 3]);
        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);
        Assert.Contains("interrupted", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(request.Destination));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Fact]
    public void Hosts_that_refuse_are_reported_with_their_own_words()
    {
        RemoteHost refusing = server.Host("refuses", "echo Not today >&2; exit 7");
        TransferException refused = Remotes.Error(Remotes.Send(Request(refusing, 1000)), TransferErrorId.RemoteFailed);
        Assert.Contains("Not today", refused.Message, StringComparison.Ordinal);
        Assert.Equal(7, refused.PartialRemote().RemoteExitCode);
        var nobody = RemoteHost.Parse("127.0.0.1", port: SshServer.FreePort());
        TransferException closed = Remotes.Error(Remotes.Send(Request(nobody, 1000)), TransferErrorId.ConnectionFailed);
        Assert.Contains("Connection refused", closed.Message, StringComparison.Ordinal);
        Assert.StartsWith("Check the port (-Port), and that sshd is running", closed.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(255, closed.PartialRemote().RemoteExitCode);
    }

    [Fact]
    public void Another_key_than_the_known_one_is_told_from_an_unknown_one()
    {
        RemoteHost host = server.Host();
        string known = _workspace["known"];
        Command.Check("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", _workspace["other"]);
        string other = File.ReadAllText(_workspace["other.pub"]).Split(' ')[1];
        File.WriteAllLines(known, File.ReadLines(server.Options.Settings["UserKnownHostsFile"]).Select(line => $"{string.Join(' ', line.Split(' ')[..2])} {other}"));
        var settings = new Dictionary<string, string>(server.Options.Settings) { ["UserKnownHostsFile"] = known, ["BatchMode"] = "yes" };
        SendRequest request = Request(host, 1000) with { Ssh = server.Options with { Settings = settings } };

        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);

        Assert.Contains("has changed", error.Problem, StringComparison.Ordinal);
        Assert.StartsWith("Another host may have its address", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_does_not_answer_is_told_from_a_wrong_key()
    {
        SshServer.Require();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var host = RemoteHost.Parse("127.0.0.1", port: ((IPEndPoint)silent.LocalEndpoint).Port);
        SendRequest request = Request(host, 1000) with { Ssh = server.Options with { ConnectingTimeout = 1 } };

        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);

        Assert.Contains("timed out", error.Problem, StringComparison.Ordinal);
        Assert.StartsWith("Check the address and the port (-Port)", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_host_key_is_refused()
    {
        SendRequest request = Request(server.Host(), 1000);
        var settings = new Dictionary<string, string>(server.Options.Settings) { ["UserKnownHostsFile"] = "/dev/null", ["BatchMode"] = "yes" };
        request = request with { Ssh = server.Options with { Settings = settings } };
        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);
        Assert.Contains("Host key verification failed", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("The host key is unknown here", error.RecommendedAction, StringComparison.Ordinal);
        Assert.False(File.Exists(request.Destination));
    }

    [Fact]
    public void A_host_that_stops_reading_is_given_up()
    {
        RemoteHost host = server.Host("stalls", "echo splice-ready 0 0; exec sleep 60");
        SendRequest request = Request(host, 50_000_000) with { IdleTimeout = TimeSpan.FromSeconds(0.5) };
        Remotes.Error(Remotes.Send(request), TransferErrorId.IdleTimeout);
        RemoteHost silent = server.Host("silent", "exec sleep 60");
        Remotes.Error(Remotes.Send(request with { Hosts = [silent] }), TransferErrorId.IdleTimeout);
    }

    [Fact]
    public void What_a_shells_start_files_print_does_no_harm()
    {
        RemoteHost host = server.Host("chatty", "echo Welcome; printf 'no line '; exec bash -c \"$SSH_ORIGINAL_COMMAND\"");
        SendRequest request = Request(host, 100_000);
        Remotes.Result(Remotes.Send(request));
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
    }

    [Fact]
    public void A_digest_that_differs_keeps_the_old_file()
    {
        // A byte more than was sent, and another one less.
        RemoteHost host = server.Host("corrupts", $"exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <({Remotes.Replacing("a", "b")})");
        SendRequest request = Request(host, 100_000) with { Verify = true };
        _workspace.Write("target", [1, 2, 3]);
        Remotes.Error(Remotes.Send(request), TransferErrorId.VerificationFailed);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(request.Destination));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Fact]
    public void Only_regular_files_are_sent()
    {
        var host = RemoteHost.Parse("127.0.0.1");
        Directory.CreateDirectory(_workspace["folder"]);
        Posix.MakeFifo(_workspace["fifo"]);
        Assert.Equal(TransferErrorId.SourceIsDirectory, Refused(_workspace["folder"]));
        Assert.Equal(TransferErrorId.NotSeekable, Refused(_workspace["fifo"]));
        Assert.Equal(TransferErrorId.SourceNotFound, Refused(_workspace["none"]));

        TransferErrorId Refused(string source) => Assert.Throws<TransferException>(() => Remotes.Send(
            new SendRequest { Source = source, Hosts = [host], Destination = "x" })).Id;
    }

    public void Dispose() => _workspace.Dispose();

    private SendRequest Request(RemoteHost host, int size) => new()
    {
        Source = _workspace.WriteRandom("source", size),
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
    };
}
