using System.Globalization;
using System.IO.MemoryMappedFiles;
using Xunit;

namespace Splice.Tests.Copying.Verify;

/// <summary>What is verified was read from the device. Its counters are the witnesses (/sys/block/*/stat).</summary>
public sealed class VerifiedFromDeviceTests
{
    private const int MiB = 1 << 20;
    private const int Size = 8 * MiB;
    private const int SectorSize = 512;

    // What btrfs compresses goes in pieces of this size, and each takes a block of 4 KiB at least.
    private const int CompressedPiece = 128 * 1024;

    public enum Way
    {
        New,
        Replaced,
        InPlace,
        Appended,
        Range,
        Resumed,
        Tree,
    }

    public static MatrixTheoryData<string, Way> Ways => new(
        ["ext4", "ext4 data=journal", "xfs", "btrfs", "btrfs compress=zstd"],
        Enum.GetValues<Way>());

    [Theory]
    [MemberData(nameof(Ways))]
    public void All_bytes_are_read_from_the_device(string fileSystem, Way way)
    {
        using Disk disk = Disk.Mount(fileSystem);
        using var folder = new Workspace();
        bool isCompressed = fileSystem.Contains("compress", StringComparison.Ordinal);
        Write(folder["source"], isCompressed);

        long before = disk.BytesRead();
        TransferResult result = Copy(folder, disk, way);
        long read = disk.BytesRead() - before;

        Assert.True(result.Verified);
        Assert.InRange(read, isCompressed ? Size / CompressedPiece * 4096 : Size, long.MaxValue);
    }

