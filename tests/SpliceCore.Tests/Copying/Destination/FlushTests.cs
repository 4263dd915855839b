using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>Copies that end when the disk has them.</summary>
public sealed class FlushTests(FaultLedger created)
{
    private const int MiB = 1 << 20;

    private readonly CopyRequest _request = new() { Source = "source", Destination = "copy", Flush = true };

    [Theory]
    [InlineData("ext4", true)]
    [InlineData("ext4", false)]
    [InlineData("xfs", true)]
    [InlineData("xfs", false)]
    public void What_was_copied_is_there_after_the_power_failed(string type, bool replaces)
    {
        using var mount = Mount.Image(type, 512L * MiB, "-q");
        using var elsewhere = new Workspace();
        elsewhere.WriteRandom("source", 3_000_001);
        string copy = Path.Combine(mount.Folder, "copy");
        if (replaces)
        {
            File.WriteAllText(copy, "old");
            Command.Check("sync", "-f", copy);
        }

        TransferResult result = FileCopy.Copy(
            _request with { Source = elsewhere["source"], Destination = copy }, TransferMonitor.None);
        mount.LosePower();

        Assert.True(result.Flushed);
        Files.AssertSameBytes(elsewhere["source"], copy);
        Assert.Equal(Files.Metadata(elsewhere["source"], "%a %y"), Files.Metadata(copy, "%a %y"));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void What_was_written_in_place_is_there_after_the_power_failed(bool inPlace, bool append)
    {
        using var mount = Mount.Image("ext4", 64L * MiB, "-q");
        using var elsewhere = new Workspace();
        elsewhere.WriteRandom("source", 3_000_001);
        string copy = Path.Combine(mount.Folder, "copy");
        File.WriteAllText(copy, "old");
        Command.Check("sync", "-f", copy);

        TransferResult result = FileCopy.Copy(
            _request with { Source = elsewhere["source"], Destination = copy, InPlace = inPlace, Append = append },
            TransferMonitor.None);
        mount.LosePower();

        Assert.True(result.Flushed);
        Assert.Equal([.. append ? "old"u8 : [], .. File.ReadAllBytes(elsewhere["source"])], File.ReadAllBytes(copy));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_file_is_flushed_before_it_has_its_name_and_the_folder_after(bool replaces)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        if (replaces)
        {
            folder.WriteRandom("copy", 10, seed: 2);
        }

        string[] calls = Trace(folder, _request, "fsync,linkat,renameat,utimensat,fchmod");

        string[] naming = replaces ? ["linkat", "renameat"] : ["linkat"];
        Assert.Equal(["fchmod", "utimensat", "fsync", .. naming, "fsync"], calls);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_file_that_has_its_name_is_all_that_is_flushed(bool inPlace, bool append)
    {
        using var folder = Workspace.InMemory();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 2000, seed: 2);

        string write = append ? "write" : "pwrite64";
        string[] calls = Trace(folder, _request with { InPlace = inPlace, Append = append }, $"fsync,{write}", "-P", folder["copy"]);

        Assert.Equal([write, "fsync"], calls);
    }

    [Fact]
    public void Nothing_is_flushed_unasked()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);

