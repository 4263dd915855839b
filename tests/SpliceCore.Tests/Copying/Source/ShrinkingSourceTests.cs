using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>A source that is cut short while it is copied: zeros must not take the place of what is gone.</summary>
public sealed class ShrinkingSourceTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void Bytes_that_are_gone_from_a_sparse_file_are_no_hole(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], 20 * MiB, (0, MiB), (4 * MiB, MiB), (10 * MiB, MiB));
        folder.Write("copy", [1, 2, 3]);

        TransferException failure = Assert.Throws<TransferException>(
            () => Copy(folder, new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, cutTo: 2 * MiB));

        Assert.Equal(TransferErrorId.SourceTruncated, failure.Id);
        Assert.Equal((long)MiB, failure.PartialTransfer().BytesCopied);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void The_end_of_a_range_that_is_gone_after_its_blocks_were_shared_is_an_error()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", 4 * MiB);

        TransferException failure = Assert.Throws<TransferException>(() => Copy(
            folder,
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Count = (2 * MiB) + 100 },
            cutTo: MiB));

        Assert.Equal(TransferErrorId.SourceTruncated, failure.Id);
        Assert.False(File.Exists(folder["copy"]));
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void A_clone_of_a_file_that_was_cut_meanwhile_is_not_filled_up(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 4 * MiB);
        using SafeFileHandle sourceFile = Posix.OpenRead(folder["source"]);
        using SafeFileHandle destinationFile = Posix.OpenWrite(folder["copy"]);
        var source = Descriptor.Describe(sourceFile, "source");
        var destination = Descriptor.Describe(destinationFile, "copy");
        using (FileStream writer = File.OpenWrite(folder["source"]))
        {
            writer.SetLength(MiB);
        }

        using var run = new TransferRun(
            source, destination, new TransferSpec { Offset = 0, DestinationOffset = 0, Length = 4 * MiB }, TransferMonitor.None, new());
        TransferException failure = Assert.Throws<TransferException>(run.Run);

        Assert.Equal(TransferErrorId.SourceTruncated, failure.Id);
        Assert.Equal(0, failure.PartialTransfer().BytesCopied);
        Assert.Equal(0, new FileInfo(folder["copy"]).Length);
    }

    private static void Copy(Workspace folder, CopyRequest request, long cutTo)
    {
        bool cut = false;
        FileCopy.Copy(request, new TransferMonitor(_ =>
        {
            if (!cut)
            {
                using FileStream writer = File.OpenWrite(folder["source"]);
                writer.SetLength(cutTo);
                cut = true;
            }
        }));
    }
}
