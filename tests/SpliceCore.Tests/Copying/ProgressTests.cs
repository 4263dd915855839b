using Xunit;

namespace Splice.Tests.Copying;

/// <summary>What a copy reports while it runs.</summary>
[Collection(SerialCollection.Name)]
public sealed class ProgressTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;

    private readonly List<TransferProgress> _reports = [];

    [Theory]
    [InlineData(FileSystem.Ext4, 1024)]
    [InlineData(FileSystem.Tmpfs, 1024)]
    [InlineData(FileSystem.Tmpfs, 10)]
    public void The_total_of_a_sparse_file_is_its_data(FileSystem type, long mebibytes)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], mebibytes * MiB, (2 * MiB, MiB), ((mebibytes - 1) * MiB, MiB / 2));

        TransferResult result = Copy(Request(folder));

        Assert.Equal(mebibytes * MiB, result.BytesCopied);
        Assert.Equal(_reports[^1].TotalBytes, _reports[^1].BytesCopied);
        Assert.InRange(_reports[^1].BytesCopied, MiB * 3 / 2, 2 * MiB);
        if (mebibytes > 100)
        {
            Assert.All(_reports, report => Assert.Equal(_reports[^1].TotalBytes, report.TotalBytes));
        }
    }

    [Fact]
    public void Holes_that_have_to_be_written_count()
    {
        using Workspace from = fileSystems.NewFolder(FileSystem.Tmpfs);
        using Workspace to = fileSystems.NewFolder(FileSystem.Ramfs);
        Files.WriteSparse(from["source"], 40 * MiB, (0, 5000), (20 * MiB, MiB));
        to.WriteRandom("copy", 40 * MiB);

        Copy(Request(from) with { Destination = to["copy"], InPlace = true });

        Assert.Equal((40L * MiB, 40L * MiB), (_reports[^1].BytesCopied, _reports[^1].TotalBytes));
    }

    [Fact]
    public void Verifying_is_a_phase_of_its_own()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 10 * MiB);

        Copy(Request(folder) with { Verify = true });

        Assert.Equal([TransferPhase.Copying, TransferPhase.Verifying], _reports.Select(report => report.Phase).Where(phase => phase != TransferPhase.Flushing).Distinct());
        var verified = _reports.Where(report => report.Phase == TransferPhase.Verifying).ToList();
        Assert.True(verified.Count > 1);
        Assert.Equal(verified.Select(report => report.BytesCopied).Order(), verified.Select(report => report.BytesCopied));
        Assert.Equal((10L * MiB, 10L * MiB), (verified[^1].BytesCopied, verified[^1].TotalBytes));
    }

    [Fact]
    public void A_disk_that_takes_long_is_reported_as_flushing()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);

        // While strace(1) follows this process, its children cannot be traced.
        using var fault = new AttachedFault($"{Environment.ProcessId}", new Fault("fsync", "delay_enter=700000"));

        Copy(Request(folder) with { Flush = true });

        Assert.Contains(_reports, report => report is { Phase: TransferPhase.Flushing, BytesCopied: 1000 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_total_of_a_tree_is_its_data(bool hasLink)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        Directory.CreateDirectory(folder["source"]);
        Directory.CreateDirectory(folder["elsewhere"]);
        Files.WriteSparse(folder["source/a"], 1024 * MiB, (2 * MiB, 2 * MiB));
        folder.WriteRandom(hasLink ? "elsewhere/b" : "source/b", MiB);
        if (hasLink)
        {
            File.CreateSymbolicLink(folder["source/link"], "../elsewhere");
        }

        TreeProgress last = default;

        TreeCopy.Copy(
            new TreeRequest { Copy = Request(folder) with { RateLimit = new RateLimiter(MiB) }, FollowSymlink = hasLink },
            new TreeMonitor(Progress: progress => last = progress));

        Assert.Equal(3 * MiB, last.TotalBytes);
        Assert.InRange(last.BytesCopied, MiB, 3 * MiB);
    }

    [Fact]
    public void A_tree_reports_that_it_verifies()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        Directory.CreateDirectory(folder["source"]);
        folder.WriteRandom("source/a", 4 * MiB);
        List<TreeProgress> reports = [];

        // Only the comparison reads like this.
        using var fault = new AttachedFault($"{Environment.ProcessId}", new Fault("pread64", "delay_enter=150000"));

        TreeCopy.Copy(
            new TreeRequest { Copy = Request(folder) with { Method = TransferMethod.CopyFileRange, Verify = true }, ThrottleLimit = 2 },
            new TreeMonitor(Progress: reports.Add, Cancellation: TestContext.Current.CancellationToken));

        var verified = reports.Where(report => report.Phase == TransferPhase.Verifying).ToList();
        Assert.NotEmpty(verified);
        Assert.All(verified, report => Assert.Equal((4L * MiB, 0L, 4L * MiB), (report.BytesCopied, report.FilesCopied, report.PhaseTotal)));
        Assert.Equal(verified.Select(report => report.PhaseDone).Order(), verified.Select(report => report.PhaseDone));
        Assert.InRange(verified[^1].PhaseDone, 1, 4 * MiB);
    }

    [Fact]
    public void A_tree_reports_that_it_flushes()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["source"]);
        folder.WriteRandom("source/a", 1000);
        List<TreeProgress> reports = [];
        using var fault = new AttachedFault($"{Environment.ProcessId}", new Fault("fsync", "delay_enter=700000"));

        TreeCopy.Copy(
            new TreeRequest { Copy = Request(folder) with { Flush = true }, ThrottleLimit = 2 },
            new TreeMonitor(Progress: reports.Add, Cancellation: TestContext.Current.CancellationToken));

        // The file, then its folder, then the name of that.
        Assert.Contains(reports, report => report is { Phase: TransferPhase.Flushing, FilesCopied: 0, PhaseDone: 1000 });
        Assert.Contains(reports, report => report is { Phase: TransferPhase.Flushing, FilesCopied: 1, BytesCopied: 1000 });
        Assert.Equal((TransferPhase.Flushing, 1), (reports[^1].Phase, reports[^1].TotalFiles));
    }

    [Fact]
    public void A_move_to_another_file_system_reports_verifying_and_removing()
    {
        using Workspace from = fileSystems.NewFolder(FileSystem.Tmpfs);
        using var to = new Workspace();
        Directory.CreateDirectory(from["source/sub"]);
        from.WriteRandom("source/sub/a", 4 * MiB);
        from.WriteRandom("source/b", 10);
        List<TreeProgress> reports = [];
        using (new AttachedFault($"{Environment.ProcessId}", new Fault("pread64", "delay_enter=150000")))
        {
            ItemMove.Move(
                new MoveRequest { Source = from["source"], Destination = to["moved"] },
                new TreeMonitor(Progress: reports.Add, Cancellation: TestContext.Current.CancellationToken));
        }

        TransferPhase[] phases = [.. reports.Select(report => report.Phase).Where(phase => phase is TransferPhase.Verifying or TransferPhase.Removing).Distinct()];
        Assert.Equal([TransferPhase.Verifying, TransferPhase.Removing], phases);
        TreeProgress last = reports[^1];
        Assert.Equal((TransferPhase.Removing, 4L), (last.Phase, last.PhaseTotal));
        Assert.InRange(last.PhaseDone, 1, 4);
        Assert.Equal(reports.Select(report => report.Elapsed).Order(), reports.Select(report => report.Elapsed));
    }

    private static CopyRequest Request(Workspace folder) => new()
    {
        Source = folder["source"],
        Destination = folder["copy"],
        Method = TransferMethod.ReadWrite,
    };

    private TransferResult Copy(CopyRequest request) =>
        FileCopy.Copy(request, new TransferMonitor(_reports.Add, TestContext.Current.CancellationToken));
}
