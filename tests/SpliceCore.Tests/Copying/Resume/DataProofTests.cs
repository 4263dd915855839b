using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Resume;

public sealed class DataProofTests(MountedFileSystems fileSystems)
{
    private static readonly LibC.StatxTimestamp Written = new() { Seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 100 };

    private static long Before => Written.Seconds - 1000;

    [Theory]
    [InlineData(FileSystem.Ext4, true)]
    [InlineData(FileSystem.Xfs, true)]
    [InlineData(FileSystem.Btrfs, false)]
    [InlineData(FileSystem.Tmpfs, false)]
    public void A_file_systems_own_block_device_is_known_by_its_number(FileSystem type, bool hasDevice)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("file", 10);

        Assert.Equal(hasDevice, Status(folder).IsOnBlockDevice);
    }

    [Fact]
    public void Extents_prove_what_was_written_since_the_system_was_started()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("file", 10);
        FileStatus file = Status(folder);

        Assert.True(DataProof.IsByExtents(file, FileSystemType.Ext, Before, Written));
        Assert.False(DataProof.IsByExtents(file, FileSystemType.Ext, Written.Seconds + 1, Written));
        Assert.False(DataProof.IsByExtents(file, FileSystemType.Ext, null, Written));
        Assert.False(DataProof.IsByExtents(
            file, FileSystemType.Ext, Before, new LibC.StatxTimestamp { Seconds = Written.Seconds + 100_000 }));
    }

    [Fact]
    public void Extents_of_a_file_system_that_is_not_known_prove_nothing_of_a_device()
    {
        using Workspace onDevice = fileSystems.NewFolder(FileSystem.Ext4);
        using Workspace inMemory = fileSystems.NewFolder(FileSystem.Tmpfs);
        onDevice.WriteRandom("file", 10);
        inMemory.WriteRandom("file", 10);

        Assert.False(DataProof.IsByExtents(Status(onDevice), FileSystemType.Other, Before, Written));
        Assert.True(DataProof.IsByExtents(Status(inMemory), FileSystemType.Other, Before, Written));
    }

    private static FileStatus Status(Workspace folder)
    {
        Assert.True(FileStatus.TryGet(folder["file"], followLink: false, out FileStatus? status).Ok);
        return status!;
    }
}
