using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>A source that is written to while it is copied is told of, whatever moves the bytes.</summary>
public sealed class ChangedSourceTests(MountedFileSystems fileSystems, FaultLedger created)
{
    private const int MiB = 1 << 20;
    private const string Delay = "delay_enter=3000000";

    public static TheoryData<TransferMethod, long> Moments => new(FullRun.Cases(
        from method in new[] { TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        from left in new long[] { 0, 100, 3 * MiB, (9 * MiB) - 1 }
        select (method, left)));

    [Theory]
    [MemberData(nameof(Moments))]
    public void After_the_first_step_of_a_sparse_file(TransferMethod method, long left)
    {
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], 9 * MiB, (0, 100_000), (2 * MiB, 100_000), (4 * MiB, 100_000));
        folder.WriteRandom("copy", 1000, seed: 2);

        AssertTold(folder, method, left);
    }

    [Theory]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    public void After_the_first_step_of_a_file_without_holes(TransferMethod method)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 3 * MiB);
        folder.WriteRandom("copy", 1000, seed: 2);

        AssertTold(folder, method, 2 * MiB);
    }

    [Fact]
    public void A_part_that_was_not_asked_for_may_go_where_changes_are_allowed()
    {
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], 9 * MiB, (0, 100_000), (2 * MiB, 100_000));
        var monitor = new TransferMonitor(_ => Truncate(folder["source"], 4 * MiB));

        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Count = 3 * MiB, AllowChanging = true }, monitor);

        Assert.Equal(3 * MiB, result.BytesCopied);
        Assert.Equal(TransferErrorId.SourceChanged, Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], Count = MiB },
            new TransferMonitor(_ => Truncate(folder["source"], 2 * MiB)))).Id);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void Between_a_reflink_and_the_edge_after_it(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", MiB);
        folder.WriteRandom("copy", 1000, seed: 2);
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Count = MiB - 10 };
        var monitor = new TransferMonitor(_ => Truncate(folder["source"], MiB - 100));

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));

        Assert.Equal(TransferErrorId.SourceTruncated, error.Id);
        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void Before_copy_file_range_looks_at_it()
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();

        AssertTold(copy, Fault.NoReflink, new Fault("copy_file_range", Delay, "1"));
    }

    [Theory]
    [InlineData(SourceChange.Grown, "sendfile")]
    [InlineData(SourceChange.Overwritten, "sendfile")]
    [InlineData(SourceChange.CutAndRegrown, "sendfile")]
    [InlineData(SourceChange.Touched, "sendfile")]
    [InlineData(SourceChange.Grown, "splice")]
    [InlineData(SourceChange.Overwritten, "splice")]
    [InlineData(SourceChange.Overwritten, "pread64")]
    [InlineData(SourceChange.CutAndRegrown, "pread64")]
    public void Before_a_call_looks_at_it(SourceChange change, string call)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        change.Prepare(copy.Request.Source);
        copy.On = call == "pread64" ? [copy.Request.Source] : [];
        copy.Request = copy.Request with
        {
            Method = call switch
            {
                "sendfile" => TransferMethod.SendFile,
                "splice" => TransferMethod.Splice,
                _ => TransferMethod.ReadWrite,
            },
        };

        AssertTold(copy, TransferErrorId.SourceChanged, () => change.Make(copy.Request.Source), new Fault(call, Delay, "1"));
    }

    [Theory]
    [InlineData(FileSystem.Xfs, TransferMethod.Auto)]
    [InlineData(FileSystem.Xfs, TransferMethod.Reflink)]
    [InlineData(FileSystem.Btrfs, TransferMethod.Auto)]
    public void Before_a_reflink_looks_at_it(FileSystem type, TransferMethod method)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile(fileSystems.NewFolder(type));
        copy.Request = copy.Request with { Method = method };

        AssertTold(copy, new Fault("ioctl", Delay, "1"));
    }

    private static void AssertTold(Workspace folder, TransferMethod method, long left)
    {
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Method = method, PipeSize = 65536 };
        var monitor = new TransferMonitor(_ => Truncate(folder["source"], left));

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));

        Assert.Equal(TransferErrorId.SourceTruncated, error.Id);
        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    private void AssertTold(FaultedCopy copy, params Fault[] faults) =>
        AssertTold(copy, TransferErrorId.SourceTruncated, () => Truncate(copy.Request.Source, 2_000_000), faults);

    private void AssertTold(FaultedCopy copy, TransferErrorId id, Action change, params Fault[] faults)
    {
        using HostedCopy host = copy.Start(faults);

        // The new file, still without a name, is opened right before the call that waits.
        Wait.Until(
            () => OpenFiles(host).Any(path => path.StartsWith(copy.Folder + "/#", StringComparison.Ordinal)),
            "The copy does not begin.",
            () => host.EndReport);
        change();

        HostAnswer answer = host.Finish();
        Assert.Equal($"{id}", answer.Error);
        copy.Judge(created, answer);
    }

    private static void Truncate(string path, long size)
    {
        using FileStream file = File.OpenWrite(path);
        if (file.Length > size)
        {
            file.SetLength(size);
        }
    }

    /// <summary>Returns the paths that strace(1) and the copy, its child, have open.</summary>
    private static IEnumerable<string> OpenFiles(HostedCopy host)
    {
        foreach (string process in ChildProcesses.WithDescendants(host.Id))
        {
            string?[] targets;
            try
            {
                targets = [.. Directory.GetFiles($"/proc/{process}/fd").Select(descriptor => new FileInfo(descriptor).LinkTarget)];
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                continue; // it has ended
            }

            foreach (string? target in targets)
            {
                yield return target ?? string.Empty;
            }
        }
    }
}
