using Xunit;

namespace Splice.Tests.Copying.Delta;

/// <summary>What an update block by block shares with the old file, on file systems with reflinks.</summary>
public sealed class DeltaSharingTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int PageSize = 4096;
    private const int CopyOnWriteReserve = 256 * 1024; // XFS keeps some blocks beside one that is written (cowextsize)

    public static TheoryData<FileSystem> Sharing => [FileSystem.Xfs, FileSystem.Btrfs];

    /// <summary>World 11: 4 KiB changed, 1 MiB punched, 100 bytes appended, and the old file held open.</summary>
    [Theory]
    [MemberData(nameof(Sharing))]
    public void Blocks_that_are_equal_stay_shared_with_a_snapshot_and_readers_keep_the_old_file(FileSystem type)
    {
        const int Size = 64 * MiB;
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] old = Workspace.RandomBytes(Size);
        folder.Write("copy", old);
        Command.Check("cp", "--reflink=always", folder["copy"], folder["snapshot"]);
        Command.Check("cp", "--reflink=never", folder["copy"], folder["source"]);
        using (FileStream source = File.OpenWrite(folder["source"]))
        {
            source.Position = 5 * MiB;
            source.Write(Workspace.RandomBytes(PageSize, seed: 2));
            source.Position = Size;
            source.Write(Workspace.RandomBytes(100, seed: 3));
        }

        Command.Check("fallocate", "--punch-hole", "--offset", $"{20 * MiB}", "--length", $"{MiB}", folder["source"]);
        using FileStream reader = File.OpenRead(folder["copy"]);
        byte[] read = new byte[Size];
        reader.ReadExactly(read, 0, 10 * MiB);

        TransferResult result = FileCopy.Copy(Request(folder, DeltaMode.Always), TransferMonitor.None);

        reader.ReadExactly(read, 10 * MiB, Size - (10 * MiB));
        Assert.Equal(old, read);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.InRange(Files.SharedBytes(folder["copy"], folder["snapshot"]), Size - MiB - (2 * PageSize), Size);
        Assert.InRange(Files.Allocated(folder["copy"]), 1, Size - MiB + CopyOnWriteReserve);
        Assert.Equal(PageSize + 100, result.BytesMoved);
        Assert.Equal(MiB, result.BytesInHoles);
        Assert.Equal(Size - MiB - PageSize, result.BytesReflinked);
        Assert.Equal(TransferMethod.Reflink, result.Method);
        Assert.Equal(["copy", "snapshot", "source"], folder.Names);
    }

    [Theory]
    [MemberData(nameof(Sharing))]
    public void Auto_shares_the_blocks_of_the_source_where_that_is_possible(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        WriteSimilar(folder, 2 * MiB, folder);

        TransferResult result = FileCopy.Copy(Request(folder, DeltaMode.Auto), TransferMonitor.None);

        Assert.Equal((2 * MiB, 0L), (result.BytesReflinked, result.BytesMoved));
        Assert.Equal(2 * MiB, Files.SharedBytes(folder["copy"], folder["source"]));
    }

    [Theory]
    [MemberData(nameof(Sharing))]
    public void Auto_writes_blocks_that_differ_where_the_source_is_elsewhere(FileSystem type)
    {
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Ext4);
        using Workspace folder = fileSystems.NewFolder(type);
        WriteSimilar(folder, 2 * MiB, elsewhere);
        Command.Check("cp", "--reflink=always", folder["copy"], folder["snapshot"]);

        TransferResult result = FileCopy.Copy(Request(folder, DeltaMode.Auto) with { Source = elsewhere["source"], Verify = true, Flush = true }, TransferMonitor.None);

        Assert.Equal(((2 * MiB) - PageSize, PageSize), (result.BytesReflinked, result.BytesMoved));
        Assert.True(result is { Verified: true, Flushed: true });
        Files.AssertSameBytes(elsewhere["source"], folder["copy"]);
        Assert.Equal(Files.Metadata(elsewhere["source"]), Files.Metadata(folder["copy"]));
        Assert.Equal((2 * MiB) - PageSize, Files.SharedBytes(folder["copy"], folder["snapshot"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_without_copy_on_write_stays_one(bool isOldNoCow)
    {
        Command.Require("chattr", "lsattr");
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Ext4);
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        folder.Write("copy", []);
        Command.Check("chattr", isOldNoCow ? "+C" : "-C", folder["copy"]);
        Command.Check("chattr", isOldNoCow ? "-C" : "+C", folder.Folder);
        WriteSimilar(folder, 2 * MiB, elsewhere);

        TransferResult result = FileCopy.Copy(Request(folder, DeltaMode.Auto) with { Source = elsewhere["source"] }, TransferMonitor.None);

        Assert.Equal(PageSize, result.BytesMoved);
        Files.AssertSameBytes(elsewhere["source"], folder["copy"]);
        Assert.Equal(isOldNoCow, Command.Check("lsattr", folder["copy"]).Split(' ')[0].Contains('C', StringComparison.Ordinal));
    }

    [Fact]
    public void A_compressed_file_is_updated()
    {
        Command.Require("chattr", "filefrag");
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Ext4);
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        Command.Check("chattr", "+c", folder.Folder);
        byte[] text = new byte[4 * MiB];
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (byte)('a' + (i / 1000 % 26));
        }

        folder.Write("copy", text);
        text[MiB] = (byte)'!';
        elsewhere.Write("source", text);

        TransferResult result = FileCopy.Copy(Request(folder, DeltaMode.Auto) with { Source = elsewhere["source"], Verify = true }, TransferMonitor.None);

        Assert.Equal(PageSize, result.BytesMoved);
        Assert.Contains("encoded", Command.Check("filefrag", "-v", folder["copy"]), StringComparison.Ordinal);
        Files.AssertSameBytes(elsewhere["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(16384)]
    public void Blocks_of_another_size_than_the_source_has(int blockSize)
    {
        using var xfs = Mount.Image("xfs", 512 * MiB, "-q", "-m", "reflink=1", "-b", $"size={blockSize}");
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Ext4);
        using var folder = new Workspace(xfs.Folder);
        WriteSimilar(folder, (2 * MiB) + 700, elsewhere);

        TransferResult result = FileCopy.Copy(Request(folder, DeltaMode.Auto) with { Source = elsewhere["source"] }, TransferMonitor.None);

        Assert.Equal(PageSize, result.BytesMoved);
        Files.AssertSameBytes(elsewhere["source"], folder["copy"]);
    }

    /// <summary>Writes the old file, and a source that differs from it in one page.</summary>
    internal static void WriteSimilar(Workspace folder, int size, Workspace ofSource)
    {
        byte[] bytes = Workspace.RandomBytes(size);
        folder.Write("copy", bytes);
        bytes[MiB + 5]++;
        ofSource.Write("source", bytes);
    }

    internal static CopyRequest Request(Workspace folder, DeltaMode mode) =>
        new() { Source = folder["source"], Destination = folder["copy"], Delta = mode };
}
