using Xunit;

namespace Splice.Tests.Copying.Verify;

/// <summary>Copies that are read again: the same is found the same, and what was corrupted is found.</summary>
public sealed class VerifyTests(MountedFileSystems fileSystems, FaultLedger created)
{
    private const int MiB = 1 << 20;
    private const int Size = 3_000_001;

    // What strace writes into the memory that the first read has filled.
    private const string Corruption = "pread64:poke_exit=@arg2=0badcafe:when=1";

    public static TheoryData<FileSystem, TransferMethod> Ways => new(FullRun.Cases(
        from type in Enum.GetValues<FileSystem>()
        from method in new[] { TransferMethod.Auto, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        select (type, method)));

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_good_copy_is_verified(FileSystem type, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], Size, (100_000, 300_000), (2 * MiB, 70_001));
        folder.WriteRandom("copy", 4 * MiB, seed: 2);
        CopyRequest request = Request(folder) with { Method = method };

        foreach (CopyRequest each in new[]
        {
            request,
            request with { InPlace = true },
            request with { Append = true, Method = TransferMethod.Auto },
            request with { Offset = 99_999, Count = 400_000, DestinationOffset = 12_345 },
            request with { Offset = 99_999, Destination = folder["new"] },
            request with { Count = 0 },
        })
        {
            TransferResult result = FileCopy.Copy(each, TransferMonitor.None);
            Assert.True(result.Verified);
            Assert.False(result.Flushed);
        }

