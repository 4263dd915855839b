using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Comparing;

/// <summary>Blocks that two files share are not read, and no extent map that lies makes different files equal.</summary>
public sealed class SharedBlocksTests(MountedFileSystems fileSystems)
{
    private const int KiB = 1 << 10;
    private const int MiB = 1 << 20;

    public static TheoryData<FileSystem> WithReflinks => [FileSystem.Xfs, FileSystem.Btrfs];

    [Theory]
    [MemberData(nameof(WithReflinks))]
    public void A_clone_is_not_read_unless_all_is(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("one", (5 * MiB) + 77);
        Clone(folder, "one", "other");
        folder.Write("copy", File.ReadAllBytes(folder["one"]));

        ComparisonResult clone = Comparisons.OfFiles(folder["one"], folder["other"]);
        ComparisonResult read = Comparisons.OfFiles(folder["one"], folder["other"], request => request with { ReadAll = true });
        ComparisonResult copy = Comparisons.OfFiles(folder["one"], folder["copy"]);

        Assert.Equal((true, 0, (5 * MiB) + 77), (clone.Equal, clone.BytesRead, clone.BytesShared));
        Assert.Equal((true, (5 * MiB) + 77, 0), (read.Equal, read.BytesRead, read.BytesShared));
        Assert.Equal((true, (5 * MiB) + 77, 0), (copy.Equal, copy.BytesRead, copy.BytesShared));
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Overlay)]
    public void Elsewhere_all_is_read(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("one", MiB);
        Command.Check("cp", folder["one"], folder["other"]);

        ComparisonResult result = Comparisons.OfFiles(folder["one"], folder["other"]);

        Assert.Equal((true, MiB, 0), (result.Equal, result.BytesRead, result.BytesShared));
    }

    [Theory]
    [MemberData(nameof(WithReflinks))]
    public void A_changed_block_of_a_clone_that_is_not_on_the_disk_yet_is_read(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("one", 8 * MiB);
        Clone(folder, "one", "other");
        Overwrite(folder["other"], (3 * MiB) + 5, 1);

        ComparisonResult result = Comparisons.OfFiles(folder["one"], folder["other"]);

        Assert.Equal((3 * MiB) + 5, result.FirstDifference);
        Assert.True(result.BytesShared >= 3 * MiB);
        Assert.InRange(result.BytesRead, 0, 64 * KiB);
    }

    [Theory]
    [MemberData(nameof(WithReflinks))]
    public void A_store_through_a_mapping_is_seen(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("one", 2 * MiB);
        Clone(folder, "one", "other");
        using var mapping = MemoryMappedFile.CreateFromFile(folder["other"], FileMode.Open);
        using MemoryMappedViewAccessor view = mapping.CreateViewAccessor();
        byte old = view.ReadByte(MiB);
        view.Write(MiB, (byte)~old);

        Assert.Equal(MiB, Comparisons.OfFiles(folder["one"], folder["other"]).FirstDifference);

        view.Write(MiB, old);
        Assert.True(Comparisons.OfFiles(folder["one"], folder["other"]).Equal);
    }

    [Theory]
    [MemberData(nameof(WithReflinks))]
    public void Reserved_blocks_with_data_that_are_not_on_the_disk_yet_are_read(FileSystem type)
    {
        Command.Require("fallocate");
        using Workspace folder = fileSystems.NewFolder(type);
        Command.Check("fallocate", "-l", "2MiB", folder["one"]);
        Command.Check("sync", folder["one"]);
        Clone(folder, "one", "other");
        Assert.True(Comparisons.OfFiles(folder["one"], folder["other"]).Equal);
        Overwrite(folder["other"], MiB, 1);

        Assert.Equal(MiB, Comparisons.OfFiles(folder["one"], folder["other"]).FirstDifference);
    }

    [Fact]
    public void Content_in_the_metadata_of_btrfs_is_read()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        folder.WriteRandom("one", 1500, seed: 1);
        folder.WriteRandom("other", 1500, seed: 2);
        Command.Check("sync", "-f", folder.Folder);

        Assert.False(Comparisons.OfFiles(folder["one"], folder["other"]).Equal);
    }

    [Fact]
    public void Parts_of_one_compressed_extent_have_equal_maps_and_are_read()
    {
        const int Half = 64 * KiB;
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        folder.Write("source", []);
        RequireAttribute(folder["source"], "+c");
        using SafeFileHandle source = Posix.OpenWrite(folder["source"]);
        using SafeFileHandle one = Posix.OpenWrite(folder["one"]);
        using SafeFileHandle other = Posix.OpenWrite(folder["other"]);
        for (int i = 0; i < 8; i++)
        {
            // A compressed extent has 128 KiB at most.
            byte[] content = [.. Enumerable.Repeat((byte)'a', Half), .. Enumerable.Repeat((byte)'b', Half)];
            Assert.Equal(content.Length, LibC.Write(source, content, (long)i * 2 * Half).Value);
            Assert.True(LibC.Flush(source).Ok);
            Assert.True(LibC.CloneFileRange(source, i * 2L * Half, Half, one, (long)i * Half).Ok);
            Assert.True(LibC.CloneFileRange(source, (i * 2L * Half) + Half, Half, other, (long)i * Half).Ok);
        }

        LibC.Flush(one);
        LibC.Flush(other);
        Assert.Equal(Map(one), Map(other));

        ComparisonResult result = Comparisons.OfFiles(folder["one"], folder["other"]);

        Assert.Equal(0, result.FirstDifference);
        Assert.Equal(0, result.BytesShared);
    }

    [Fact]
    public void Files_without_copy_on_write_are_compared_rightly()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        foreach (string name in new[] { "one", "other" })
        {
            folder.Write(name, []);
            RequireAttribute(folder[name], "+C");
        }

        using (SafeFileHandle one = Posix.OpenWrite(folder["one"]))
        using (SafeFileHandle other = Posix.OpenWrite(folder["other"]))
        {
            LibC.Write(one, Workspace.RandomBytes(2 * MiB), 0);
            Assert.True(LibC.CloneFile(one, other).Ok);
        }

        Assert.Equal(2 * MiB, Comparisons.OfFiles(folder["one"], folder["other"]).BytesShared);
        Overwrite(folder["one"], MiB, 1);
        Assert.Equal(MiB, Comparisons.OfFiles(folder["one"], folder["other"]).FirstDifference);
    }

    [Fact]
    public void A_snapshot_of_btrfs_shares_blocks_with_its_subvolume()
    {
        Command.Require("btrfs");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        Command.Check("btrfs", "subvolume", "create", folder["volume"]);
        folder.WriteRandom("volume/file", MiB);
        Command.Check("btrfs", "subvolume", "snapshot", folder["volume"], folder["snapshot"]);
        try
        {
            Assert.Equal(MiB, Comparisons.OfFiles(folder["volume/file"], folder["snapshot/file"]).BytesShared);
            Overwrite(folder["volume/file"], 500_000, 1);
            Assert.Equal(500_000, Comparisons.OfFiles(folder["volume/file"], folder["snapshot/file"]).FirstDifference);
        }
        finally
        {
            Command.Run("btrfs", "subvolume", "delete", folder["volume"], folder["snapshot"]);
        }
    }

    [Fact]
    public void Equal_images_on_two_file_systems_do_not_share_blocks()
    {
        using Mount one = Mount.Image("xfs", 400 * MiB, "-q", "-m", "reflink=1");
        using Mount other = Mount.Image("xfs", 400 * MiB, "-q", "-m", "reflink=1");
        foreach ((Mount mount, int seed) in new[] { (one, 1), (other, 2) })
        {
            string file = Path.Combine(mount.Folder, "file");
            File.WriteAllBytes(file, Workspace.RandomBytes(MiB, seed));
            Command.Check("cp", "--reflink=always", file, file + "2");
            Command.Check("sync", "-f", file);
        }

        ComparisonResult result = Comparisons.OfFiles(Path.Combine(one.Folder, "file"), Path.Combine(other.Folder, "file"));

        Assert.Equal((false, 0), (result.Equal, result.BytesShared));
    }

    [Theory]
    [InlineData(FileSystem.Xfs, false)]
    [InlineData(FileSystem.Btrfs, false)]
    [InlineData(FileSystem.Btrfs, true)]
    public void Random_changes_of_clones_are_found_where_cmp_finds_them(FileSystem type, bool isCompressed)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        long shared = 0;
        for (int seed = 0; seed < FullRun.Count(everyday: 30, full: 300); seed++)
        {
            var random = new Random(seed);
            string one = folder[$"one{seed}"];
            string other = folder[$"other{seed}"];
            File.WriteAllBytes(one, []);
            if (isCompressed)
            {
                RequireAttribute(one, "+c");
            }

            int size = random.Next(130, 3000) * KiB;
            byte[] content = Workspace.RandomBytes(size, seed);
            Array.Fill(content, (byte)'z', size / 4, size / 2);
            File.WriteAllBytes(one, content);
            Clone(folder, $"one{seed}", $"other{seed}");
            for (int i = random.Next(6); i > 0; i--)
            {
                Change(random.Next(2) == 0 ? one : other, one, random);
            }

            ComparisonResult result = Comparisons.OfFiles(one, other);

            shared += result.BytesShared;
            Assert.True(Comparisons.ByCmp(one, other) == result.FirstDifference, $"seed {seed}: {result}");
            File.Delete(one);
            File.Delete(other);
        }

        Assert.True(isCompressed || shared > 10 * MiB);
    }

    private static void Change(string path, string source, Random random)
    {
        const int Block = 4096;
        using SafeFileHandle file = Posix.OpenWrite(path);
        using SafeFileHandle other = Posix.OpenRead(source);
        int blocks = (int)(RandomAccess.GetLength(file) / Block);
        long offset = (long)random.Next(blocks) * Block;
        switch (random.Next(6))
        {
            case 0:
                LibC.PunchHole(file, offset, Block * random.Next(1, 40));
                break;
            case 1:
                LibC.CloneFileRange(other, (long)random.Next(blocks / 2) * Block, Block * random.Next(1, 20), file, offset);
                break;
            case 2:
                LibC.Truncate(file, offset + random.Next(Block));
                break;
            case 3:
                // The same bytes again, in blocks of their own.
                byte[] same = new byte[Block * random.Next(1, 9)];
                int read = (int)LibC.Read(file, same, offset).Value;
                LibC.Write(file, same.AsSpan(0, read), offset);
                break;
            case 4:
                LibC.Flush(file);
                break;
            default:
                LibC.Write(file, Workspace.RandomBytes(random.Next(1, 9000), random.Next()), offset + random.Next(Block));
                break;
        }
    }

    private static void Clone(Workspace folder, string from, string to) =>
        Command.Check("cp", "--reflink=always", folder[from], folder[to]);

    private static void Overwrite(string path, long offset, int count)
    {
        using SafeFileHandle file = Posix.OpenWrite(path);
        byte[] bytes = new byte[count];
        Assert.Equal(count, LibC.Read(file, bytes, offset).Value);
        Assert.Equal(count, LibC.Write(file, Array.ConvertAll(bytes, value => (byte)~value), offset).Value);
    }

    private static void RequireAttribute(string path, string attribute)
    {
        Command.Require("chattr");
        Assert.SkipUnless(Command.Run("chattr", attribute, path).ExitCode == 0, $"chattr {attribute} is refused");
    }

    private static List<(long, long, long)> Map(SafeFileHandle file)
    {
        var extents = new LibC.MappedExtent[64];
        long count = LibC.MapExtents(file, 0, LibC.FIEMAP_FLAG_SYNC, extents).Value;
        Assert.True(count > 0);
        return [.. extents.Take((int)count).Select(extent => (extent.Logical, extent.Physical, extent.Length))];
    }
}
