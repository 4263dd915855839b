using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Verify;

public sealed class ComparisonTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = 3_500_000;

    public static TheoryData<FileSystem, bool> Disks => new(
        from type in new[] { FileSystem.Tmpfs, FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Ramfs, FileSystem.Overlay }
        from fromDisk in new[] { true, false }
        select (type, fromDisk));

    [Theory]
    [MemberData(nameof(Disks))]
    public void The_first_byte_that_differs_is_found_wherever_it_is(FileSystem type, bool fromDisk)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] content = WriteWithHoles(folder, "source");
        WriteWithHoles(folder, "copy");
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using SafeFileHandle copy = Posix.OpenWrite(folder["copy"]);

        Assert.Equal(Size, Compare(source, copy, 0, 0, Size, fromDisk));
        foreach (int offset in new[] { 0, 4095, 65_536, 65_537, 500_000, MiB - 1, MiB, MiB + 1, 2_000_000, Size - 1 })
        {
            byte[] other = [(byte)~content[offset]];
            Assert.Equal(1, LibC.Write(copy, other, offset).Value);
            Assert.True(LibC.Flush(copy).Ok);

            Assert.Equal(offset, Compare(source, copy, 0, 0, Size, fromDisk));
            Assert.Equal(offset, Compare(source, copy, 0, 0, offset, fromDisk));
            Assert.Equal(Size - offset - 1, Compare(source, copy, offset + 1, offset + 1, Size - offset - 1, fromDisk));

            Assert.Equal(1, LibC.Write(copy, content.AsSpan(offset, 1), offset).Value);
            Assert.True(LibC.Flush(copy).Ok);
        }
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public void Ranges_at_different_offsets_are_compared(FileSystem type, bool fromDisk)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] content = WriteWithHoles(folder, "source");
        folder.Write("copy", [.. new byte[777], .. content.AsSpan(12_345, 2_000_000)]);
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using SafeFileHandle copy = Posix.OpenWrite(folder["copy"]);
        Assert.True(LibC.Flush(copy).Ok);

        Assert.Equal(2_000_000, Compare(source, copy, 12_345, 777, 2_000_000, fromDisk));

        // Shifted by one, the hole at the beginning is the same still.
        Assert.Equal(70_000 - 12_345 - 1, Compare(source, copy, 12_345, 778, 1_000_000, fromDisk));
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public void A_file_that_ends_early_differs_there(FileSystem type, bool fromDisk)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], Size, (0, 100_000));
        Files.WriteSparse(folder["copy"], Size - 1_000_000, (0, 100_000));
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using SafeFileHandle copy = Posix.OpenWrite(folder["copy"]);

        Assert.Equal(Size - 1_000_000, Compare(source, copy, 0, 0, Size, fromDisk));
        Assert.Equal(Size - 1_000_000, Compare(copy, source, 0, 0, Size, fromDisk));
    }

    [Fact]
    public void Zeros_and_a_hole_are_the_same()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Files.WriteSparse(folder["source"], 2 * MiB, (0, 1));
        folder.Write("copy", File.ReadAllBytes(folder["source"]));
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using SafeFileHandle copy = Posix.OpenWrite(folder["copy"]);

        Assert.Equal(2 * MiB, Compare(source, copy, 0, 0, 2 * MiB, fromDisk: true));
        Assert.Equal(2 * MiB, Compare(copy, source, 0, 0, 2 * MiB, fromDisk: true));
    }

    [Fact]
    public void What_is_a_hole_in_both_is_not_read()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        Files.WriteSparse(folder["source"], 1L << 40, (512L << 30, 1000));
        Files.WriteSparse(folder["copy"], 1L << 40, (512L << 30, 1000));
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using SafeFileHandle copy = Posix.OpenWrite(folder["copy"]);

        long before = SystemCallCount.Current;
        Assert.Equal(1L << 40, Compare(source, copy, 0, 0, 1L << 40, fromDisk: true));
        Assert.InRange(SystemCallCount.Current - before, 4, 40);
    }

    [Fact]
    public void Whoever_stops_it_does_not_wait()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using var comparison = new Comparison(Descriptor.Describe(source, "source"), source, "copy", new CancellationToken(canceled: true));

        Assert.Throws<OperationCanceledException>(() => comparison.Run(0, 0, 1000));
    }

    private static long Compare(SafeFileHandle source, SafeFileHandle copy, long sourceOffset, long offset, long count, bool fromDisk)
    {
        using var comparison = new Comparison(Descriptor.Describe(source, "source"), copy, "copy", CancellationToken.None);
        if (fromDisk)
        {
            comparison.ReadFromDisk(offset, count);
        }

        return comparison.Run(sourceOffset, offset, count);
    }

    private static byte[] WriteWithHoles(Workspace folder, string name)
    {
        Files.WriteSparse(folder[name], Size, (70_000, 900_000), (1_900_000, 200_000), (Size - 5, 5));
        return File.ReadAllBytes(folder[name]);
    }
}
