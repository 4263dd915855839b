using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Comparing;

public sealed class FileComparisonTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;

    public static TheoryData<FileSystem> Disks =>
        [FileSystem.Tmpfs, FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Ramfs, FileSystem.Overlay];

    [Theory]
    [MemberData(nameof(Disks))]
    public void The_first_byte_that_differs_is_found_wherever_it_is(FileSystem type)
    {
        const int Size = (17 * MiB) + 5;
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["one"], Size, (70_000, 900_000), (7 * MiB, 2 * MiB), (Size - 5, 5));
        File.WriteAllBytes(folder["other"], File.ReadAllBytes(folder["one"]));

        ComparisonResult equal = Comparisons.OfFiles(folder["one"], folder["other"]);

        Assert.True(equal.Equal);
        Assert.Null(equal.FirstDifference);
        Assert.Equal(Size, equal.BytesRead + equal.BytesInHoles + equal.BytesShared);
        using SafeFileHandle other = Posix.OpenWrite(folder["other"]);
        foreach (int offset in new[] { Size - 1, 16 * MiB, (8 * MiB) + 1, 8 * MiB, (8 * MiB) - 1, 256 * 1024, 70_001, 1, 0 })
        {
            byte[] one = new byte[1];
            Assert.Equal(1, LibC.Read(other, one, offset).Value);
            Assert.Equal(1, LibC.Write(other, [(byte)~one[0]], offset).Value);

            foreach (int threads in new[] { 1, 2, 7 })
            {
                ComparisonResult result = Comparisons.OfFiles(folder["one"], folder["other"], request => request with { ThrottleLimit = threads });
                Assert.False(result.Equal);
                Assert.Equal(offset, result.FirstDifference);
                Assert.Equal(["Content"], result.Property);
                Assert.Equal($"Content: 0x{one[0]:X2}, 0x{(byte)~one[0]:X2}", result.Reason);
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1000, 1001)]
    [InlineData(9 * MiB, 20 * MiB)]
    public void Where_one_file_is_the_start_of_the_other_they_differ_at_its_end(int shorter, int longer)
    {
        using var folder = new Workspace();
        byte[] content = Workspace.RandomBytes(longer);
        folder.Write("long", content);
        folder.Write("short", content[..shorter]);

        ComparisonResult result = Comparisons.OfFiles(folder["long"], folder["short"]);

        Assert.False(result.Equal);
        Assert.Equal(shorter, result.FirstDifference);
        Assert.Equal(longer, result.ReferenceLength);
        Assert.Equal(shorter, result.DifferenceLength);
        Assert.Equal(shorter, Comparisons.OfFiles(folder["short"], folder["long"]).FirstDifference);
        ComparisonResult quick = Comparisons.OfFiles(folder["long"], folder["short"], request => request with { StopAtDifference = true });
        Assert.False(quick.Equal);
        Assert.Equal(0, quick.BytesRead);
    }

    [Fact]
    public void Holes_in_both_are_not_read_unless_all_is()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        Files.WriteSparse(folder["one"], 1L << 62, (512L << 30, 1000));
        Files.WriteSparse(folder["other"], 1L << 62, (512L << 30, 1000));

        ComparisonResult result = Comparisons.OfFiles(folder["one"], folder["other"]);

        Assert.True(result.Equal);
        Assert.InRange(result.BytesRead, 1000, 65_536);
        Assert.Equal(1L << 62, result.BytesRead + result.BytesInHoles);

        Files.WriteSparse(folder["one"], 3 * MiB, (0, 1));
        Files.WriteSparse(folder["other"], 3 * MiB, (0, 1));
        Assert.Equal(3 * MiB, Comparisons.OfFiles(folder["one"], folder["other"], request => request with { ReadAll = true }).BytesRead);
    }

    [Fact]
    public void Zeros_are_equal_to_a_hole_and_other_bytes_are_not()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.Write("zeros", new byte[12 * MiB]);
        Files.WriteSparse(folder["hole"], 12 * MiB);

        Assert.True(Comparisons.OfFiles(folder["zeros"], folder["hole"]).Equal);
        using (SafeFileHandle file = Posix.OpenWrite(folder["zeros"]))
        {
            LibC.Write(file, [1], 11 * MiB);
        }

        Assert.Equal(11 * MiB, Comparisons.OfFiles(folder["hole"], folder["zeros"]).FirstDifference);
    }

    [Fact]
    public void Random_pairs_differ_where_cmp_says()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        for (int seed = 0; seed < FullRun.Count(everyday: 40, full: 400); seed++)
        {
            var random = new Random(seed);
            byte[] content = Workspace.RandomBytes(random.Next(1, seed % 10 == 0 ? 20 * MiB : 300_000), seed);
            if (random.Next(3) == 0)
            {
                Array.Clear(content, 0, content.Length / 2);
            }

            folder.Write("one", content);
            byte[] other = content[..(random.Next(3) == 0 ? random.Next(content.Length) : content.Length)];
            for (int i = random.Next(3); i > 0 && other.Length > 0; i--)
            {
                other[random.Next(other.Length)] ^= (byte)random.Next(256);
            }

            folder.Write("other", other);

            Assert.Equal(Comparisons.ByCmp(folder["one"], folder["other"]), Comparisons.OfFiles(folder["one"], folder["other"]).FirstDifference);
        }
    }

    [Fact]
    public void Names_of_one_file_are_equal_without_reading_it()
    {
        using var folder = new Workspace();
        folder.WriteRandom("one", 100_000);
        Posix.HardLink(folder, "one", "other");

        ComparisonResult result = Comparisons.OfFiles(folder["one"], folder["other"]);

        Assert.True(result.Equal);
        Assert.Equal((0, 100_000), (result.BytesRead, result.BytesShared));
        Assert.Equal(100_000, Comparisons.OfFiles(folder["one"], folder["other"], request => request with { ReadAll = true }).BytesRead);
    }

    [Fact]
    public void Generated_files_are_read_to_their_end()
    {
        using var folder = new Workspace();
        folder.Write("copy", File.ReadAllBytes("/proc/version"));

        Assert.True(Comparisons.OfFiles("/proc/version", folder["copy"]).Equal);
        Assert.True(Comparisons.OfFiles(folder["copy"], "/proc/version").Equal);
        folder.Write("longer", [.. File.ReadAllBytes("/proc/version"), 1]);
        long length = new FileInfo(folder["copy"]).Length;
        Assert.Equal(length, Comparisons.OfFiles("/proc/version", folder["longer"]).FirstDifference);
        Assert.Equal(length, Comparisons.OfFiles(folder["longer"], "/proc/version").FirstDifference);
        Assert.False(Comparisons.OfFiles("/proc/version", "/proc/filesystems").Equal);
        folder.Write("empty", []);
        Assert.Equal(0, Comparisons.OfFiles("/proc/version", folder["empty"]).FirstDifference);
        Assert.True(Comparisons.OfFiles(folder["empty"], folder.Write("nothing", [])).Equal);
    }

    [Fact]
    public void Bytes_after_the_size_that_a_file_system_reports_count()
    {
        byte[] content = Workspace.RandomBytes(100_000);
        using var fuse = new FuseMount(("one", 50_000, content), ("same", 50_000, content), ("other", 50_000, [.. content[..99_999], 1]));

        Assert.True(Comparisons.OfFiles(fuse["one"], fuse["same"]).Equal);
        Assert.False(Comparisons.OfFiles(fuse["one"], fuse["other"]).Equal);
    }

    [Fact]
    public void A_block_device_is_compared_with_its_image()
    {
        byte[] content = Workspace.RandomBytes(4 * MiB);
        using var device = new LoopDevice(content);
        using var folder = new Workspace();
        folder.Write("image", content);

        Assert.True(Comparisons.OfFiles(device.Path, folder["image"]).Equal);
        Assert.True(Comparisons.OfFiles(folder["image"], device.Path, request => request with { StopAtDifference = true }).Equal);
        content[3 * MiB] ^= 1;
        folder.Write("image", content);
        ComparisonResult result = Comparisons.OfFiles(folder["image"], device.Path);
        Assert.Equal(3 * MiB, result.FirstDifference);
        Assert.Equal(("File", "BlockDevice", 4 * MiB), (result.ReferenceType, result.DifferenceType, result.DifferenceLength));
        Assert.False(Comparisons.OfFiles(folder["image"], device.Path, request => request with { StopAtDifference = true }).Equal);
    }

    [Fact]
    public void Sizes_of_block_devices_are_compared_without_their_content()
    {
        using var small = new LoopDevice(Workspace.RandomBytes(4 * MiB));
        using var large = new LoopDevice(Workspace.RandomBytes(8 * MiB));
        using var folder = new Workspace();
        folder.WriteRandom("image", 4 * MiB, seed: 2);

        Assert.Equal("Size: 4194304, 8388608", Reason(small.Path, large.Path));
        Assert.Equal("Size: 4194304, 8388608", Reason(folder["image"], large.Path));
        Assert.Equal("Size: 8388608, 4194304", Reason(large.Path, folder["image"]));
        Assert.Null(Reason(folder["image"], small.Path));
        Assert.Null(Reason(small.Path, small.Path));

        static string? Reason(string reference, string difference) =>
            Comparisons.OfFiles(reference, difference, request => request with { Properties = ComparedProperties.Size }).Reason;
    }

    [Fact]
    public void Links_are_followed_and_a_folder_stands_for_the_file_in_it()
    {
        using var folder = new Workspace();
        folder.WriteRandom("one", 5000);
        Directory.CreateDirectory(folder["sub"]);
        folder.WriteRandom("sub/one", 5000);
        File.CreateSymbolicLink(folder["link"], "one");

        Assert.True(Comparisons.OfFiles(folder["link"], folder["sub/one"]).Equal);
        Assert.Equal(folder["sub/one"], Comparisons.OfFiles(folder["one"], folder["sub"]).DifferencePath);
    }

    [Fact]
    public void Metadata_are_compared_where_requested()
    {
        Command.RequireRoot();
        Command.Require("chown", "setfattr");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("one", 5000);
        Command.Check("cp", "-a", folder["one"], folder["other"]);
        Assert.True(Comparisons.OfFiles(folder["one"], folder["other"], request => request with { Properties = ComparedProperties.All }).Equal);
        Command.Check("chown", "12:34", folder["other"]);
        Command.Check("chmod", "4750", folder["other"]);
        Command.Check("setfattr", "-n", "user.mark", "-v", "x", folder["other"]);
        Command.Check("touch", "-d", "@1000000000.000000001", folder["one"]);
        Command.Check("touch", "-d", "@1000000000.000000002", folder["other"]);

        ComparisonResult result = Comparisons.OfFiles(
            folder["one"], folder["other"], request => request with { Properties = ComparedProperties.All });

        Assert.Equal(
            [
                "Mode: 0644, 4750", "Ownership: 0:0, 12:34", "Timestamps: 2001-09-09 01:46:40.000000001, 2001-09-09 01:46:40.000000002",
                "Xattr: none, user.mark=0x78",
            ],
            result.Differences.Select(difference => difference.ToString()));
        Assert.Null(result.FirstDifference);
        Assert.True(Comparisons.OfFiles(folder["one"], folder["other"], request => request with { Properties = ComparedProperties.Size }).Equal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_file_that_is_written_meanwhile_is_an_error(int threads)
    {
        using var folder = new Workspace();
        byte[] content = Workspace.RandomBytes(20 * MiB);
        folder.Write("one", content);
        folder.Write("other", content);
        var request = new ComparisonRequest
        {
            ReferencePath = folder["one"],
            DifferencePath = folder["other"],
            ThrottleLimit = threads,
            RateLimit = new RateLimiter(20 * MiB),
        };

        // Byte 0 was compared by then.
        TransferException error = Assert.Throws<TransferException>(() => ItemComparison.Compare(request, new ComparisonMonitor(
            _ => Assert.Fail("no result is expected"),
            Progress: progress =>
            {
                Assert.Equal(20 * MiB, progress.TotalBytes);
                using SafeFileHandle other = Posix.OpenWrite(folder["other"]);
                LibC.Write(other, [(byte)~content[0]], 0);
            })));

        Assert.Equal(TransferErrorId.SourceChanged, error.Id);
        Assert.Equal(folder["other"], error.Target);
    }

    [Fact]
    public void A_comparison_up_to_an_unknown_end_has_progress_without_a_total()
    {
        byte[] content = Workspace.RandomBytes(200_000);
        using var fuse = new FuseMount(("one", 50_000, content), ("same", 50_000, content));
        var request = new ComparisonRequest { ReferencePath = fuse["one"], DifferencePath = fuse["same"], RateLimit = new RateLimiter(200_000) };
        List<TransferProgress> reports = [];

        Assert.True(ItemComparison.Compare(request, new ComparisonMonitor(Progress: reports.Add)).Equal);

        Assert.NotEmpty(reports);
        Assert.All(reports, report => Assert.Null(report.TotalBytes));
        Assert.All(reports, report => Assert.InRange(report.BytesCopied, 1, content.Length));
        Assert.Equal(reports.Select(report => report.BytesCopied).Order(), reports.Select(report => report.BytesCopied));
    }

    [Fact]
    public void What_cannot_be_compared_is_an_error()
    {
        using var folder = new Workspace();
        folder.WriteRandom("file", 10);
        Directory.CreateDirectory(folder["folder"]);
        Posix.MakeFifo(folder["fifo"]);

        AssertError(TransferErrorId.SourceNotFound, "file", "missing");
        AssertError(TransferErrorId.SourceNotFound, "missing", "file");
        AssertError(TransferErrorId.SourceNotFound, "file", "folder");
        AssertError(TransferErrorId.SourceIsDirectory, "folder", "folder");
        AssertError(TransferErrorId.SourceIsDirectory, "folder", "file");
        AssertError(TransferErrorId.NotSeekable, "file", "fifo");
        AssertError(TransferErrorId.NotSeekable, "fifo", "file");

        void AssertError(TransferErrorId id, string reference, string difference) => Assert.Equal(
            id, Assert.Throws<TransferException>(() => Comparisons.OfFiles(folder[reference], folder[difference])).Id);
    }

    [Fact]
    public void A_comparison_that_is_stopped_ends()
    {
        using var folder = new Workspace();
        folder.WriteRandom("one", 20 * MiB);
        folder.WriteRandom("other", 20 * MiB);
        using var stop = new CancellationTokenSource();

        foreach (int threads in new[] { 1, 3 })
        {
            var request = new ComparisonRequest
            {
                ReferencePath = folder["one"],
                DifferencePath = folder["other"],
                ThrottleLimit = threads,
                RateLimit = new RateLimiter(1000),
            };
            stop.CancelAfter(TimeSpan.FromMilliseconds(50));
            Assert.ThrowsAny<OperationCanceledException>(() => ItemComparison.Compare(request, new ComparisonMonitor(Cancellation: stop.Token)));
        }
    }
}