        Assert.False(FileCopy.Copy(request with { Verify = false }, TransferMonitor.None).Verified);
        Assert.Equal(["copy", "new", "source"], folder.Names);
    }

    [Fact]
    public void Times_and_mode_are_the_sources_all_the_same()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        Command.Check("chmod", Posix.IsRoot ? "0200" : "0400", folder["source"]);
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456789 UTC", folder["source"]);
        string before = Files.Metadata(folder["source"], "%a %x %y");

        Assert.True(FileCopy.Copy(Request(folder), TransferMonitor.None).Verified);

        Assert.Equal(before, Files.Metadata(folder["copy"], "%a %x %y"));
    }

    [Fact]
    public void A_device_is_verified()
    {
        using var device = new LoopDevice(new byte[4 * MiB]);
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);

        TransferResult result = FileCopy.Copy(
            Request(folder) with { Destination = device.Path, DestinationOffset = 333 }, TransferMonitor.None);

        Assert.True(result.Verified);
        Assert.True(FileCopy.Copy(
            new CopyRequest { Source = device.Path, Destination = folder["copy"], Verify = true }, TransferMonitor.None).Verified);
    }

    [Fact]
    public void Bytes_that_memory_corrupts_leave_the_old_file()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", 5000, seed: 2);

        HostAnswer answer = Run(
            Request(folder) with { Method = TransferMethod.ReadWrite }, "-P", folder["source"], "-e", $"inject={Corruption}");

        AssertDiffers(answer, at: 0);
        Assert.Contains("was not created", answer.Message, StringComparison.Ordinal);
        Assert.Equal(Size, answer.BytesCopied);
        Assert.Equal(Workspace.RandomBytes(5000, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(5000, 100)]
    public void A_file_that_was_written_in_place_is_damaged_from_there(int at, int? destinationOffset)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", 5000, seed: 2);
        CopyRequest request = Request(folder) with
        {
            InPlace = true,
            Method = TransferMethod.ReadWrite,
            DestinationOffset = destinationOffset is null ? null : at,
            Offset = destinationOffset,
        };

        HostAnswer answer = Run(request, "-P", folder["source"], "-e", $"inject={Corruption}");

        AssertDiffers(answer, at);
        Assert.Contains($"damaged from byte {at} on", answer.Message, StringComparison.Ordinal);
        Assert.Contains($"byte {destinationOffset ?? 0} of '{folder["source"]}'", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_appended_to_is_as_before()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", 5000, seed: 2);
        CopyRequest request = Request(folder) with { Append = true, Method = TransferMethod.ReadWrite };

        HostAnswer answer = Run(request, "-P", folder["source"], "-e", $"inject={Corruption}");

        AssertDiffers(answer, at: 5000);
        Assert.Contains("Nothing was appended to", answer.Message, StringComparison.Ordinal);
        Assert.Equal(Workspace.RandomBytes(5000, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void A_copy_that_cannot_be_read_again_is_not_verified()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", 5000, seed: 2);

        HostAnswer answer = Run(
            Request(folder) with { InPlace = true }, "-P", folder["copy"], "-e", "inject=pread64:error=EIO:when=2");

        AssertDiffers(answer, at: MiB);
        Assert.Equal("EIO", answer.Errno);
    }

    [Theory]
    [InlineData("EIO", TransferErrorId.WriteFailed)]
    [InlineData("ENOSPC", TransferErrorId.DiskFull)]
    public void What_the_disk_does_not_take_is_not_verified(string errno, TransferErrorId id)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.Request = copy.Request with { Verify = true };

        Assert.Equal($"{id}", copy.Run(created, new Fault("fsync", $"error={errno}")).Error);
    }

    /// <summary>The cache still has what was written: only who reads the disk itself sees this.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Bytes_that_the_disk_corrupts_are_found(bool knowsDirectReading)
    {
        Command.Require("strace");
        using var mount = Mount.Image("ext4", 64L * MiB, "-q", "-O", "^has_journal");
        using var disk = new Workspace(mount.Folder);
        using var folder = new Workspace();
        byte[] content = Workspace.RandomBytes(Size);
        folder.Write("source", content);
        disk.WriteRandom("copy", 1000, seed: 2);
        CopyRequest request = Request(folder) with { Destination = disk["copy"], InPlace = !knowsDirectReading };
        string[] refusal = knowsDirectReading
            ? []
            : ["-P", disk["copy"], "-e", "inject=openat:error=EINVAL:when=2+", // the first looks whether it is a folder
                .. Enumerable.Range(10, 240).SelectMany(i => new[] { "-P", $"/proc/self/fd/{i}" })];
        string trace = folder["trace"];

        // The process stops where the disk has all and nothing has been read again.
        using HostedCopy host = HostedCopy.Start(
            request, ["strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync,openat", "-e", "inject=fsync:signal=STOP", .. refusal]);
        string thread = WaitFor(trace, "stopped by SIGSTOP", host).Split(' ')[0];
        mount.CorruptImage(content.AsSpan(2 * MiB, 16), (byte)~content[2 * MiB]);
        Command.Check("kill", "-s", "CONT", thread);
        HostAnswer answer = host.Finish();

        AssertDiffers(answer, at: 2 * MiB);
        Assert.Equal(["copy"], disk.Names);
        if (knowsDirectReading)
        {
            Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(disk["copy"]));
        }
        else
        {
            Assert.Contains(File.ReadLines(trace), line => line.Contains("O_DIRECT", StringComparison.Ordinal)
                && line.EndsWith("(INJECTED)", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Whoever_stops_it_has_the_old_file()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 10, seed: 2);
        using var stop = new CancellationTokenSource();

        // After the last byte: what comes next is verification.
        var monitor = new TransferMonitor(_ => stop.Cancel(), stop.Token);
        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.False(error.PartialTransfer().Verified);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Fact]
    public void What_cannot_be_read_twice_is_an_error_before_anything()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        Posix.MakeFifo(folder["fifo"]);

        foreach (CopyRequest request in new[]
        {
            Request(folder) with { Destination = folder["fifo"] },
            Request(folder) with { Destination = "/dev/null" },
            Request(folder) with { Source = "/dev/zero", Count = 10 },
        })
        {
            TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));
            Assert.Equal(TransferErrorId.NotSeekable, error.Id);
        }

        Assert.Equal(["fifo", "source"], folder.Names);
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_an_error_before_it_is_written()
    {
        Command.RequireRoot();
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 10, seed: 2);
        Command.Check("chmod", "0755", folder.Folder);
        Command.Check("chmod", "0644", folder["source"]);
        Command.Check("chmod", "0622", folder["copy"]);
        CopyRequest request = Request(folder) with { InPlace = true, Preserve = PreserveAttributes.None };

        HostAnswer refused = HostedCopy.RunAsNobody(request);

        Assert.Equal($"{TransferErrorId.PermissionDenied}", refused.Error);
        Assert.Contains("-Verify", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.True(HostedCopy.RunAsNobody(request with { Verify = false }).Succeeded);
    }

    private static CopyRequest Request(Workspace folder) =>
        new() { Source = folder["source"], Destination = folder["copy"], Verify = true };

    private static HostAnswer Run(CopyRequest request, params string[] strace)
    {
        using var logs = new Workspace();
        return HostedCopy.Run(request, ["strace", "-f", "-qq", "-o", logs["trace"], .. strace]);
    }

    private static void AssertDiffers(HostAnswer answer, long at)
    {
        Assert.True(answer.Error == $"{TransferErrorId.VerificationFailed}", answer.Message);
        Assert.Equal(at, answer.DifferenceOffset);
        Assert.Contains($"byte {at}", answer.Message, StringComparison.Ordinal);
    }

    /// <summary>The first line of a log that has these words, once it is there.</summary>
    private static string WaitFor(string log, string words, HostedCopy host)
    {
        string? line = null;
        Wait.Until(
            () => File.Exists(log) && (line = File.ReadLines(log).FirstOrDefault(line => line.Contains(words, StringComparison.Ordinal))) is not null,
            $"No line of the log says '{words}'.",
            () => host.EndReport);
        return line!;
    }
}
