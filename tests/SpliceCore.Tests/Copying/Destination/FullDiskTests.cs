using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>Disks that are full indeed.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly Workspace _elsewhere = new();
    private Mount? _mount;

    public static TheoryData<string, TransferMethod> Disks => new(FullRun.Cases(
        from type in new[] { "tmpfs", "ext4" }
        from method in new[]
        {
            TransferMethod.Auto, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite,
        }
        select (type, method)));

    public void Dispose()
    {
        _mount?.Dispose();
        _elsewhere.Dispose();
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public void The_old_file_stays_and_nothing_else(string type, TransferMethod method)
    {
        using Workspace disk = NewDisk(type);
        _elsewhere.WriteRandom("source", 8 * MiB);
        disk.WriteRandom("copy", MiB, seed: 2);

        TransferException error = Fails(disk, _elsewhere["source"], method);

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.Equal(Errno.ENOSPC, error.Errno);
        Assert.InRange(error.PartialTransfer().BytesCopied, 1, (8 * MiB) - 1);
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public void A_copy_within_the_disk_leaves_all_as_it_was(string type)
    {
        using Workspace disk = NewDisk(type);
        disk.WriteRandom("source", 5 * MiB / 2);
        disk.WriteRandom("copy", MiB, seed: 2);

        Assert.Equal(TransferErrorId.DiskFull, Fails(disk, disk["source"], TransferMethod.CopyFileRange).Id);
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public void A_sparse_file_fits_if_its_data_do(string type)
    {
        using Workspace disk = NewDisk(type);
        Files.WriteSparse(_elsewhere["source"], 1L << 30, (0, 100_000), (512 * MiB, MiB));

        FileCopy.Copy(new CopyRequest { Source = _elsewhere["source"], Destination = disk["copy"] }, TransferMonitor.None);

        Files.AssertSameData(_elsewhere["source"], disk["copy"], (0, 100_000), (512 * MiB, MiB));
    }

    [Fact]
    public void A_disk_without_inodes_is_full()
    {
        _mount = Mount.Memory("tmpfs", "size=4m,nr_inodes=3");
        using var disk = new Workspace(_mount.Folder);
        disk.WriteRandom("copy", MiB, seed: 2);
        _elsewhere.WriteRandom("source", 10);

        Assert.Equal(TransferErrorId.DiskFull, Fails(disk, _elsewhere["source"], TransferMethod.Auto).Id);
    }

    private static TransferException Fails(Workspace disk, string source, TransferMethod method)
    {
        string[] names = disk.Names;
        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = source, Destination = disk["copy"], Method = method }, TransferMonitor.None));
        Assert.Equal(Workspace.RandomBytes(MiB, seed: 2), File.ReadAllBytes(disk["copy"]));
        Assert.Equal(names, disk.Names);
        return error;
    }

    private Workspace NewDisk(string type)
    {
        _mount = type == "tmpfs"
            ? Mount.Memory(type, "size=4m")
            : Mount.Image(type, 5 * MiB, "-q", "-O", "^has_journal", "-m", "0");
        return new Workspace(_mount.Folder);
    }
}
