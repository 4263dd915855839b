using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Disks of hosts that accept no more bytes, or none: the errors are those of disks here, and have nothing of the tools on
/// the host.</summary>
public sealed class HostDiskTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string, bool> Kinds => new()
    {
        { "bash", false },
        { "dash", false },
        { "busybox", false },
        { "bash", true },
        { "busybox", true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_that_is_full(string shell, bool isTree)
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", "size=1m");
        SendRequest request = Request(server.Host(shell), isTree, Path.Combine(mount.Folder, "target"));
        TransferException error = AssertPlain(Remotes.Send(request), TransferErrorId.DiskFull, Errno.ENOSPC);
        Assert.StartsWith($"No space is left on {request.Hosts[0].Text} in '{request.Destination}' for '{request.Source}'", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(mount.Folder));
    }

    /// <summary>The lock of a transfer with -Resume cannot be written, or not even created.</summary>
    [Theory]
    [InlineData("bash", "size=1m")]
    [InlineData("dash", "size=1m")]
    [InlineData("busybox", "size=1m")]
    [InlineData("dash", "size=1m,nr_inodes=2")]
    public void One_that_is_full_before_a_resumable_transfer(string shell, string options)
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", options);
        string filler = Path.Combine(mount.Folder, "filler");
        Assert.NotEqual(0, Command.Run("dd", "if=/dev/zero", $"of={filler}", "bs=64k").ExitCode);
        SendRequest request = Request(server.Host(shell), isTree: false, Path.Combine(mount.Folder, "target")) with { Resume = true };

        AssertPlain(Remotes.Send(request), TransferErrorId.DiskFull, Errno.ENOSPC);

        Assert.Equal([filler], Directory.GetFileSystemEntries(mount.Folder));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_that_is_read_only(string shell, bool isTree)
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", "size=1m");
        string folder = Directory.CreateDirectory(Path.Combine(mount.Folder, "folder")).FullName;
        File.WriteAllText(Path.Combine(mount.Folder, "old"), "old");
        Command.Check("mount", "-o", "remount,ro", mount.Folder);
        foreach (string name in isTree ? new[] { "target", "folder", "new/" } : new[] { "target", "folder", "new/", "old" })
        {
            SendRequest request = Request(server.Host(shell), isTree, Path.Combine(mount.Folder, name));
            TransferException error = AssertPlain(Remotes.Send(request), TransferErrorId.PermissionDenied, Errno.EROFS);
            Assert.Contains("its file system is read-only", error.Message, StringComparison.Ordinal);
            Assert.StartsWith("Mount it there for writing", error.RecommendedAction, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void One_with_a_limit_for_files(string shell)
    {
        SshServer.Require();
        RemoteHost host = server.Host(
            $"limits-{shell}", $"ulimit -f 1000; trap '' XFSZ; exec {(shell == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\"");
        AssertPlain(Remotes.Send(Request(host, isTree: false, _workspace["target"])), TransferErrorId.FileSizeLimit, Errno.EFBIG);
        Assert.Equal(["source"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();

    private static TransferException AssertPlain(IReadOnlyList<RemoteOutcome> outcomes, TransferErrorId id, Errno errno)
    {
        TransferException error = Remotes.Error(outcomes, id);
        Assert.Equal(errno, error.Errno);
        Assert.DoesNotContain("records", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".splice-", error.Message, StringComparison.Ordinal);
        return error;
    }

    private SendRequest Request(RemoteHost host, bool isTree, string destination)
    {
        string file = isTree ? Path.Combine(Directory.CreateDirectory(_workspace["source"]).FullName, "file") : _workspace["source"];
        File.WriteAllBytes(file, Workspace.RandomBytes(3_000_000));
        return new SendRequest { Source = _workspace["source"], Destination = destination, Hosts = [host], Ssh = server.Options, Recurse = isTree };
    }
}