    [Fact]
    public void Of_a_file_that_was_appended_to_only_what_was_added_is_read()
    {
        using Disk disk = Disk.Mount("ext4");
        using var folder = new Workspace();
        Write(folder["source"], isCompressed: false);
        string copy = Path.Combine(disk.Folder, "copy");
        File.WriteAllBytes(copy, Workspace.RandomBytes(8 * Size));

        long before = disk.BytesRead();
        Assert.True(FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = copy, Append = true, Verify = true }, TransferMonitor.None).Verified);

        Assert.InRange(disk.BytesRead() - before, Size, 2 * Size);
    }

    [Fact]
    public void A_device_is_read()
    {
        using var device = new LoopDevice(new byte[2 * Size]);
        using var folder = new Workspace();
        Write(folder["source"], isCompressed: false);

        long before = Disk.BytesRead(device.Path);
        Assert.True(FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = device.Path, DestinationOffset = 4096, Verify = true },
            TransferMonitor.None).Verified);

        Assert.InRange(Disk.BytesRead(device.Path) - before, Size, long.MaxValue);
    }

    /// <summary>Pages that a process has mapped stay in the cache. ext4 and XFS read past it all the same; with data=journal and with
    /// compression they cannot.</summary>
    [Theory]
    [InlineData("ext4", true)]
    [InlineData("xfs", true)]
    [InlineData("ext4 data=journal", false)]
    [InlineData("btrfs compress=zstd", false)]
    public void A_file_that_is_mapped_is_read_from_the_device_or_not_verified(string fileSystem, bool canBeRead)
    {
        Emulator.Skip("mappings are the emulator's own");
        using Disk disk = Disk.Mount(fileSystem);
        using var folder = new Workspace();
        Write(folder["source"], isCompressed: true);
        string copy = Path.Combine(disk.Folder, "copy");
        File.WriteAllBytes(copy, new byte[Size]);
        using var map = MemoryMappedFile.CreateFromFile(copy, FileMode.Open);
        using MemoryMappedViewAccessor view = map.CreateViewAccessor();
        var monitor = new TransferMonitor(_ => Touch(view));
        var request = new CopyRequest { Source = folder["source"], Destination = copy, InPlace = true, Verify = true };

        long before = disk.BytesRead();
        if (canBeRead)
        {
            Assert.True(FileCopy.Copy(request, monitor).Verified);
            Assert.InRange(disk.BytesRead() - before, Size, long.MaxValue);
            return;
        }

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));
        Assert.Equal(TransferErrorId.VerificationFailed, error.Id);
        Assert.Contains("mmap", error.Message, StringComparison.Ordinal);
        Assert.False(error.PartialTransfer().Verified);
        Assert.Equal(Size, error.PartialTransfer().BytesCopied);
        Files.AssertSameBytes(folder["source"], copy);
    }

    private static void Touch(MemoryMappedViewAccessor view)
    {
        for (long at = 0; at < Size; at += 4096)
        {
            view.ReadByte(at);
        }
    }

    private static void Write(string path, bool isCompressed)
    {
        byte[] piece = isCompressed ? Workspace.RandomBytes(64) : Workspace.RandomBytes(Size);
        File.WriteAllBytes(path, [.. Enumerable.Range(0, Size / piece.Length).SelectMany(_ => piece)]);
    }

    private static TransferResult Copy(Workspace folder, Disk disk, Way way)
    {
        string copy = Path.Combine(disk.Folder, "copy");
        var request = new CopyRequest { Source = folder["source"], Destination = copy, Verify = true, Method = TransferMethod.ReadWrite };
        if (way is Way.Replaced or Way.InPlace or Way.Appended or Way.Range)
        {
            File.WriteAllBytes(copy, Workspace.RandomBytes(100_000, seed: 5));
        }

        switch (way)
        {
            case Way.Tree:
                Directory.CreateDirectory(folder["tree"]);
                File.Move(folder["source"], folder["tree/file"]);
                return TreeCopy.Copy(new TreeRequest { Copy = request with { Source = folder["tree"] } }, TreeMonitor.None);
            case Way.Resumed:
                InterruptedCopy.Stop(request with { Resume = true }, Size / 2);
                TransferResult resumed = FileCopy.Copy(request with { Resume = true }, TransferMonitor.None);
                Assert.NotNull(resumed.ResumedAt);
                return resumed;
            default:
                return FileCopy.Copy(
                    request with
                    {
                        InPlace = way == Way.InPlace,
                        Append = way == Way.Appended,
                        DestinationOffset = way == Way.Range ? 50_000 : null,
                    },
                    TransferMonitor.None);
        }
    }

    /// <summary>A file system with mount options on a loop device of its own.</summary>
    private sealed class Disk : IDisposable
    {
        private readonly Workspace _workspace = new();
        private string _device = string.Empty;

        public string Folder => _workspace["mnt"];

        /// <param name="fileSystem">Its type, and after a space the mount options.</param>
        public static Disk Mount(string fileSystem)
        {
            string[] words = fileSystem.Split(' ');
            Command.RequireRoot();
            Command.Require($"mkfs.{words[0]}", "mount", "umount", "findmnt");
            var disk = new Disk();
            try
            {
                disk.Mount(words[0], words.ElementAtOrDefault(1) ?? "defaults");
                return disk;
            }
            catch
            {
                disk.Dispose();
                throw;
            }
        }

        public static long BytesRead(string device)
        {
            string[] counts = File.ReadAllText($"/sys/block/{Path.GetFileName(device)}/stat").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return long.Parse(counts[2], CultureInfo.InvariantCulture) * SectorSize;
        }

        public long BytesRead() => BytesRead(_device);

        public void Dispose()
        {
            if (Command.Run("umount", Folder).ExitCode != 0)
            {
                Command.Run("umount", "--lazy", Folder);
            }

            _workspace.Dispose();
        }

        private void Mount(string type, string options)
        {
            Directory.CreateDirectory(Folder);
            using (FileStream image = File.Create(_workspace["image"]))
            {
                image.SetLength(512L * MiB);
            }

            Command.Check($"mkfs.{type}", "-q", _workspace["image"]);
            Command.Output mounted = Command.Run("mount", "-t", type, "-o", $"loop,{options}", _workspace["image"], Folder);
            Assert.SkipUnless(mounted.ExitCode == 0, $"cannot be mounted here: {mounted.Errors}");
            _device = Command.Check("findmnt", "--noheadings", "--output", "SOURCE", Folder);
        }
    }
}
