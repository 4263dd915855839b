using Xunit;

namespace Splice.Tests.Copying.Append;

/// <summary>Bytes that go to the end of a file.</summary>
public sealed class AppendTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int OldSize = 5000;
    private const string Moves = "write,pwrite64,copy_file_range,sendfile,splice";

    public static TheoryData<FileSystem, TransferMethod, int> Ends => new(FullRun.Cases(
        from type in Enum.GetValues<FileSystem>()
        from method in new[] { TransferMethod.Auto, TransferMethod.ReadWrite }
        from old in new[] { 0, OldSize, 64 * 1024 }
        select (type, method, old)));

    public static TheoryData<TransferMethod> OtherMethods =>
        [TransferMethod.Reflink, TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice];

    [Theory]
    [MemberData(nameof(Ends))]
    public void The_file_has_its_old_content_and_then_the_source(FileSystem type, TransferMethod method, int old)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], MiB, (100_000, 300_000));
        folder.WriteRandom("copy", old, seed: 2);
        string before = Files.Metadata(folder["copy"], "%i %a");

        TransferResult result = FileCopy.Copy(Request(folder) with { Method = method }, TransferMonitor.None);

        Assert.Equal([.. Workspace.RandomBytes(old, seed: 2), .. File.ReadAllBytes(folder["source"])], File.ReadAllBytes(folder["copy"]));
        Assert.Equal(MiB, result.BytesCopied);
        Assert.Equal(old, result.DestinationOffset);
        Assert.Equal(before, Files.Metadata(folder["copy"], "%i %a"));
    }

    [Fact]
    public void A_file_that_is_not_there_is_made_as_always()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        Command.Check("chmod", "0640", folder["source"]);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(Files.Metadata(folder["source"]), Files.Metadata(folder["copy"]));
        Assert.Equal(0, result.DestinationOffset);
    }

    [Fact]
    public void A_range_goes_to_the_end_of_its_own_file()
    {
        using var folder = new Workspace();
        byte[] content = Workspace.RandomBytes(OldSize);
        folder.Write("source", content);

        FileCopy.Copy(Request(folder) with { Destination = folder["source"], Offset = 100, Count = 1000 }, TransferMonitor.None);

        Assert.Equal([.. content, .. content[100..1100]], File.ReadAllBytes(folder["source"]));
    }

    [Theory]
    [MemberData(nameof(OtherMethods))]
    public void Only_write_adds_to_an_end_that_others_may_move(TransferMethod method)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", OldSize, seed: 2);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder) with { Method = method }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.MethodNotPossible, error.Id);
        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void A_full_disk_leaves_what_was_there()
    {
        using var mount = Mount.Memory("tmpfs", "size=3m");
        using var disk = new Workspace(mount.Folder);
        disk.WriteRandom("source", 2 * MiB);
        disk.WriteRandom("copy", OldSize, seed: 2);

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Request(disk), TransferMonitor.None));

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.InRange(error.PartialTransfer().BytesCopied, 1, MiB);
        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(disk["copy"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_interruption_leaves_what_was_there(bool isSparse)
    {
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], 40 * MiB, (0, isSparse ? 100_000 : 40 * MiB), (3 * MiB, 1000));
        folder.WriteRandom("copy", OldSize, seed: 2);
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(
            progress =>
            {
                if (progress.BytesCopied > 0)
                {
                    stop.Cancel();
                }
            },
            stop.Token);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.InRange(error.PartialTransfer().BytesCopied, 1, 39 * MiB);
        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void Whatever_the_watcher_throws_leaves_what_was_there()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", OldSize, seed: 2);

        Assert.Throws<TimeoutException>(() => FileCopy.Copy(Request(folder), new TransferMonitor(_ => throw new TimeoutException())));

        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void What_cannot_be_cut_back_is_told()
    {
        using var folder = new Workspace();
        using var logs = new Workspace();
        folder.WriteRandom("source", 40 * MiB);
        folder.WriteRandom("copy", OldSize, seed: 2);

        HostAnswer answer = HostedCopy.Run(
            Request(folder), "strace", "-f", "-qq", "-o", logs["trace"], "-P", folder["copy"],
            "-e", "inject=write:error=ENOSPC:when=2", "-e", "inject=ftruncate:error=EIO");

        Assert.Equal($"{TransferErrorId.DiskFull}", answer.Error);
        Assert.Contains("EIO", answer.Message, StringComparison.Ordinal);
        Assert.Contains($"from byte {OldSize} on", answer.Message, StringComparison.Ordinal);
        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"])[..OldSize]);
    }

    [Fact]
    public void What_is_no_regular_file_has_no_end()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        Posix.MakeFifo(folder["fifo"]);

        foreach (string destination in new[] { folder["fifo"], "/dev/null" })
        {
            TransferException error = Assert.Throws<TransferException>(
                () => FileCopy.Copy(Request(folder) with { Destination = destination }, TransferMonitor.None));
            Assert.Equal(TransferErrorId.NotSeekable, error.Id);
            Assert.Equal(destination, error.Target);
        }
    }

    [Fact]
    public void What_a_killed_copy_leaves_is_the_beginning_of_the_source()
    {
        Command.Require("strace");
        using var folder = new Workspace();
        using var logs = new Workspace();
        Files.WriteSparse(folder["source"], 40 * MiB, (MiB, MiB), (36 * MiB, MiB));
        folder.WriteRandom("copy", OldSize, seed: 2);

        using HostedCopy host = HostedCopy.Start(
            Request(folder), "strace", "-f", "-qq", "-o", logs["trace"], "-P", folder["copy"],
            "-e", $"trace={Moves}", "-e", $"inject={Moves}:signal=KILL:when=2");
        Wait.Until(() => host.HasEnded, "The copy is not killed.");

        byte[] copy = File.ReadAllBytes(folder["copy"]);
        Assert.Contains(File.ReadLines(logs["trace"]), line => line.Contains("killed by SIGKILL", StringComparison.Ordinal));
        Assert.InRange(copy.Length, OldSize + 1, OldSize + (40 * MiB) - 1);
        Assert.Equal([.. Workspace.RandomBytes(OldSize, seed: 2), .. File.ReadAllBytes(folder["source"])[..(copy.Length - OldSize)]], copy);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(null, true)]
    public void The_end_is_the_only_place_to_write_at(int? destinationOffset, bool inPlace)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { DestinationOffset = destinationOffset, InPlace = inPlace }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.ConflictingOptions, error.Id);
        Assert.Equal(["source"], folder.Names);
    }

    private static CopyRequest Request(Workspace folder) =>
        new() { Source = folder["source"], Destination = folder["copy"], Append = true };
}
