using Xunit;

namespace Splice.Tests.Copying.Reflinks;

/// <summary>Whether blocks are shared is the user's choice, and no call is made against it.</summary>
public sealed class ReflinkModeTests(MountedFileSystems fileSystems)
{
    private const int Size = 1_000_003;

    public static MatrixTheoryData<FileSystem, ReflinkMode> Sharing =>
        new([FileSystem.Xfs, FileSystem.Btrfs], Enum.GetValues<ReflinkMode>());

    [Theory]
    [MemberData(nameof(Sharing))]
    public void Blocks_are_shared_unless_that_is_forbidden(FileSystem type, ReflinkMode mode)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);

        TransferResult result = FileCopy.Copy(Request(folder) with { Reflink = mode }, TransferMonitor.None);

        bool shares = mode != ReflinkMode.Never;
        Assert.Equal(shares ? Size : 0, result.BytesReflinked);
        bool takesManyPages = type == FileSystem.Xfs && OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6);
        TransferMethod unshared = takesManyPages ? TransferMethod.Splice : TransferMethod.SendFile;
        Assert.Equal(shares ? TransferMethod.Reflink : unshared, result.Method);
        Assert.Equal(shares, Files.SharedExtents(folder["copy"]) > 0);
        Assert.Equal(shares, Files.SharedExtents(folder["source"]) > 0);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void Of_an_empty_file_nothing_has_to_be_shared(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 0);
        folder.WriteRandom("copy", 5000, seed: 2);

        TransferResult result = FileCopy.Copy(Request(folder) with { Reflink = ReflinkMode.Always, InPlace = true }, TransferMonitor.None);

        Assert.Equal(0, result.BytesCopied);
        Assert.Equal(0, new FileInfo(folder["copy"]).Length);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void What_is_added_shares_nothing_and_says_so_where_it_must(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        byte[] old = File.ReadAllBytes(folder.WriteRandom("copy", 8192, seed: 2));

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Request(folder) with { Reflink = ReflinkMode.Always, Append = true }, TransferMonitor.None));
        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Equal(old, File.ReadAllBytes(folder["copy"]));

        Assert.Equal(0, FileCopy.Copy(Request(folder) with { Append = true }, TransferMonitor.None).BytesReflinked);
        Assert.Equal([.. old, .. File.ReadAllBytes(folder["source"])], File.ReadAllBytes(folder["copy"]));
    }

    [Theory]
    [InlineData(FileSystem.Xfs, TransferMethod.SendFile)]
    [InlineData(FileSystem.Xfs, TransferMethod.Splice)]
    [InlineData(FileSystem.Xfs, TransferMethod.ReadWrite)]
    [InlineData(FileSystem.Btrfs, TransferMethod.Splice)]
    public void A_range_in_place_shares_nothing_where_that_is_forbidden(FileSystem type, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", 2 * Size, seed: 2);

        FileCopy.Copy(
            Request(folder) with { Reflink = ReflinkMode.Never, Method = method, DestinationOffset = 8192 }, TransferMonitor.None);

        Assert.Equal(0, Files.SharedExtents(folder["copy"]));
        Assert.Equal(
            File.ReadAllBytes(folder["source"]), Files.Slice(File.ReadAllBytes(folder["copy"]), 8192, Size));
    }

    [Theory]
    [InlineData(ReflinkMode.Auto, true)]
    [InlineData(ReflinkMode.Never, false)]
    public void No_call_is_made_that_could_share(ReflinkMode mode, bool calls)
    {
        Command.Require("strace");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        using var logs = new Workspace();
        folder.WriteRandom("source", Size);

        HostAnswer answer = HostedCopy.Run(
            Request(folder) with { Reflink = mode },
            "strace", "-f", "-qq", "-o", logs["trace"], "-e", "trace=ioctl,copy_file_range");

        Assert.True(answer.Succeeded, answer.Message);
        string trace = File.ReadAllText(logs["trace"]);
        Assert.Equal(calls, trace.Contains("FICLONE", StringComparison.Ordinal));
        Assert.Equal(calls, trace.Contains("copy_file_range(", StringComparison.Ordinal));
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(ReflinkMode.Never, TransferMethod.Reflink, "-Reflink Never")]
    [InlineData(ReflinkMode.Never, TransferMethod.CopyFileRange, "-Reflink Never")]
    [InlineData(ReflinkMode.Always, TransferMethod.CopyFileRange, "CopyFileRange does not")]
    [InlineData(ReflinkMode.Always, TransferMethod.ReadWrite, "ReadWrite does not")]
    public void A_method_against_it_is_an_error(ReflinkMode mode, TransferMethod method, string says)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", Size);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { Reflink = mode, Method = method }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], folder.Names);
    }

    [Fact]
    public void Flags_choose_splice_which_shares_nothing()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", Size);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { Reflink = ReflinkMode.Always, Flags = SpliceFlags.More }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Equal(["source"], folder.Names);
    }

    [Fact]
    public void Where_blocks_cannot_be_shared_Always_fails_and_nothing_changes()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", 10, seed: 2);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { Reflink = ReflinkMode.Always }, TransferMonitor.None));

        Assert.Equal((TransferErrorId.MethodNotPossible, Errno.EOPNOTSUPP), (error.Id, error.Errno));
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    private static CopyRequest Request(Workspace folder) => new() { Source = folder["source"], Destination = folder["copy"] };
}
