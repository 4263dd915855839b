using Xunit;

namespace Splice.Tests.Copying.Sparse;

public sealed class SparseFileTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const long GiB = 1L << 30;
    private const int MiB = 1 << 20;
    private const long ExtentTree = 64 * 1024; // where a file system notes its extents, which it may do in several ways

    public static TheoryData<FileSystem, TransferMethod> NamedMethods => new(FullRun.Cases(
        from type in new[] { FileSystem.Xfs, FileSystem.XfsWithoutReflink, FileSystem.Btrfs, FileSystem.Ext4, FileSystem.Tmpfs, FileSystem.Overlay }
        from method in new[] { TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        select (type, method)));

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.XfsWithoutReflink)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Overlay)]
    public void Ten_gigabytes_with_little_in_them_take_little(FileSystem type) =>
        Check(type, TransferMethod.Auto, 10 * GiB,
            (0, 16 * MiB), (3 * GiB, 16 * MiB), ((5 * GiB) + 4096, 16 * MiB), ((10 * GiB) - (16 * MiB), 16 * MiB));

    [Theory]
    [MemberData(nameof(NamedMethods))]
    public void Named_methods_keep_holes_at_both_ends_and_between(FileSystem type, TransferMethod method) =>
        Check(type, method, GiB, (8 * MiB, MiB), (100 * MiB, 100_000), (900 * MiB, MiB));

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_file_that_is_one_hole_stays_one(FileSystem type) => Check(type, TransferMethod.Auto, 10 * GiB);

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_range_of_a_sparse_file_keeps_its_holes(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], GiB, (300 * MiB, MiB));

        TransferResult result = FileCopy.Copy(
            new CopyRequest
            {
                Source = folder["source"],
                Destination = folder["copy"],
                Offset = (300 * MiB) - 5,
                Count = 400 * MiB,
                DestinationOffset = 7,
            },
            TransferMonitor.None);

        Assert.Equal((400L * MiB) + 7, new FileInfo(folder["copy"]).Length);
        Assert.InRange(Files.Allocated(folder["copy"]), 1, 2 * MiB);
        Assert.Equal(400L * MiB, result.BytesCopied);
        Assert.InRange(result.BytesInHoles, 398L * MiB, 400L * MiB);
        byte[] data = new byte[MiB + 24];
        using FileStream copy = File.OpenRead(folder["copy"]);
        copy.ReadExactly(data);
        Assert.Equal(
            [.. new byte[12], .. Workspace.RandomBytes(MiB, seed: ((300 * MiB) >> 12) + 1), .. new byte[12]], data);
    }

    /// <summary>As XFS keeps for what is appended next.</summary>
    [Theory]
    [InlineData(FileSystem.XfsWithoutReflink)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_file_with_blocks_past_its_end_keeps_its_holes(FileSystem type)
    {
        Command.Require("fallocate");
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 3 * MiB);
        Command.Check("fallocate", "--punch-hole", "--offset", $"{MiB}", "--length", $"{MiB}", folder["source"]);
        Command.Check("fallocate", "--keep-size", "--offset", $"{3 * MiB}", "--length", $"{4 * MiB}", folder["source"]);

        TransferResult result = FileCopy.Copy(new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, TransferMonitor.None);

        Assert.Equal(MiB, result.BytesInHoles);
        Assert.InRange(Files.Allocated(folder["copy"]), 1, (2 * MiB) + ExtentTree);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(FileSystem.Vfat)]
    [InlineData(FileSystem.Ramfs)]
    public void A_sparse_file_arrives_where_there_are_no_holes(FileSystem type)
    {
        using Workspace from = fileSystems.NewFolder(FileSystem.Tmpfs);
        using Workspace to = fileSystems.NewFolder(type);
        Files.WriteSparse(from["source"], 40 * MiB, (0, 5000), (20 * MiB, MiB));

        FileCopy.Copy(new CopyRequest { Source = from["source"], Destination = to["copy"] }, TransferMonitor.None);

        Files.AssertSameBytes(from["source"], to["copy"]);
    }

    private void Check(FileSystem type, TransferMethod method, long size, params (long Offset, int Length)[] data)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], size, data);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Method = method }, TransferMonitor.None);

        long sourceTakes = Files.Allocated(folder["source"]);
        long copyTakes = Files.Allocated(folder["copy"]);
        output.WriteLine(
            $"{type}, {method}: source {sourceTakes} bytes on disk, copy {copyTakes}; {result.SystemCalls} calls, {result.Elapsed}");
        Assert.InRange(copyTakes, 0, sourceTakes + ExtentTree);
        Assert.Equal(size, result.BytesCopied);
        Files.AssertSameData(folder["source"], folder["copy"], data);
        if (result.BytesReflinked == 0)
        {
            Assert.Equal(size - data.Sum(piece => (long)piece.Length), result.BytesInHoles, 3.0 * 65536);
        }
    }
}
