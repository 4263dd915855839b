using System.Diagnostics;
using Xunit;

namespace Splice.Tests.Copying.Parts;

/// <summary>Files that are cut into parts and joined again.</summary>
public sealed class PartsTests(MountedFileSystems fileSystems)
{
    private const int Block = 4096;
    private const int MiB = 1 << 20;

    public static TheoryData<FileSystem, TransferMethod> Ways => new(FullRun.Cases(
        from type in Enum.GetValues<FileSystem>()
        from method in new[] { TransferMethod.Auto, TransferMethod.Splice, TransferMethod.ReadWrite }
        select (type, method)));

    [Theory]
    [MemberData(nameof(Ways))]
    public void Parts_joined_are_the_file_again(FileSystem type, TransferMethod method)
    {
        var random = new Random(type.GetHashCode());
        using Workspace folder = fileSystems.NewFolder(type);
        Directory.CreateDirectory(folder["parts"]);
        for (int round = 0; round < 6; round++)
        {
            int size = random.Next(1, 2 * MiB);
            folder.WriteRandom("file", size, seed: round);
            var split = new SplitRequest
            {
                Copy = new CopyRequest { Source = folder["file"], Destination = folder["parts"], Method = method },
                PartSize = round % 2 == 0 ? random.Next(size / 40, size + 10) + 1 : null,
                PartCount = round % 2 == 0 ? null : random.Next(1, Math.Min(size, 40)),
            };

            IReadOnlyList<TransferResult> parts = FileSplit.Split(split, TransferMonitor.None);
            TransferResult whole = FileJoin.Join(
                Join(folder, [.. parts.Select(part => part.Destination)], method), TransferMonitor.None);

            Files.AssertSameBytes(folder["file"], folder["whole"]);
            Assert.Equal(size, parts.Sum(part => part.BytesCopied));
            Assert.Equal(size, whole.BytesCopied);
            Assert.Equal(parts.Count, whole.FileCount);
            Assert.All(parts, part => Assert.Equal(part.Count, new FileInfo(part.Destination).Length));
            Command.Check("find", folder["parts"], "-type", "f", "-delete");
        }
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void Parts_in_blocks_share_them_and_so_does_the_whole(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("file", (4 * MiB) + 1000);
        Command.Check("sync", folder["file"]);
        var split = new SplitRequest { Copy = new CopyRequest { Source = folder["file"], Destination = folder.Folder }, PartCount = 5 };

        IReadOnlyList<TransferResult> parts = FileSplit.Split(split, TransferMonitor.None);
        TransferResult whole = FileJoin.Join(Join(folder, [.. parts.Select(part => part.Destination)]), TransferMonitor.None);

        Assert.All(parts, part => Assert.Equal(part.BytesCopied, part.BytesReflinked));
        Assert.All(parts, part => Assert.True(Files.SharedExtents(part.Destination) > 0));
        Assert.Equal(whole.BytesCopied, whole.BytesReflinked);
        Assert.Equal(Blocks(folder["file"]), Blocks(folder["whole"]));
        Files.AssertSameBytes(folder["file"], folder["whole"]);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Tmpfs)]
    public void Holes_stay_holes(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["file"], 64 * MiB, (5 * MiB, 100_000), (30 * MiB, 200_000), (63 * MiB, 5000));
        var copy = new CopyRequest { Source = folder["file"], Destination = folder.Folder, Reflink = ReflinkMode.Never };

        IReadOnlyList<TransferResult> parts = FileSplit.Split(new SplitRequest { Copy = copy, PartSize = 10 * MiB }, TransferMonitor.None);
        JoinRequest join = Join(folder, [.. parts.Select(part => part.Destination)]);
        FileJoin.Join(join with { Copy = join.Copy with { Reflink = ReflinkMode.Never } }, TransferMonitor.None);

