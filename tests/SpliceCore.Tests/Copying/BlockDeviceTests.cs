using Xunit;

namespace Splice.Tests.Copying;

public sealed class BlockDeviceTests
{
    private const int MiB = 1 << 20;

    public static TheoryData<TransferMethod> Moving =>
        [TransferMethod.Auto, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite];

    [Theory]
    [MemberData(nameof(Moving))]
    public void A_file_is_written_onto_a_whole_device(TransferMethod method)
    {
        byte[] old = new byte[4 * MiB];
        Array.Fill(old, (byte)0xEE);
        using var device = new LoopDevice(old);
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], 4 * MiB, (MiB, 300_000), (3 * MiB, 5));

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = device.Path, Method = method }, TransferMonitor.None);

        Assert.Equal(4 * MiB, result.BytesCopied);
        Assert.Equal(File.ReadAllBytes(folder["source"]), device.Read());
    }

    [Theory]
    [MemberData(nameof(Moving))]
    public void A_whole_device_becomes_a_file(TransferMethod method)
    {
        byte[] content = Workspace.RandomBytes(3 * MiB);
        using var device = new LoopDevice(content);
        using var folder = new Workspace();
        folder.WriteRandom("copy", 10);

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = device.Path, Destination = folder["copy"], Method = method }, TransferMonitor.None);

        Assert.Equal(content, File.ReadAllBytes(folder["copy"]));
        Assert.Equal(3 * MiB, result.BytesCopied);
        Assert.Equal(["copy"], folder.Names);
    }

    [Fact]
    public void A_part_of_a_device_is_written_and_the_rest_stays()
    {
        byte[] expected = Workspace.RandomBytes(2 * MiB);
        using var device = new LoopDevice(expected);
        using var folder = new Workspace();
        folder.WriteRandom("source", 700_000, seed: 2);

        FileCopy.Copy(
            new CopyRequest
            {
                Source = folder["source"],
                Destination = device.Path,
                Offset = 100,
                Count = 500_001,
                DestinationOffset = 333,
            },
            TransferMonitor.None);

        Workspace.RandomBytes(700_000, seed: 2).AsSpan(100, 500_001).CopyTo(expected.AsSpan(333));
        Assert.Equal(expected, device.Read());
    }

    [Theory]
    [InlineData(0, MiB + 1)]
    [InlineData(1, MiB)]
    [InlineData(MiB, 1)]
    [InlineData(long.MaxValue, 1)]
    public void What_does_not_fit_is_an_error_before_anything_is_written(long destinationOffset, int count)
    {
        byte[] old = Workspace.RandomBytes(MiB);
        using var device = new LoopDevice(old);
        using var folder = new Workspace();
        folder.WriteRandom("source", 2 * MiB, seed: 2);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest
            {
                Source = folder["source"],
                Destination = device.Path,
                Count = count,
                DestinationOffset = destinationOffset,
            },
            TransferMonitor.None));

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.Equal(old, device.Read());
    }

    [Fact]
    public void A_range_past_a_devices_end_is_an_error()
    {
        using var device = new LoopDevice(Workspace.RandomBytes(MiB));
        using var folder = new Workspace();

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = device.Path, Destination = folder["copy"], Offset = MiB - 10, Count = 11 },
            TransferMonitor.None));

        Assert.Equal(TransferErrorId.CountPastEnd, error.Id);
        Assert.Empty(folder.Names);
    }
}
