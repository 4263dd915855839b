using Xunit;

namespace Splice.Tests.Copying.InPlace;

public sealed class InPlaceRangeTests(MountedFileSystems fileSystems)
{
    private const int Size = 2_000_000;

    public static TheoryData<FileSystem, int, TransferMethod> Places => new(FullRun.Cases(
        from type in Enum.GetValues<FileSystem>()
        from destinationOffset in new[] { 0, 65536, 12_345, 1_500_000, Size, Size + 100_000 }
        from method in new[] { TransferMethod.Auto, TransferMethod.ReadWrite }
        select (type, destinationOffset, method)));

    [Theory]
    [MemberData(nameof(Places))]
    public void Holes_of_the_source_read_as_zeros_over_old_data(FileSystem type, int destinationOffset, TransferMethod method)
    {
        using Workspace from = fileSystems.NewFolder(FileSystem.Tmpfs);
        using Workspace to = fileSystems.NewFolder(type);
        Files.WriteSparse(from["source"], 1_000_000, (100_000, 5000), (600_000, 200_000));
        byte[] old = new byte[Size];
        Array.Fill(old, (byte)0xFF);
        to.Write("copy", old);
        string inode = Files.Metadata(to["copy"], "%i");

        TransferResult result = FileCopy.Copy(
            new CopyRequest
            {
                Source = from["source"],
                Destination = to["copy"],
                DestinationOffset = destinationOffset,
                Method = method,
            },
            TransferMonitor.None);

        byte[] expected = new byte[Math.Max(Size, destinationOffset + 1_000_000)];
        old.CopyTo(expected, 0);
        File.ReadAllBytes(from["source"]).CopyTo(expected, destinationOffset);
        Assert.Equal(expected, File.ReadAllBytes(to["copy"]));
        Assert.Equal(inode, Files.Metadata(to["copy"], "%i"));
        Assert.Equal(["copy"], to.Names);
        Assert.Equal(1_000_000, result.BytesCopied);
        bool punches = type is not (FileSystem.Vfat or FileSystem.Ramfs);
        Assert.True(result.BytesInHoles > 0 == (punches || destinationOffset >= 1_500_000), $"{result.BytesInHoles} bytes in holes");
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Tmpfs)]
    public void Blocks_under_a_hole_are_given_back(FileSystem type)
    {
        using Workspace from = fileSystems.NewFolder(FileSystem.Tmpfs);
        using Workspace to = fileSystems.NewFolder(type);
        Files.WriteSparse(from["source"], 4 << 20);
        to.WriteRandom("copy", 4 << 20);
        Assert.True(Files.Allocated(to["copy"]) >= 4 << 20);

        FileCopy.Copy(
            new CopyRequest { Source = from["source"], Destination = to["copy"], DestinationOffset = 0 }, TransferMonitor.None);

        Assert.InRange(Files.Allocated(to["copy"]), 0, 64 * 1024);
        Assert.Equal(new byte[4 << 20], File.ReadAllBytes(to["copy"]));
    }

    [Fact]
    public void A_file_that_grows_has_no_more_than_arrived_when_the_transfer_is_stopped()
    {
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], 8 << 20, (0, 100_000), (4 << 20, 100_000));
        folder.WriteRandom("copy", 1000, seed: 2);
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(_ => stop.Cancel(), stop.Token);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], DestinationOffset = 500 }, monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.InRange(error.PartialTransfer().BytesCopied, 100_000, 200_000);
        Assert.Equal(500 + error.PartialTransfer().BytesCopied, new FileInfo(folder["copy"]).Length);
    }

    [Fact]
    public void All_other_names_of_the_file_see_what_is_written_into_it()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 5000, seed: 2);
        Command.Check("ln", folder["copy"], folder["other name"]);

        FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], DestinationOffset = 10 }, TransferMonitor.None);

        Assert.Equal(Workspace.RandomBytes(1000), Files.Slice(File.ReadAllBytes(folder["other name"]), 10, 1000));
        Files.AssertSameBytes(folder["copy"], folder["other name"]);
    }

    [Fact]
    public void A_range_moves_within_one_file()
    {
        using var folder = new Workspace();
        byte[] expected = Workspace.RandomBytes(1_000_000);
        folder.Write("file", expected);
        expected.AsSpan(100, 300_000).CopyTo(expected.AsSpan(500_000));

        FileCopy.Copy(
            new CopyRequest
            {
                Source = folder["file"],
                Destination = folder["file"],
                Offset = 100,
                Count = 300_000,
                DestinationOffset = 500_000,
            },
            TransferMonitor.None);

        Assert.Equal(expected, File.ReadAllBytes(folder["file"]));
    }

    [Fact]
    public void Ranges_of_one_file_that_overlap_are_refused()
    {
        using var folder = new Workspace();
        byte[] before = Workspace.RandomBytes(1_000_000);
        folder.Write("file", before);
        Command.Check("ln", folder["file"], folder["other name"]);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest
            {
                Source = folder["file"],
                Destination = folder["other name"],
                Offset = 100,
                Count = 300_000,
                DestinationOffset = 300_099,
            },
            TransferMonitor.None));

        Assert.Equal(TransferErrorId.SameFile, error.Id);
        Assert.Equal(before, File.ReadAllBytes(folder["file"]));
    }
}
