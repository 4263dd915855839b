using System.Text;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder to hosts with the tar of GNU and of busybox.</summary>
public sealed class SendTreeTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => SshServer.Shells;

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_arrives_whole_under_a_name_that_was_not_there(string shell)
    {
        SendRequest request = Request(server.Host(shell)) with { Verify = true };
        SampleTree.Make(request.Source);
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        SampleTree.AssertSame(request.Source, request.Destination, keepsFractions: shell != "busybox");
        Assert.True(result.Verified);
        Assert.Equal(SampleTree.Files, result.FileCount);
        Assert.Equal(SampleTree.Folders, result.DirectoryCount);
        Assert.Equal(SampleTree.Bytes, result.Length);
        Assert.Equal(SampleTree.Bytes, result.BytesSent);
        Assert.Equal(["source", "target"], _workspace.Names);
        Assert.Equal(shell == "busybox", result.Warnings.Any(warning => warning.Contains("symbolic links", StringComparison.Ordinal)));
    }

    /// <summary>Status for the total and of the walk, open, status, access list, read, status.</summary>
    [Fact]
    public void Each_small_file_takes_seven_system_calls()
    {
        long calls = CallsFor("few", 100);
        Assert.InRange(CallsFor("many", 300) - calls, (200 * 7) - 10, 200 * 8); // the rest of the two transfers differs by a few

        long CallsFor(string name, int files)
        {
            SendRequest request = Request(server.Host()) with { Source = _workspace[name], Destination = _workspace[$"{name}-copy"] };
            for (int i = 0; i < files; i++)
            {
                Write($"{name}/{i}", "content");
            }

            var trace = new TransferTrace(takesCalls: true);
            trace.Follow(() => Remotes.Result(Remotes.Send(request)));
            string[] perFile = ["statx", "openat", "fgetxattr", "getxattr", "pread"];
            return trace.SystemCalls.Where(call => perFile.Contains(call.Name)).Sum(call => call.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_that_is_there_takes_it_under_its_name(string shell)
    {
        SendRequest request = Request(server.Host(shell)) with { Destination = _workspace["target"] };
        SampleTree.Make(request.Source);
        Directory.CreateDirectory(request.Destination);
        Remotes.Result(Remotes.Send(request));
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
        Assert.Equal([_workspace["target/source"]], Directory.GetFileSystemEntries(request.Destination));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_is_in_a_folder_of_its_name_stays_unless_it_is_replaced(string shell)
    {
        SendRequest request = Request(server.Host(shell)) with { Destination = _workspace["target"], Verify = true };
        Write("source/both", "new");
        Write("source/sub/mine", "new");
        Write("source/fresh/deep/one", "new");
        File.CreateSymbolicLink(_workspace["source/link"], "both");
        Write("target/source/both", "old");
        Write("target/source/kept", "old");
        Write("target/source/sub/theirs", "old");
        Write("elsewhere", "old");
        File.CreateSymbolicLink(_workspace["target/source/link"], "../../elsewhere");
        Remotes.Result(Remotes.Send(request));
        Assert.Equal("new", Text("target/source/both"));
        Assert.Equal("old", Text("target/source/kept"));
        Assert.Equal("new", Text("target/source/sub/mine"));
        Assert.Equal("old", Text("target/source/sub/theirs"));
        Assert.Equal("new", Text("target/source/fresh/deep/one"));
        Assert.Equal("both", new FileInfo(_workspace["target/source/link"]).LinkTarget);
        Assert.Equal("old", Text("elsewhere"));
        Assert.Equal(5, Directory.GetFileSystemEntries(_workspace["target/source"]).Length);
    }

    /// <summary>Two hosts can be one, or share a disk.</summary>
    [Fact]
    public void A_folder_that_another_transfer_creates_meanwhile_is_merged()
    {
        SendRequest request = Request(CreatingHost("tar")) with { Verify = true };
        Write("source/sub/mine", "new");

        Remotes.Result(Remotes.Send(request));

        Assert.Equal("new", File.ReadAllText($"{request.Destination}/sub/mine"));
        Assert.Equal("theirs", File.ReadAllText($"{request.Destination}/sub/theirs"));
        Assert.Equal([$"{request.Destination}/sub"], Directory.GetFileSystemEntries(request.Destination));
    }

    [Theory]
    [InlineData("tar", true, TransferErrorId.DestinationExists)]
    [InlineData("mv", false, TransferErrorId.RemoteFailed)]
    public void Nothing_is_moved_into_a_folder_that_another_transfer_creates_meanwhile(string tool, bool noClobber, TransferErrorId expected)
    {
        SendRequest request = Request(CreatingHost(tool)) with { NoClobber = noClobber };
        Write("source/sub/mine", "new");

        Remotes.Error(Remotes.Send(request), expected);

        Assert.Equal([$"{request.Destination}/sub/theirs"], Directory.GetFiles(request.Destination, "*", SearchOption.AllDirectories));
        Assert.Equal(["bin", "source", "target"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_stands_in_the_way_is_found_before_anything_is_replaced(string shell)
    {
        SendRequest request = Request(server.Host(shell));
        Write("source/a", "new");
        Write("source/z/file", "new");
        Write("target/source/a", "old");
        Write("target/source/z", "old");
        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.DestinationExists);
        Assert.Contains("target/source/z exists and is not a folder", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", Text("target/source/a"));
        Assert.Equal(2, Directory.GetFileSystemEntries(_workspace["target/source"]).Length);

        // A link to a folder is no folder: what it leads to is not written into.
        File.Delete(_workspace["target/source/z"]);
        Directory.CreateDirectory(_workspace["outside"]);
        File.CreateSymbolicLink(_workspace["target/source/z"], _workspace["outside"]);
        Remotes.Error(Remotes.Send(request), TransferErrorId.DestinationExists);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["outside"]));
    }

    [Fact]
    public void Without_clobbering_not_a_byte_is_sent()
    {
        SendRequest request = Request(server.Host()) with { NoClobber = true };
        Write("source/a", "new");
        Write("target/source/b", "old");
        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.DestinationExists);
        Assert.Equal(0, error.PartialRemote().BytesSent);
        Assert.Equal([_workspace["target/source/b"]], Directory.GetFileSystemEntries(_workspace["target/source"]));
    }

    [Fact]
    public void One_walk_serves_hosts_of_both_kinds()
    {
        SampleTree.Make(_workspace["source"]);
        string[] shells = ["bash", "busybox", "dash"];
        RemoteHost[] hosts =
        [
            .. shells.Select(shell => server.Host($"tree-{shell}",
                $"cd {Directory.CreateDirectory(_workspace[shell]).FullName}; exec {(shell == "busybox" ? server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"")),
        ];
        RemoteHost refuses = server.Host("refuses", "echo Not today >&2; exit 7");
        var outcomes = Remotes.Send(Request(server.Host()) with { Hosts = [.. hosts, refuses], Destination = "x", Verify = true });
        Assert.Equal(TransferErrorId.RemoteFailed, Assert.Single(outcomes, outcome => outcome.Error is not null).Error!.Id);
        Assert.Equal(3, outcomes.Count(outcome => outcome.Result?.Verified == true));
        foreach (string shell in shells)
        {
            SampleTree.AssertSame(_workspace["source"], _workspace[$"{shell}/x"], keepsFractions: shell != "busybox");
        }
    }

    [Theory]
    [InlineData("bash", 0)]
    [InlineData("bash", 1000)]
    [InlineData("bash", 600_000)]
    [InlineData("busybox", 1000)]
    [InlineData("busybox", 600_000)]
    public void A_connection_that_breaks_leaves_nothing(string shell, int bytes)
    {
        RemoteHost host = server.Host($"tree-drops-{shell}-{bytes}",
            $"stdbuf -o0 head -c {bytes} | {(shell == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\"");
        SendRequest request = Request(host);
        SampleTree.Make(request.Source);
        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);
        Assert.Contains("interrupted", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], _workspace.Names);
        Directory.CreateDirectory(_workspace["target/source"]);
        Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace["target/source"]));
    }

    [Fact]
    public void A_host_without_room_says_so_and_keeps_nothing()
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", "size=1m");
        SendRequest request = Request(server.Host()) with { Destination = Path.Combine(mount.Folder, "target") };
        SampleTree.Make(request.Source);
        Remotes.Error(Remotes.Send(request), TransferErrorId.DiskFull);
        Assert.Empty(Directory.GetFileSystemEntries(mount.Folder));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void Bytes_that_change_on_the_way_are_found(string shell)
    {
        RemoteHost host = server.Host($"tree-corrupts-{shell}",
            $"{Remotes.Replacing("genuine", "changed")} | {(shell == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\"");
        SendRequest request = Request(host) with { Verify = true };
        Write("source/odd\nname\\", "genuine");
        Remotes.Error(Remotes.Send(request), TransferErrorId.VerificationFailed);
        File.Delete(_workspace["source/odd\nname\\"]);
        Write("source/plain", "genuine");
        TransferException error = Remotes.Error(Remotes.Send(request), TransferErrorId.VerificationFailed);
        Assert.Contains("plain: FAILED", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], _workspace.Names);
    }

    [Fact]
    public void What_cannot_be_sent_is_refused_or_told()
    {
        SendRequest request = Request(server.Host());
        Write("source/file", "x");
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Send(request with { Resume = true, NoClobber = true })).Id);
        Assert.Equal(TransferErrorId.SourceIsDirectory, Assert.Throws<TransferException>(() => Remotes.Send(request with { Recurse = false })).Id);
        Posix.MakeFifo(_workspace["source/fifo"]);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(_workspace["source/socket"]));
        IReadOnlyList<string> warnings = Remotes.Result(Remotes.Send(request)).Warnings;
        Assert.Contains(warnings, warning => warning.Contains("source/fifo' is a special file", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.Contains("source/socket' is a socket", StringComparison.Ordinal));
        Assert.Equal([_workspace["target/file"]], Directory.GetFileSystemEntries(request.Destination));
    }

    [Theory]
    [InlineData(30_000_000, TransferErrorId.SourceTruncated)]
    [InlineData(50_000_000, null)]
    public void A_file_that_becomes_shorter_ends_it_and_one_that_grows_is_told(int size, TransferErrorId? fails)
    {
        // The host takes the beginning, changes the size, and takes the rest.
        string file = Path.Combine(Directory.CreateDirectory(_workspace["source"]).FullName, "file");
        File.WriteAllBytes(file, Workspace.RandomBytes(40_000_000));
        RemoteHost host = server.Host($"tree-resizes-{size}",
            $"{{ stdbuf -o0 head -c 5000000; truncate -s {size} {file}; cat; }} | bash -c \"$SSH_ORIGINAL_COMMAND\"");
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(Request(host));
        if (fails is TransferErrorId id)
        {
            Assert.Contains("source/file' became shorter", Remotes.Error(outcomes, id).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_workspace["target"]));
        }
        else
        {
            Assert.Contains("while it was sent", Assert.Single(Remotes.Result(outcomes).Warnings), StringComparison.Ordinal);
            Assert.Equal(40_000_000, new FileInfo(_workspace["target/file"]).Length);
        }
    }

    [Fact]
    public void A_file_is_sent_as_a_file()
    {
        SendRequest request = Request(server.Host()) with { Source = _workspace.WriteRandom("source", 1000) };
        Assert.Equal(0, Remotes.Result(Remotes.Send(request)).DirectoryCount);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>A host on which a command creates the destination before it runs.</summary>
    private RemoteHost CreatingHost(string tool)
    {
        SshServer.Require();
        string real = Command.Check("sh", "-c", $"command -v {tool}");
        string script = $"#!/bin/sh\nmkdir -p {_workspace["target"]}/sub && printf theirs > {_workspace["target"]}/sub/theirs\nexec {real} \"$@\"\n";
        Write($"bin/{tool}", script);
        File.SetUnixFileMode(_workspace[$"bin/{tool}"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return server.Host($"creating-{Guid.NewGuid():N}", $"PATH={_workspace["bin"]}:$PATH exec sh -c \"$SSH_ORIGINAL_COMMAND\"");
    }

    private SendRequest Request(RemoteHost host) => new()
    {
        Source = _workspace["source"],
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
        Recurse = true,
    };

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_workspace[name])!);
        File.WriteAllBytes(_workspace[name], Encoding.UTF8.GetBytes(text));
    }

    private string Text(string name) => File.ReadAllText(_workspace[name]);
}