        Assert.Equal(["linkat"], Trace(folder, _request with { Flush = false }, "fsync,linkat"));
    }

    [Theory]
    [InlineData("EIO", TransferErrorId.WriteFailed)]
    [InlineData("ENOSPC", TransferErrorId.DiskFull)]
    [InlineData("EDQUOT", TransferErrorId.DiskFull)]
    [InlineData("EROFS", TransferErrorId.WriteFailed)]
    public void What_the_disk_does_not_take_leaves_the_old_file_and_is_not_tried_again(string errno, TransferErrorId id)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.Request = copy.Request with { Flush = true };

        // A second one would succeed.
        HostAnswer answer = copy.Run(created, new Fault("fsync", $"error={errno}", "1"));

        Assert.Equal($"{id}", answer.Error);
        Assert.Equal(errno, answer.Errno);
        Assert.Equal(FaultedCopy.PlainSize, answer.BytesCopied);
        Assert.False(answer.Flushed);
    }

    [Fact]
    public void Bytes_that_the_disk_does_not_take_are_cut_off_a_file_that_was_appended_to()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 2000, seed: 2);

        HostAnswer answer = Run(folder, _request with { Append = true }, "-e", "inject=fsync:error=EIO");

        Assert.Equal($"{TransferErrorId.WriteFailed}", answer.Error);
        Assert.Equal(Workspace.RandomBytes(2000, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void A_name_that_the_disk_does_not_take_is_told()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);

        HostAnswer answer = Run(folder, _request, "-e", "inject=fsync:error=EIO:when=2");

        Assert.Equal($"{TransferErrorId.WriteFailed}", answer.Error);
        Assert.Contains("could not be flushed", answer.Message, StringComparison.Ordinal);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void A_folder_that_cannot_be_flushed_is_none_of_the_copys_faults()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);

        HostAnswer answer = Run(folder, _request, "-e", "inject=fsync:error=EINVAL:when=2");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.True(answer.Flushed);
    }

    [Fact]
    public void A_folder_that_may_not_be_read_is_an_error_before_anything()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["drop box"]);
        Command.Check("chmod", "0755", folder.Folder);
        folder.WriteRandom("source", 1000);
        Command.Check("chmod", "0644", folder["source"]);
        Command.Check("chmod", "0333", folder["drop box"]);
        CopyRequest request = _request with { Source = folder["source"], Destination = folder["drop box/copy"] };

        HostAnswer refused = HostedCopy.RunAsNobody(request);
        Assert.Equal($"{TransferErrorId.PermissionDenied}", refused.Error);
        Assert.Empty(Directory.GetFileSystemEntries(folder["drop box"]));

        Assert.True(HostedCopy.RunAsNobody(request with { Flush = false }).Succeeded);
    }

    [Fact]
    public void A_device_is_flushed()
    {
        using var device = new LoopDevice(new byte[MiB]);
        using var folder = new Workspace();
        folder.WriteRandom("source", MiB);

        string[] calls = Trace(folder, _request with { Destination = device.Path }, "fsync,sendfile");

        Assert.Equal(["sendfile", "fsync"], calls);
    }

    [Fact]
    public void What_has_no_disk_is_not_flushed_and_no_error()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        Posix.MakeFifo(folder["fifo"]);
        using FileStream reader = new(folder["fifo"], FileMode.Open, FileAccess.ReadWrite);

        foreach (string destination in new[] { folder["fifo"], "/dev/null" })
        {
            TransferResult result = FileCopy.Copy(
                _request with { Source = folder["source"], Destination = destination }, TransferMonitor.None);
            Assert.Equal(1000, result.BytesCopied);
            Assert.False(result.Flushed);
        }
    }

    [Fact]
    public void A_link_that_is_copied_as_such_is_flushed_with_its_name()
    {
        using var folder = new Workspace();
        File.CreateSymbolicLink(folder["source"], "nowhere");
        var request = new TreeRequest { Copy = Named(folder, _request) };

        Assert.True(TreeCopy.Copy(request, TreeMonitor.None).Flushed);

        TreeRequest second = request with { Copy = request.Copy with { Destination = folder["second"] } };
        TransferException error = Assert.Throws<TransferException>(
            () => TreeCopy.Copy(second, new TreeMonitor(Cancellation: new CancellationToken(canceled: true))));
        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Equal(1, error.PartialTransfer().FileCount);
        Assert.Equal(["copy", "second", "source"], folder.Names);
    }

    [Fact]
    public void Nobody_waits_for_the_disk_who_has_stopped_the_copy()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 10, seed: 2);
        using var stop = new CancellationTokenSource();

        // After the last byte: what comes next is the disk.
        var monitor = new TransferMonitor(_ => stop.Cancel(), stop.Token);
        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            _request with { Source = folder["source"], Destination = folder["copy"] }, monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Equal(1000, error.PartialTransfer().BytesCopied);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stopped_after_the_file_has_its_name_the_copy_is_reported_as_complete(bool replaces)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        if (replaces)
        {
            folder.WriteRandom("copy", 10, seed: 2);
        }

        using var stop = new CancellationTokenSource();
        using var named = new BetweenCalls(() => File.Exists(folder["copy"]) && new FileInfo(folder["copy"]).Length == 1000, stop.Cancel);

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Named(folder, _request), new TransferMonitor(Cancellation: stop.Token)));

        Assert.True(named.HasHappened);
        Assert.Equal((TransferErrorId.Cancelled, 1000), (error.Id, error.PartialTransfer().BytesCopied));
        Assert.Contains("is complete, but the copy was stopped before its name was on the disk", error.Message, StringComparison.Ordinal);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(["copy", "source"], folder.Names);
    }

    private static HostAnswer Run(Workspace folder, CopyRequest request, params string[] strace)
    {
        using var logs = new Workspace();
        return HostedCopy.Run(Named(folder, request), ["strace", "-f", "-qq", "-o", logs["trace"], .. strace]);
    }

    /// <summary>The calls of these names that succeeded on the way of a successful copy, in order.</summary>
    private static string[] Trace(Workspace folder, CopyRequest request, string calls, params string[] options)
    {
        using var logs = new Workspace();
        HostAnswer answer = HostedCopy.Run(
            Named(folder, request), ["strace", "-f", "-qq", "-z", "-o", logs["trace"], "-e", $"trace={calls}", "-e", "signal=none", .. options]);
        Assert.True(answer.Succeeded, answer.Message);
        return [.. File.ReadLines(logs["trace"]).Select(line => line.Split([' ', '('], StringSplitOptions.RemoveEmptyEntries)[1])];
    }

    private static CopyRequest Named(Workspace folder, CopyRequest request) => request with
    {
        Source = folder[request.Source],
        Destination = Path.Combine(folder.Folder, request.Destination),
    };
}
