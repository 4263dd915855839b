using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>Files that the kernel generates when they are read: their size is 0 or that of a page, and says nothing.</summary>
public sealed class GeneratedFileTests(SshServer server, MountedFileSystems fileSystems) : IDisposable
{
    private const string Sysfs = "/sys/kernel/mm/transparent_hugepage";

    private readonly Workspace _folder = new();

    /// <summary>Files that say the same whenever they are read.</summary>
    public static TheoryData<string> Paths => ["/proc/version", "/proc/cmdline", "/proc/sys/kernel/ostype", $"{Sysfs}/enabled"];

    public static TheoryData<string> Shells => ["bash", "dash", "busybox"];

    [Theory]
    [InlineData("/proc/version", true)]
    [InlineData($"{Sysfs}/enabled", true)]
    [InlineData("/sys/fs/cgroup/cgroup.controllers", true)]
    [InlineData("/dev/shm", false)]
    [InlineData("/etc/passwd", false)]
    public void A_file_system_of_generated_files_is_known_by_its_number(string path, bool isGenerated)
    {
        Assert.SkipUnless(Path.Exists(path), $"there is no {path}");
        using SafeFileHandle file = Posix.OpenRead(path);

        Assert.Equal(isGenerated, FileSystemTypes.IsGenerated(file));
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_file_that_is_one_hole_is_none(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], 1 << 20);
        using SafeFileHandle file = Posix.OpenRead(folder["source"]);

        Assert.Equal(1 << 20, Descriptor.Describe(file, "source").Size);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Parts_have_all(string path)
    {
        Assert.SkipUnless(File.Exists(path), $"there is no {path}");
        byte[] content = Read(path);
        var copy = new CopyRequest { Source = path, Destination = _folder.Folder };

        IReadOnlyList<TransferResult> parts = FileSplit.Split(new SplitRequest { Copy = copy, PartSize = 4 }, TransferMonitor.None);

        Assert.Equal((content.Length + 3) / 4, parts.Count);
        Assert.Equal(content, parts.SelectMany(part => File.ReadAllBytes(part.Destination)));
        Assert.Equal(File.GetUnixFileMode(path), File.GetUnixFileMode(parts[0].Destination));
    }

    [Fact]
    public void A_range_behind_the_end_of_a_page_that_is_not_full_is_an_error()
    {
        Assert.SkipUnless(File.Exists($"{Sysfs}/enabled"), $"there is no {Sysfs}");
        var copy = new CopyRequest { Source = $"{Sysfs}/enabled", Destination = _folder["copy"] };

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(copy with { Offset = 1000 }, TransferMonitor.None));
        Assert.Equal(TransferErrorId.OffsetPastEnd, error.Id);
        error = Assert.Throws<TransferException>(() => FileCopy.Copy(copy with { Count = 1000 }, TransferMonitor.None));
        Assert.Equal(TransferErrorId.CountPastEnd, error.Id);
        Assert.Empty(_folder.Names);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void They_are_sent(string path)
    {
        Assert.SkipUnless(File.Exists(path), $"there is no {path}");
        var request = new SendRequest { Source = path, Destination = _folder["copy"], Hosts = [server.Host("dash")], Ssh = server.SharedConnection, Verify = true };

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        byte[] content = Read(path);
        Assert.Equal(content, File.ReadAllBytes(_folder["copy"]));
        Assert.Equal((content.Length, content.Length), (result.BytesSent, result.Length));
        Assert.Equal(File.GetUnixFileMode(path), File.GetUnixFileMode(_folder["copy"]));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void They_are_received(string shell)
    {
        foreach (string path in Paths.Select(row => row.Data).Where(File.Exists))
        {
            var request = new ReceiveRequest { Source = path, Destination = _folder["copy"], Hosts = [server.Host(shell)], Ssh = server.SharedConnection, Verify = true };

            RemoteTransferResult result = Remotes.Result(Remotes.Receive(request));

            byte[] content = Read(path);
            Assert.Equal(content, File.ReadAllBytes(_folder["copy"]));
            Assert.Equal((content.Length, content.Length), (result.BytesSent, result.Length));
        }
    }

    [Theory]
    [InlineData("/proc/sys/kernel/random", "bash")]
    [InlineData(Sysfs, "bash")]
    [InlineData(Sysfs, "busybox")]
    public void A_folder_of_them_is_sent_and_copied(string folder, string shell)
    {
        Assert.SkipUnless(Directory.Exists(folder), $"there is no {folder}");
        string[] names = [.. Directory.GetFiles(folder)
            .Where(path => !path.EndsWith("uuid", StringComparison.Ordinal) && !path.Contains("entropy", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(folder, path))];
        var request = new SendRequest { Source = folder, Destination = _folder["sent"], Hosts = [server.Host(shell)], Ssh = server.SharedConnection, Recurse = true, Verify = true };

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        TreeCopies.CopyWithErrors(TreeCopies.Request(folder, _folder["copied"], PreserveAttributes.None));

        Assert.True(names.Length > 2);
        Assert.All(names, name => Assert.Equal(Read(Path.Combine(folder, name)), File.ReadAllBytes(_folder[$"sent/{name}"])));
        Assert.All(names, name => Assert.Equal(Read(Path.Combine(folder, name)), File.ReadAllBytes(_folder[$"copied/{name}"])));
        Assert.Equal(result.BytesSent, result.Length);
        Assert.True(result.BytesSent > 0);
    }

    [Theory]
    [InlineData("/proc/sys/kernel/random")]
    [InlineData(Sysfs)]
    public void A_folder_of_them_is_not_received_as_empty(string folder)
    {
        Assert.SkipUnless(Directory.Exists(folder), $"there is no {folder}");
        var request = new ReceiveRequest { Source = folder, Destination = _folder["copy"], Hosts = [server.Host("bash")], Ssh = server.SharedConnection, Recurse = true };

        TransferException error = Remotes.Error(Remotes.Receive(request), TransferErrorId.RemoteFailed);

        Assert.Contains("generates", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Names);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>All bytes up to the end: .NET's own methods believe the size.</summary>
    private static byte[] Read(string path)
    {
        using SafeFileHandle file = Posix.OpenRead(path);
        byte[] content = new byte[1 << 16];
        int length = 0;
        for (long read = 1; read > 0; length += (int)read)
        {
            read = LibC.Read(file, content.AsSpan(length), offset: null).Value;
            Assert.True(read >= 0, path);
        }

        return content[..length];
    }
}
