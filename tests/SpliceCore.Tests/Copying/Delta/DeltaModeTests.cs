using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Copying.Delta;

/// <summary>When a file is updated block by block, and when it is written whole.</summary>
public sealed class DeltaModeTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int PageSize = 4096;

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.XfsWithoutReflink)]
    [InlineData(FileSystem.Overlay)]
    public void Without_reflinks_a_new_file_is_written_whole_and_one_in_place_where_it_differs(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Tmpfs);
        DeltaSharingTests.WriteSimilar(folder, 2 * MiB, elsewhere);
        CopyRequest request = DeltaSharingTests.Request(folder, DeltaMode.Always) with { Source = elsewhere["source"] };

        TransferResult inPlace = FileCopy.Copy(request with { InPlace = true, Verify = true }, TransferMonitor.None);
        var trace = new TransferTrace(takesCalls: false);
        TransferResult whole = trace.Follow(() => FileCopy.Copy(request, TransferMonitor.None));

        Assert.Equal((PageSize, (2 * MiB) - PageSize, 2 * MiB), (inPlace.BytesMoved, inPlace.BytesUnchanged, inPlace.BytesCopied));
        Assert.Equal((2 * MiB, 0), (whole.BytesMoved, whole.BytesUnchanged));
        Assert.Single(trace.Decisions, decision => decision.Contains("written whole, because the file system has no reflinks", StringComparison.Ordinal));
        Files.AssertSameBytes(elsewhere["source"], folder["copy"]);
    }

    [Fact]
    public void The_sums_of_a_tree_have_what_stayed()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Tmpfs);
        DeltaSharingTests.WriteSimilar(folder, 2 * MiB, elsewhere);
        Directory.CreateDirectory(folder["tree"]);
        Directory.CreateDirectory(elsewhere["tree"]);
        File.Move(folder["copy"], folder["tree/file"]);
        File.Move(elsewhere["source"], elsewhere["tree/file"]);
        TreeRequest request = TreeCopies.Request(elsewhere["tree"], folder.Folder);

        TransferResult result = TreeCopies.Copy(request with { Copy = request.Copy with { Delta = DeltaMode.Always, InPlace = true } });

        Assert.Equal((PageSize, (2 * MiB) - PageSize, 2 * MiB), (result.BytesMoved, result.BytesUnchanged, result.BytesCopied));
        Files.AssertSameBytes(elsewhere["tree/file"], folder["tree/file"]);
    }

    public static TheoryData<string> Whole => ["never", "small", "sparse always", "sparse never", "no reflink", "method", "resume", "count"];

    [Theory]
    [MemberData(nameof(Whole))]
    public void Is_written_whole(string why)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        int size = why == "small" ? MiB - 1 : 2 * MiB;
        byte[] bytes = Workspace.RandomBytes(size);
        folder.Write("copy", bytes);
        bytes[5]++;
        folder.Write("source", bytes);
        CopyRequest request = DeltaSharingTests.Request(folder, DeltaMode.Always) with { Method = TransferMethod.ReadWrite };

        TransferResult result = FileCopy.Copy(
            why switch
            {
                "never" => request with { Delta = DeltaMode.Never },
                "sparse always" => request with { Sparse = SparseMode.Always },
                "sparse never" => request with { Sparse = SparseMode.Never },
                "no reflink" => request with { Reflink = ReflinkMode.Never, Method = TransferMethod.Auto },
                "resume" => request with { Resume = true },
                "count" => request with { Count = size },
                _ => request,
            },
            TransferMonitor.None);

        Assert.Equal(size, result.BytesMoved);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void In_a_tree()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        Directory.CreateDirectory(folder["copies/source"]);
        Directory.CreateDirectory(folder["source"]);
        byte[] bytes = Workspace.RandomBytes(2 * MiB);
        folder.Write("copies/source/changed", bytes);
        File.SetLastWriteTimeUtc(folder["copies/source/changed"], DateTime.UnixEpoch);
        folder.Write("copies/source/same", bytes);
        bytes[MiB]++;
        folder.Write("source/changed", bytes);
        folder.Write("source/new", bytes);
        Command.Check("cp", "-a", folder["copies/source/same"], folder["source/same"]);
        TreeRequest request = TreeCopies.Request(folder["source"], folder["copies"]);

        TransferResult result = TreeCopies.Copy(request with
        {
            Copy = request.Copy with { Delta = DeltaMode.Always, Update = UpdateMode.Changed, Reflink = ReflinkMode.Auto },
        });

        Assert.Equal((3, 1, 1), (result.FileCount, result.Updated, result.Unchanged));
        Assert.Equal((PageSize, (4 * MiB) - PageSize), (result.BytesWritten, result.BytesShared));
        Command.Check("diff", "-r", folder["source"], folder["copies/source"]);
    }

    [Fact]
    public void Auto_stops_comparing_where_most_differs_and_tries_again_later()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Tmpfs);
        const int Different = (int)Tuning.DeltaSample + MiB;
        byte[] bytes = new byte[Different + (8 * MiB)];
        folder.Write("copy", bytes);
        Workspace.RandomBytes(Different).CopyTo(bytes, 0);
        elsewhere.Write("source", bytes);
        CopyRequest request = DeltaSharingTests.Request(folder, DeltaMode.Auto) with { Source = elsewhere["source"], InPlace = true };

        TransferResult auto = FileCopy.Copy(request, TransferMonitor.None);
        folder.Write("copy", new byte[bytes.Length]);
        TransferResult always = FileCopy.Copy(request with { Delta = DeltaMode.Always }, TransferMonitor.None);

        Assert.Equal(bytes.Length, auto.BytesMoved);
        Assert.Equal((Different, 8 * MiB), (always.BytesMoved, always.BytesUnchanged));
        Files.AssertSameBytes(elsewhere["source"], folder["copy"]);
    }

    [Fact]
    public void Bytes_that_are_not_written_cost_nothing_under_a_rate_limit()
    {
        var clock = new StandingClock();
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        using Workspace elsewhere = fileSystems.NewFolder(FileSystem.Tmpfs);
        DeltaSharingTests.WriteSimilar(folder, 2 * MiB, elsewhere);

        TransferResult result = FileCopy.Copy(
            DeltaSharingTests.Request(folder, DeltaMode.Always) with
            {
                Source = elsewhere["source"],
                InPlace = true,
                RateLimit = new RateLimiter(MiB, clock),
            },
            TransferMonitor.None);

        Assert.Equal(PageSize, result.BytesMoved);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(0.1));
    }

    [Fact]
    public void Progress_counts_the_bytes_compared()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        DeltaSharingTests.WriteSimilar(folder, 2 * MiB, folder);
        var reports = new List<TransferProgress>();

        FileCopy.Copy(DeltaSharingTests.Request(folder, DeltaMode.Always), new TransferMonitor(reports.Add));

        Assert.True(reports.Count > 4, $"{reports.Count} reports");
        Assert.Equal(reports.Select(report => report.BytesCopied).Order(), reports.Select(report => report.BytesCopied));
        Assert.Equal(2 * MiB, reports[^1].BytesCopied);
        Assert.All(reports, report => Assert.Equal(2 * MiB, report.TotalBytes));
    }
}
