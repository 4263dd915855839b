using Xunit;

namespace Splice.Tests.Copying.Reflinks;

public sealed class ReflinkTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int Block = 4096;

    public static TheoryData<FileSystem, TransferMethod, int> Whole => new(
        new[]
        {
            (FileSystem.Xfs, TransferMethod.Auto, 1 << 26),
            (FileSystem.Btrfs, TransferMethod.Auto, 1 << 26),
            (FileSystem.Xfs, TransferMethod.Reflink, 1_000_003),
            (FileSystem.Btrfs, TransferMethod.Reflink, 1_000_003),
            (FileSystem.Overlay, TransferMethod.Reflink, 1_000_003),
            (FileSystem.Xfs, TransferMethod.Auto, 1 << 30),
        }.Where(each => FullRun.IsRequested || each.Item3 < 1 << 30));

    [Theory]
    [MemberData(nameof(Whole))]
    public void A_whole_file_shares_its_blocks(FileSystem type, TransferMethod method, int size)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] part = Workspace.RandomBytes(Math.Min(size, 1 << 24));
        using (FileStream source = File.Create(folder["source"]))
        {
            for (int written = 0; written < size; written += part.Length)
            {
                source.Write(part);
            }
        }

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Method = method }, TransferMonitor.None);

        output.WriteLine($"{size} bytes on {type}: {result.SystemCalls} system calls, {result.Elapsed}");
        Assert.Equal(TransferMethod.Reflink, result.Method);
        Assert.Equal(size, result.BytesReflinked);
        Assert.Equal(size, result.BytesCopied);
        Assert.Equal(0, result.BytesMoved);
        Assert.InRange(result.SystemCalls, 1, 40);
        Assert.True(Files.SharedExtents(folder["copy"]) > 0 || type == FileSystem.Overlay);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(FileSystem.Xfs, true)]
    [InlineData(FileSystem.Btrfs, true)]
    [InlineData(FileSystem.Xfs, false)]
    public void A_large_file_that_grows_is_shared_up_to_its_last_block(FileSystem type, bool allowChanging)
    {
        const long Size = (17L << 30) + 100;
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] end = Workspace.RandomBytes(100);
        using FileStream source = File.Create(folder["source"]);
        source.Seek(Size - end.Length, SeekOrigin.Begin);
        source.Write(end);
        source.Flush();
        var monitor = new TransferMonitor(_ =>
        {
            source.Write(Workspace.RandomBytes(5000, seed: 2));
            source.Flush();
        });
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"], AllowChanging = allowChanging };

        if (!allowChanging)
        {
            Assert.Equal(TransferErrorId.SourceChanged, Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor)).Id);
            return;
        }

        TransferResult result = FileCopy.Copy(request, monitor);

        Assert.Equal((Size, Size - end.Length, (long)end.Length), (result.Length, result.BytesReflinked, result.BytesMoved));
        using FileStream copy = File.OpenRead(folder["copy"]);
        copy.Seek(-end.Length, SeekOrigin.End);
        byte[] copied = new byte[end.Length];
        copy.ReadExactly(copied);
        Assert.Equal(end, copied);
    }

    [Theory]
    [InlineData(FileSystem.XfsWithoutReflink)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Vfat)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Ramfs)]
    public void Where_blocks_cannot_be_shared_a_named_reflink_fails_and_nothing_changes(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 100_000);
        folder.WriteRandom("copy", 10, seed: 2);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Method = TransferMethod.Reflink },
            TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.NotEqual(Errno.None, error.Errno);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [InlineData(FileSystem.Xfs, false)]
    [InlineData(FileSystem.Xfs, true)]
    [InlineData(FileSystem.Btrfs, false)]
    [InlineData(FileSystem.Btrfs, true)]
    public void The_aligned_middle_of_a_range_is_shared_and_its_edges_are_copied(FileSystem type, bool inPlace)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] source = Workspace.RandomBytes(100 * Block);
        byte[] old = inPlace ? Workspace.RandomBytes(200 * Block, seed: 2) : [];
        folder.Write("source", source);
        if (inPlace)
        {
            folder.Write("copy", old);
        }

        const int Offset = (3 * Block) + 1000;
        const int Count = 50 * Block;
        const int DestinationOffset = (7 * Block) + 1000;
        TransferResult result = FileCopy.Copy(
            new CopyRequest
            {
                Source = folder["source"],
                Destination = folder["copy"],
                Offset = Offset,
                Count = Count,
                DestinationOffset = DestinationOffset,
            },
            TransferMonitor.None);

        byte[] expected = inPlace ? old : new byte[DestinationOffset + Count];
        source.AsSpan(Offset, Count).CopyTo(expected.AsSpan(DestinationOffset));
        Assert.Equal(expected, File.ReadAllBytes(folder["copy"]));
        Assert.Equal(TransferMethod.Reflink, result.Method);
        Assert.Equal(49 * Block, result.BytesReflinked);
        Assert.Equal(Block, result.BytesMoved);
    }

    [Theory]
    [InlineData(FileSystem.Xfs, 100, Block, 0)]
    [InlineData(FileSystem.Xfs, 0, Block + 1, 0)]
    [InlineData(FileSystem.Xfs, Block, Block, 100)]
    [InlineData(FileSystem.Btrfs, 100, Block, 0)]
    [InlineData(FileSystem.Btrfs, 0, Block + 1, 0)]
    [InlineData(FileSystem.Btrfs, Block, Block, 100)]
    public void A_named_reflink_of_a_range_that_does_not_line_up_fails_and_nothing_changes(
        FileSystem type, int offset, int count, int destinationOffset)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 10 * Block);
        byte[] old = Workspace.RandomBytes(10 * Block, seed: 2);
        folder.Write("copy", old);
        var request = new CopyRequest
        {
            Source = folder["source"],
            Destination = folder["copy"],
            Offset = offset,
            Count = count,
            DestinationOffset = destinationOffset,
            Method = TransferMethod.Reflink,
        };

        TransferException inPlace = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));
        TransferException whole = Assert.Throws<TransferException>(() => FileCopy.Copy(
            request with { Destination = folder["new"] }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, inPlace.Id);
        Assert.Equal(TransferErrorId.MethodNotPossible, whole.Id);
        Assert.Equal(old, File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }
}
