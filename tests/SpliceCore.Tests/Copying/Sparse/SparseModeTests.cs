using Xunit;

namespace Splice.Tests.Copying.Sparse;

/// <summary>Which holes and zeros take blocks in the copy; cp(1) is the oracle.</summary>
public sealed class SparseModeTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int Block = 4096;
    private const long ExtentTree = 64 * 1024; // where a file system notes its extents, which it may do in several ways

    private static readonly FileSystem[] WithHoles =
        [FileSystem.Ext4, FileSystem.Xfs, FileSystem.XfsWithoutReflink, FileSystem.Btrfs, FileSystem.Tmpfs, FileSystem.Overlay];

    public static MatrixTheoryData<FileSystem, SparseMode> Modes => new(WithHoles, [SparseMode.Always, SparseMode.Never]);

    public static MatrixTheoryData<FileSystem, int> Tails => new(WithHoles, [0, 1, Block, (3 * Block) + 1, 5 * MiB]);

    public static TheoryData<FileSystem> Types => [.. WithHoles, FileSystem.Ramfs];

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_copy_takes_as_many_blocks_as_that_of_cp(FileSystem type, SparseMode mode)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] content = new byte[24 * MiB];
        new Random(3).NextBytes(content.AsSpan(Block, MiB));
        new Random(4).NextBytes(content.AsSpan((5 * MiB) + 100, 300_000));
        for (int i = 8 * MiB; i < 9 * MiB; i += 3 * Block)
        {
            content[i + 17] = 1;
        }

        folder.Write("source", content);
        Command.Check("fallocate", "--punch-hole", "--offset", $"{12 * MiB}", "--length", $"{4 * MiB}", folder["source"]);
        string option = mode == SparseMode.Always ? "always" : "never";
        Command.Check("cp", $"--sparse={option}", "--reflink=never", folder["source"], folder["oracle"]);

        TransferResult result = FileCopy.Copy(Request(folder) with { Sparse = mode }, TransferMonitor.None);

        long oracle = Files.Allocated(folder["oracle"]);
        long copy = Files.Allocated(folder["copy"]);
        output.WriteLine($"{type}, {mode}: cp {oracle} bytes on disk, copy {copy}; {result.SystemCalls} calls, {result.Elapsed}");
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.InRange(copy, oracle - ExtentTree, oracle + ExtentTree);
        Assert.Equal(content.Length, result.BytesCopied);
        Assert.Equal(0, result.BytesReflinked);
        int data = content.Chunk(Block).Count(block => block.AsSpan().ContainsAnyExcept((byte)0)) * Block;
        Assert.Equal(mode == SparseMode.Always ? content.Length - data : 0, result.BytesInHoles);
    }

    [Theory]
    [MemberData(nameof(Tails))]
    public void What_comes_through_a_pipe_is_as_long_as_it_was(FileSystem type, int zerosAtEnd)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] content = [.. new byte[MiB], .. Workspace.RandomBytes(2 * MiB), .. new byte[3 * MiB], 1, .. new byte[zerosAtEnd]];

        TransferResult result = CopyThroughFifo(folder, content, chunk: 3333);

        Assert.Equal(content.Length, new FileInfo(folder["copy"]).Length);
        Assert.True(File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(content));
        Assert.Equal(content.Length, result.BytesCopied);
        Assert.InRange(result.BytesInHoles, (4 * MiB) + zerosAtEnd - (2 * Block), (4 * MiB) + zerosAtEnd);
        Assert.InRange(Files.Allocated(folder["copy"]), 2 * MiB, (2 * MiB) + Block + ExtentTree);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Block)]
    [InlineData(MiB + 1)]
    public void Zeros_alone_through_a_pipe_are_one_hole(int length)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);

        TransferResult result = CopyThroughFifo(folder, new byte[length], chunk: 1000);

        Assert.Equal(length, new FileInfo(folder["copy"]).Length);
        Assert.Equal(length, result.BytesInHoles);
        Assert.Equal(0, Files.Allocated(folder["copy"]));
    }

    [Fact]
    public void A_device_of_zeros_is_one_hole()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);

        TransferResult result = FileCopy.Copy(
            Request(folder) with { Source = "/dev/zero", Count = (64 * MiB) + 5, Sparse = SparseMode.Always }, TransferMonitor.None);

        Assert.Equal((64 * MiB) + 5, new FileInfo(folder["copy"]).Length);
        Assert.Equal((64 * MiB) + 5, result.BytesInHoles);
        Assert.Equal(0, Files.Allocated(folder["copy"]));
        Assert.Null(result.Method);
    }

    [Fact]
    public void Between_block_devices_zeros_are_punched()
    {
        byte[] content = [.. new byte[MiB], .. Workspace.RandomBytes(MiB), .. new byte[2 * MiB]];
        using var from = new LoopDevice(content);
        using var to = new LoopDevice(Workspace.RandomBytes(content.Length, seed: 2));

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = from.Path, Destination = to.Path, Sparse = SparseMode.Always }, TransferMonitor.None);

        Command.Check("sync", to.Path);
        Assert.Equal(3 * MiB, result.BytesInHoles);
        Assert.True(to.Read().AsSpan().SequenceEqual(content));
        Assert.InRange(Files.Allocated(to.Image), MiB, MiB + ExtentTree);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Patterns_at_random_arrive_byte_for_byte(FileSystem type)
    {
        int seed = FullRun.Seed(output);
        var random = new Random(seed);
        using Workspace folder = fileSystems.NewFolder(type);
        for (int round = 0; round < 60; round++)
        {
            byte[] source = WritePattern(folder["source"], random);
            byte[] old = WritePattern(folder["copy"], random);
            int offset = random.Next(source.Length);
            int count = random.Next(source.Length - offset + 1);
            int destinationOffset = random.Next(2) == 0 ? random.Next(old.Length) : random.Next(20) * Block;
            bool inPlace = random.Next(2) == 0;
            CopyRequest request = Request(folder) with
            {
                Offset = offset,
                Count = count,
                DestinationOffset = inPlace ? destinationOffset : null,
                Sparse = random.Next(3) == 0 ? SparseMode.Never : SparseMode.Always,
            };

            TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

            byte[] expected = inPlace ? new byte[Math.Max(old.Length, count == 0 ? 0 : destinationOffset + count)] : new byte[count];
            old.AsSpan(0, inPlace ? old.Length : 0).CopyTo(expected);
            source.AsSpan(offset, count).CopyTo(expected.AsSpan(inPlace && count > 0 ? destinationOffset : 0));
            Assert.True(File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(expected), $"seed {seed}, round {round}: {request}");
            Assert.True(result.BytesCopied == count, $"seed {seed}, round {round}: {request}");
        }
    }

    [Theory]
    [InlineData(SparseMode.Always, TransferMethod.Splice)]
    [InlineData(SparseMode.Always, TransferMethod.CopyFileRange)]
    [InlineData(SparseMode.Always, TransferMethod.Reflink)]
    [InlineData(SparseMode.Never, TransferMethod.CopyFileRange)]
    [InlineData(SparseMode.Never, TransferMethod.Reflink)]
    public void A_method_against_it_is_an_error(SparseMode mode, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", MiB);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { Sparse = mode, Method = method }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Contains($"-Sparse {mode}", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], folder.Names);
    }

    [Theory]
    [InlineData(SparseMode.Always)]
    [InlineData(SparseMode.Never)]
    public void Reflink_Always_takes_holes_as_they_are(SparseMode mode)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", MiB);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { Sparse = mode, Reflink = ReflinkMode.Always }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Equal(["source"], folder.Names);
    }

    [Fact]
    public void A_fifo_has_no_holes_and_gets_every_zero()
    {
        using var folder = new Workspace();
        byte[] content = [.. new byte[100_000], .. Workspace.RandomBytes(5000), .. new byte[100_000]];
        folder.Write("source", content);
        Posix.MakeFifo(folder["copy"]);
        var reader = new Worker<byte[]>(() => File.ReadAllBytes(folder["copy"]));

        TransferResult result = FileCopy.Copy(Request(folder) with { Sparse = SparseMode.Always }, TransferMonitor.None);

        Assert.Equal(0, result.BytesInHoles);
        Assert.Equal(content, reader.Join());
    }

    private static CopyRequest Request(Workspace folder) => new() { Source = folder["source"], Destination = folder["copy"] };

    private static TransferResult CopyThroughFifo(Workspace folder, byte[] content, int chunk)
    {
        Posix.MakeFifo(folder["fifo"]);
        var writer = new Worker<bool>(() =>
        {
            using FileStream fifo = File.OpenWrite(folder["fifo"]);
            foreach (byte[] part in content.Chunk(chunk))
            {
                fifo.Write(part);
            }

            return true;
        });
        TransferResult result = FileCopy.Copy(
            Request(folder) with { Source = folder["fifo"], Sparse = SparseMode.Always }, TransferMonitor.None);
        writer.Join();
        return result;
    }

    /// <summary>Data, zeros and holes, of lengths that are often whole blocks.</summary>
    private static byte[] WritePattern(string path, Random random)
    {
        File.Delete(path);
        byte[] content = new byte[random.Next(1, 600_000)];
        using FileStream file = File.Create(path);
        file.SetLength(content.Length);
        for (int position = 0, length; position < content.Length; position += length)
        {
            length = Math.Min(random.Next(2) == 0 ? random.Next(1, 30) * Block : random.Next(1, 60_000), content.Length - position);
            int kind = random.Next(3);
            if (kind > 0)
            {
                random.NextBytes(content.AsSpan(position, kind == 1 ? length : 0));
                file.Position = position;
                file.Write(content, position, length);
            }
        }

        return content;
    }
}
