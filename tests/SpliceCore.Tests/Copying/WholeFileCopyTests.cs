using Xunit;

namespace Splice.Tests.Copying;

public sealed class WholeFileCopyTests(MountedFileSystems fileSystems)
{
    private static readonly FileSystem[] All = Enum.GetValues<FileSystem>();

    public static TheoryData<FileSystem, TransferMethod> EveryMethodEverywhere => new(FullRun.Cases(
        from type in All
        from method in Enum.GetValues<TransferMethod>()
        where method != TransferMethod.Reflink
        select (type, method)));

    [Theory]
    [MemberData(nameof(EveryMethodEverywhere))]
    public void Every_byte_arrives_by_every_method(FileSystem type, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 3_000_001);
        folder.WriteRandom("copy", 5_000_000, seed: 2);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Method = method }, TransferMonitor.None);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(3_000_001, result.BytesCopied);
        Assert.Equal(["copy", "source"], folder.Names);
        if (method != TransferMethod.Auto)
        {
            Assert.Equal(method, result.Method);
            Assert.Empty(result.Attempts);
        }
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.XfsWithoutReflink)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Ramfs)]
    [InlineData(FileSystem.Overlay)]
    public void Mode_and_times_are_kept_to_the_nanosecond(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 10_000);
        Command.Check("chmod", "0751", folder["source"]);
        Command.Check("touch", "-a", "-d", "2001-02-03 04:05:06.123456789 UTC", folder["source"]);
        Command.Check("touch", "-m", "-d", "1999-12-31 23:59:59.987654321 UTC", folder["source"]);
        string expected = Files.Metadata(folder["source"], "%a %x %y");

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, TransferMonitor.None);

        Assert.Equal(expected, Files.Metadata(folder["copy"], "%a %x %y"));
        Assert.Empty(result.Warnings);
    }

    [Theory]
    [InlineData(FileSystem.Xfs, FileSystem.Btrfs)]
    [InlineData(FileSystem.Btrfs, FileSystem.Tmpfs)]
    [InlineData(FileSystem.Ext4, FileSystem.Tmpfs)]
    [InlineData(FileSystem.Tmpfs, FileSystem.Btrfs)]
    [InlineData(FileSystem.Xfs, FileSystem.Overlay)]
    [InlineData(FileSystem.Tmpfs, FileSystem.Vfat)]
    public void Between_file_systems_the_next_method_serves(FileSystem from, FileSystem to)
    {
        using Workspace left = fileSystems.NewFolder(from);
        using Workspace right = fileSystems.NewFolder(to);
        left.WriteRandom("source", 300_000);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = left["source"], Destination = right["copy"] }, TransferMonitor.None);

        Files.AssertSameBytes(left["source"], right["copy"]);
        Assert.Equal(TransferMethod.SendFile, result.Method);
        Assert.Equal([TransferMethod.Reflink, TransferMethod.CopyFileRange], result.Attempts.Select(attempt => attempt.Method));
        Assert.Equal(Errno.EXDEV, result.Attempts[1].Errno);
    }

    [Theory]
    [InlineData(FileSystem.Ext4, FileSystem.Ext4, 6, 16)]
    [InlineData(FileSystem.Tmpfs, FileSystem.Ext4, 6, 16)]
    [InlineData(FileSystem.Btrfs, FileSystem.Xfs, 6, 6)]
    [InlineData(FileSystem.Xfs, FileSystem.XfsWithoutReflink, 6, 6)]
    [InlineData(FileSystem.XfsWithoutReflink, FileSystem.XfsWithoutReflink, 6, 6)]
    public void Where_many_pages_are_taken_at_once_they_go_through_a_pipe_that_holds_many(FileSystem from, FileSystem to, int major, int minor)
    {
        Assert.SkipUnless(OperatingSystem.IsOSPlatformVersionAtLeast("linux", major, minor), $"needs Linux {major}.{minor}");
        using Workspace left = fileSystems.NewFolder(from);
        using Workspace right = fileSystems.NewFolder(to);
        left.WriteRandom("source", 3_000_001);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = left["source"], Destination = right["copy"] }, TransferMonitor.None);

        Files.AssertSameBytes(left["source"], right["copy"]);
        Assert.Equal(TransferMethod.Splice, result.Method);
        Assert.Equal([TransferMethod.Reflink], result.Attempts.Select(attempt => attempt.Method));
    }

    [Theory]
    [InlineData(128 * 1024, TransferMethod.ReadWrite)]
    [InlineData((128 * 1024) + 1, TransferMethod.CopyFileRange)]
    public void A_small_file_is_read_and_written(int size, TransferMethod expected)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        folder.WriteRandom("source", size);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, TransferMonitor.None);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(expected, result.Method);
    }

    [Fact]
    public void A_file_from_the_lower_layer_of_an_overlay_is_copied_and_not_moved_up()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Overlay);
        string below = Path.Combine(Path.GetDirectoryName(folder.Folder)!, "below");
        string before = Files.Metadata(below, "%d %i");

        FileCopy.Copy(new CopyRequest { Source = below, Destination = folder["copy"] }, TransferMonitor.None);

        Assert.Equal(Workspace.RandomBytes(100_000, seed: 9), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(before, Files.Metadata(below, "%d %i"));
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Vfat)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Overlay)]
    public void An_empty_file_is_copied(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.Write("source", []);
        folder.WriteRandom("copy", 10);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, TransferMonitor.None);

        Assert.Empty(File.ReadAllBytes(folder["copy"]));
        Assert.Equal(0, result.BytesCopied);
    }

    [Theory]
    [InlineData(FileSystem.Xfs, TransferMethod.Reflink)]
    [InlineData(FileSystem.Btrfs, TransferMethod.Reflink)]
    [InlineData(FileSystem.Ext4, TransferMethod.CopyFileRange)]
    [InlineData(FileSystem.Tmpfs, TransferMethod.SendFile)]
    [InlineData(FileSystem.Tmpfs, TransferMethod.Splice)]
    public void An_empty_file_is_copied_by_a_named_method(FileSystem type, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.Write("source", []);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Method = method }, TransferMonitor.None);

        Assert.Empty(File.ReadAllBytes(folder["copy"]));
        Assert.Equal(0, result.BytesCopied);
        Assert.Null(result.Method);
    }

    [Theory]
    [InlineData(TransferMethod.Reflink)]
    [InlineData(TransferMethod.CopyFileRange)]
    public void A_generated_file_of_size_0_is_not_empty_for_a_named_method(TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = "/proc/version", Destination = folder["copy"], Method = method }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Empty(folder.Names);
    }
}
