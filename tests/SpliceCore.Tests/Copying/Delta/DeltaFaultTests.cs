using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Delta;

/// <summary>An update block by block that fails, or whose files change: the old file stays whole.</summary>
public sealed class DeltaFaultTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = 8 * MiB;
    private const int PageSize = 4096;

    [Theory]
    [InlineData("ioctl:error=EOPNOTSUPP:when=1+", Size)]
    [InlineData("ioctl:error=EIO:when=1", 0)]
    [InlineData("ioctl:error=ENOSPC:when=1", 0)]
    public void A_clone_that_fails_is_a_copy_or_a_clone_of_the_source(string injection, long moved)
    {
        using Workspace folder = NewFolder();

        HostAnswer answer = Run(folder, null, injection);

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(moved, answer.BytesCopied - answer.BytesReflinked);
        AssertCopied(folder);
    }

    [Fact]
    public void What_cannot_be_read_of_the_old_file_is_written()
    {
        using Workspace folder = NewFolder();

        HostAnswer answer = Run(folder, folder["copy"], "pread64:error=EIO:when=3");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.InRange(answer.BytesReflinked, Size / 2, Size - (3 * PageSize));
        AssertCopied(folder);
    }

    [Fact]
    public void A_hole_that_cannot_be_punched_is_written()
    {
        using Workspace folder = NewFolder();
        Command.Check("fallocate", "--punch-hole", "--offset", $"{MiB}", "--length", $"{MiB}", folder["source"]);

        HostAnswer answer = Run(folder, null, "fallocate:error=EOPNOTSUPP:when=1+");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(0, answer.BytesInHoles);
        AssertCopied(folder);
    }

    [Theory]
    [InlineData("pwrite64:error=ENOSPC:when=4", TransferErrorId.DiskFull)]
    [InlineData("pread64:error=EIO:when=10", TransferErrorId.ReadFailed)]
    [InlineData("ftruncate:error=EIO:when=1", TransferErrorId.WriteFailed)]
    public void A_fault_leaves_the_old_file(string injection, TransferErrorId id)
    {
        using Workspace folder = NewFolder();

        HostAnswer answer = Run(folder, injection.StartsWith("pread", StringComparison.Ordinal) ? folder["source"] : null, injection);

        Assert.Equal($"{id}", answer.Error);
        AssertOld(folder);
    }

    [Fact]
    public void A_transient_error_of_the_source_is_retried()
    {
        using Workspace folder = NewFolder();
        CopyRequest request = Request(folder) with { RetryCount = 2, RetryInterval = TimeSpan.Zero };

        HostAnswer answer = HostedCopy.Run(
            request, "strace", "-f", "-qq", "-o", "/dev/null", "-P", folder["source"], "-e", "inject=pread64:error=EIO:when=5");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(1, answer.Retries);
        AssertCopied(folder);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ctrl_C_leaves_the_old_file_and_in_place_what_was_written(bool inPlace)
    {
        using Workspace folder = NewFolder();

        TransferException error = InterruptedCopy.Stop(Request(folder) with { InPlace = inPlace }, Size / 2);

        TransferResult partial = Assert.IsType<TransferResult>(error.Partial);
        Assert.InRange(partial.BytesCopied, Size / 2, Size - 1);
        if (!inPlace)
        {
            AssertOld(folder);
        }

        FileCopy.Copy(Request(folder) with { InPlace = inPlace }, TransferMonitor.None);
        AssertCopied(folder);
    }

    [Fact]
    public void A_kill_leaves_the_old_file_and_no_litter()
    {
        using Workspace folder = NewFolder();
        using HostedCopy host = HostedCopy.StartAndHold(Request(folder));
        string counts = $"/proc/{host.Id}/io";
        long before = Written(counts);

        host.ReleaseAndKill(() => Written(counts) > before);

        if (!File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(File.ReadAllBytes(folder["source"])))
        {
            AssertOld(folder);
        }

        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [InlineData(SourceChange.Overwritten)]
    [InlineData(SourceChange.Grown)]
    [InlineData(SourceChange.Touched)]
    public void A_source_that_changes_leaves_the_old_file(SourceChange change)
    {
        using Workspace folder = NewFolder();
        change.Prepare(folder["source"]);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), Once(() => change.Make(folder["source"]))));

        Assert.Equal(TransferErrorId.SourceChanged, error.Id);
        AssertOld(folder);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void Another_process_makes_the_old_file_equal_after_it_was_cloned(FileSystem type)
    {
        using Workspace folder = NewFolder(type);
        byte[] source = File.ReadAllBytes(folder["source"]);
        DateTime time = File.GetLastWriteTimeUtc(folder["copy"]);
        TransferMonitor monitor = Once(() =>
        {
            File.WriteAllBytes(folder["copy"], source);
            File.SetLastWriteTimeUtc(folder["copy"], time);
        });

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), monitor));

        Assert.Equal(TransferErrorId.DestinationChanged, error.Id);
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Fact]
    public void Another_link_of_the_old_file_may_go_meanwhile()
    {
        using Workspace folder = NewFolder();
        Command.Check("ln", folder["copy"], folder["other"]);

        FileCopy.Copy(Request(folder), Once(() => File.Delete(folder["other"])));

        AssertCopied(folder);
    }

    private Workspace NewFolder(FileSystem type = FileSystem.Xfs)
    {
        Workspace folder = fileSystems.NewFolder(type);
        byte[] bytes = Workspace.RandomBytes(Size);
        folder.Write("copy", bytes);
        for (int at = MiB / 2; at < Size; at += MiB)
        {
            bytes[at]++;
        }

        folder.Write("source", bytes);
        return folder;
    }

    private static CopyRequest Request(Workspace folder) => DeltaSharingTests.Request(folder, DeltaMode.Always);

    /// <param name="path">What the calls are about; null for all.</param>
    private static HostAnswer Run(Workspace folder, string? path, string injection) => HostedCopy.Run(
        Request(folder), ["strace", "-f", "-qq", "-o", "/dev/null", .. path is null ? [] : new[] { "-P", path }, "-e", $"inject={injection}"]);

    private static TransferMonitor Once(Action action)
    {
        Action? left = action;
        return new TransferMonitor(_ => Interlocked.Exchange(ref left, null)?.Invoke());
    }

    /// <summary>The bytes that a process has written; all there can be once it has ended.</summary>
    private static long Written(string counts) => ProcFile.ReadNumber(counts, "wchar") ?? long.MaxValue;

    private static void AssertOld(Workspace folder)
    {
        Assert.Equal(Workspace.RandomBytes(Size), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    private static void AssertCopied(Workspace folder)
    {
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(["copy", "source"], folder.Names);
    }
}