        Files.AssertSameBytes(folder["file"], folder["whole"]);
        long most = Files.Allocated(folder["file"]) + (8 * 16 * Block);
        Assert.InRange(parts.Sum(part => Files.Allocated(part.Destination)), 300_000, most);
        Assert.InRange(Files.Allocated(folder["whole"]), 300_000, most);
    }

    [Theory]
    [InlineData(SparseMode.Auto)]
    [InlineData(SparseMode.Always)]
    public void Progress_counts_holes_apart(SparseMode sparse)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        Files.WriteSparse(folder["file"], 64 * MiB, (5 * MiB, MiB), (63 * MiB, MiB / 2));
        var copy = new CopyRequest { Source = folder["file"], Destination = folder.Folder, Method = TransferMethod.ReadWrite, Sparse = sparse };
        List<TransferProgress> split = [];
        List<TransferProgress> joined = [];

        IReadOnlyList<TransferResult> parts = FileSplit.Split(new SplitRequest { Copy = copy, PartSize = 10 * MiB }, new TransferMonitor(split.Add));
        JoinRequest join = Join(folder, [.. parts.Select(part => part.Destination)]);
        FileJoin.Join(join with { Copy = copy with { Destination = folder["whole"] } }, new TransferMonitor(joined.Add));

        foreach (List<TransferProgress> reports in new[] { split, joined })
        {
            Assert.Equal(reports.Select(report => report.BytesCopied).Order(), reports.Select(report => report.BytesCopied));
            Assert.All(reports, report => Assert.Equal(64 * MiB, report.TotalBytes + report.BytesInHoles));
            TransferProgress last = reports[^1];
            Assert.Equal(last.TotalBytes, last.BytesCopied);
            Assert.InRange(last.BytesCopied, MiB * 3 / 2, 2 * MiB);
        }
    }

    [Fact]
    public void A_part_has_its_own_time_and_calls_and_a_whole_has_those_of_all()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("file", 8 * MiB);
        var copy = new CopyRequest { Source = folder["file"], Destination = folder.Folder, Flush = true };
        var split = new TransferTrace(takesCalls: true);
        var joined = new TransferTrace(takesCalls: true);
        long started = Stopwatch.GetTimestamp();

        IReadOnlyList<TransferResult> parts = split.Follow(() => FileSplit.Split(new SplitRequest { Copy = copy, PartCount = 8 }, TransferMonitor.None));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        JoinRequest join = Join(folder, [.. parts.Select(part => part.Destination)]);
        TransferResult whole = joined.Follow(() => FileJoin.Join(join with { Copy = copy with { Destination = folder["whole"] } }, TransferMonitor.None));

        Assert.All(parts, part => Assert.InRange(part.SystemCalls, 1, long.MaxValue));
        Assert.InRange(parts.Sum(part => part.SystemCalls), parts.Count, split.SystemCalls.Sum(call => call.Count));
        Assert.InRange(parts.Sum(part => part.Elapsed.Ticks), 1, elapsed.Ticks);
        Assert.Equal(joined.SystemCalls.Sum(call => call.Count), whole.SystemCalls);
        Assert.Contains(joined.SystemCalls, call => call.Name == "linkat");
        Assert.Contains(joined.SystemCalls, call => call.Name == "fsync");
    }

    [Theory]
    [InlineData(FileSystem.Xfs, 0)]
    [InlineData(FileSystem.Xfs, 100)]
    [InlineData(FileSystem.Ext4, 100)]
    [InlineData(FileSystem.Btrfs, 100)]
    public void A_hole_behind_a_part_without_one_takes_no_blocks(FileSystem type, int tail)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("one", (64 * MiB) + tail);
        Files.WriteSparse(folder["two"], 200 * MiB, (190 * MiB, 5000));
        JoinRequest join = Join(folder, folder["one"], folder["two"]);

        FileJoin.Join(join with { Copy = join.Copy with { Reflink = ReflinkMode.Never } }, TransferMonitor.None);

        long sources = Files.Allocated(folder["one"]) + Files.Allocated(folder["two"]);
        Assert.InRange(Files.Allocated(folder["whole"]), 64 * MiB, sources + (64 * Block));
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    public void Parts_that_are_flushed_are_there_with_their_names_after_the_power_failed(string type)
    {
        using var mount = Mount.Image(type, 512L * MiB, "-q");
        using var elsewhere = new Workspace();
        elsewhere.WriteRandom("file", MiB);
        var copy = new CopyRequest { Source = elsewhere["file"], Destination = mount.Folder, Flush = true };

        IReadOnlyList<TransferResult> parts = FileSplit.Split(new SplitRequest { Copy = copy, PartCount = 4 }, TransferMonitor.None);
        mount.LosePower();

        Assert.All(parts, part => Assert.True(part.Flushed));
        Assert.Equal(
            File.ReadAllBytes(elsewhere["file"]), parts.SelectMany(part => File.ReadAllBytes(part.Destination)));
    }

    [Fact]
    public void A_full_disk_leaves_no_part_and_the_old_ones_as_they_were()
    {
        using var mount = Mount.Memory("tmpfs", "size=5m");
        using var disk = new Workspace(mount.Folder);
        disk.WriteRandom("file", 3 * MiB);
        disk.WriteRandom("file.001", 10, seed: 2);
        var copy = new CopyRequest { Source = disk["file"], Destination = disk.Folder };

        TransferException error = Assert.Throws<TransferException>(
            () => FileSplit.Split(new SplitRequest { Copy = copy, PartSize = MiB }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.Equal(["file", "file.001"], disk.Names);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(disk["file.001"]));
    }

    [Fact]
    public void A_full_disk_leaves_the_old_file_where_a_whole_was_to_be()
    {
        using var mount = Mount.Memory("tmpfs", "size=5m");
        using var disk = new Workspace(mount.Folder);
        disk.WriteRandom("one", 2 * MiB);
        disk.WriteRandom("two", 2 * MiB, seed: 3);
        disk.WriteRandom("whole", 10, seed: 2);

        TransferException error = Assert.Throws<TransferException>(() => FileJoin.Join(Join(disk, disk["one"], disk["two"]), TransferMonitor.None));

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.InRange(error.PartialTransfer().BytesCopied, 1, 2 * MiB);
        Assert.Equal(["one", "two", "whole"], disk.Names);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(disk["whole"]));
    }

    private static JoinRequest Join(Workspace folder, params string[] sources) => Join(folder, sources, TransferMethod.Auto);

    private static JoinRequest Join(Workspace folder, string[] sources, TransferMethod method) => new()
    {
        Sources = sources,
        Copy = new CopyRequest { Source = sources[0], Destination = folder["whole"], Method = method },
    };

    /// <summary>Where the file's blocks are on the disk.</summary>
    private static string[] Blocks(string path)
    {
        Command.Require("filefrag");
        Command.Check("sync", path);
        return [.. Command.Check("filefrag", "-b4096", "-v", path).Split('\n')
            .Select(line => line.Split(':')).Where(fields => fields.Length >= 5 && int.TryParse(fields[0], out _))
            .SelectMany(fields => Run(fields[2], fields[3]))];
    }

    /// <summary>An extent may be cut in two in one file, and not in the other: block by block they are the same.</summary>
    private static IEnumerable<string> Run(string physical, string length)
    {
        long start = long.Parse(physical.Split("..")[0], System.Globalization.CultureInfo.InvariantCulture);
        return Enumerable.Range(0, int.Parse(length, System.Globalization.CultureInfo.InvariantCulture)).Select(i => $"{start + i}");
    }
}
