using Xunit;

namespace Splice.Tests.Copying.InPlace;

/// <summary>Files that are written into, and not replaced.</summary>
public sealed class InPlaceTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;

    public static TheoryData<FileSystem, TransferMethod, int> Sizes => new(FullRun.Cases(
        from type in Enum.GetValues<FileSystem>()
        from method in new[] { TransferMethod.Auto, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        from old in new[] { 0, 5000, 4 * MiB }
        select (type, method, old)));

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_file_is_exactly_the_source_afterwards(FileSystem type, TransferMethod method, int old)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], 2 * MiB, (100_000, 300_000), (MiB, 70_001));
        folder.WriteRandom("copy", old, seed: 2);
        string inode = Files.Metadata(folder["copy"], "%i");

        TransferResult result = Copy(folder, method: method);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(2 * MiB, result.BytesCopied);
        Assert.Equal(inode, Files.Metadata(folder["copy"], "%i"));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public void A_range_is_all_that_the_file_has_afterwards(int offset)
    {
        using var folder = new Workspace();
        byte[] source = Workspace.RandomBytes(200_000);
        folder.Write("source", source);
        folder.WriteRandom("copy", MiB, seed: 2);

        FileCopy.Copy(Request(folder) with { Offset = offset, Count = 50_000 }, TransferMonitor.None);

        Assert.Equal(source[offset..(offset + 50_000)], File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void With_a_destination_offset_the_rest_stays()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        byte[] expected = Workspace.RandomBytes(5000, seed: 2);
        folder.Write("copy", expected);

        FileCopy.Copy(Request(folder) with { DestinationOffset = 100 }, TransferMonitor.None);

        Workspace.RandomBytes(1000).CopyTo(expected, 100);
        Assert.Equal(expected, File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void Other_names_and_open_readers_see_the_new_content()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 5000, seed: 2);
        Posix.HardLink(folder, "copy", "other name");
        using FileStream reader = File.OpenRead(folder["copy"]);

        Copy(folder);

        Files.AssertSameBytes(folder["source"], folder["other name"]);
        Assert.Equal(1000, reader.Length);
    }

    [Fact]
    public void The_file_keeps_its_owner_and_gets_the_sources_mode_and_times()
    {
        Command.RequireRoot();
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 5000, seed: 2);
        Command.Check("chown", "1234:5678", folder["copy"]);
        Command.Check("chmod", "0640", folder["source"]);
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456789 UTC", folder["source"]);

        TransferResult result = Copy(folder);

        Assert.Empty(result.Warnings);
        Assert.Equal("1234:5678", Files.Metadata(folder["copy"], "%u:%g"));
        Assert.Equal(Files.Metadata(folder["source"], "%a %y"), Files.Metadata(folder["copy"], "%a %y"));
    }

    [Fact]
    public void Without_attributes_to_preserve_the_file_keeps_its_own()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 5000, seed: 2);
        Command.Check("chmod", "0604", folder["copy"]);

        FileCopy.Copy(Request(folder) with { Preserve = PreserveAttributes.None }, TransferMonitor.None);

        Assert.Equal("604", Files.Metadata(folder["copy"], "%a"));
    }

    [Fact]
    public void A_file_that_is_not_there_is_made_in_one_step()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        using var stop = new CancellationTokenSource();

        Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), new TransferMonitor(_ => throw Stopped(stop), stop.Token)));
        Assert.Equal(["source"], folder.Names);

        Copy(folder);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void A_mounted_file_takes_the_content()
    {
        Command.RequireRoot();
        Command.Require("mount");
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("behind", 2000, seed: 2);
        folder.WriteRandom("copy", 10);
        Assert.SkipUnless(
            Command.Run("mount", "--bind", folder["behind"], folder["copy"]).ExitCode == 0, "bind mounts are not permitted here");
        try
        {
            Copy(folder);
            Files.AssertSameBytes(folder["source"], folder["behind"]);
        }
        finally
        {
            Mount.Unmount(folder["copy"]);
        }
    }

    [Fact]
    public void The_link_to_an_open_file_without_a_name_is_followed()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        using FileStream file = File.Create(folder["gone"]);
        file.SetLength(5000);
        File.Delete(folder["gone"]);

        FileCopy.Copy(
            Request(folder) with { Destination = $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}" }, TransferMonitor.None);

        Assert.Equal(1000, file.Length);
        byte[] content = new byte[1000];
        file.Position = 0;
        file.ReadExactly(content);
        Assert.Equal(Workspace.RandomBytes(1000), content);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(100, 50)]
    public void The_destination_is_not_the_source(int? offset, int? count)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        Posix.HardLink(folder, "source", "copy");

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Request(folder) with { Offset = offset, Count = count }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.SameFile, error.Id);
        Assert.Equal(Workspace.RandomBytes(1000), File.ReadAllBytes(folder["source"]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(500)]
    public void What_the_same_command_has_written_is_not_overwritten(int? destinationOffset)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        CopyRequest request = Request(folder) with { DestinationOffset = destinationOffset, CreatedFiles = new CreatedFiles() };
        FileCopy.Copy(request with { Source = folder.WriteRandom("first", 500, seed: 2), DestinationOffset = null }, TransferMonitor.None);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(Workspace.RandomBytes(500, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void A_device_that_the_same_command_has_written_is_not_overwritten()
    {
        using var device = new LoopDevice(new byte[MiB]);
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000, seed: 2);
        CopyRequest request = Request(folder) with { Destination = device.Path, CreatedFiles = new CreatedFiles() };
        FileCopy.Copy(request with { Source = folder.WriteRandom("first", MiB) }, TransferMonitor.None);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(Workspace.RandomBytes(MiB), device.Read());
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("EIO")]
    public void An_old_end_that_cannot_be_cut_off_is_told(string errno)
    {
        using var folder = new Workspace();
        using var logs = new Workspace();
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 5000, seed: 2);

        HostAnswer answer = HostedCopy.Run(
            Request(folder), "strace", "-f", "-qq", "-o", logs["trace"], "-e", $"inject=ftruncate:error={errno}");

        Assert.Equal($"{TransferErrorId.WriteFailed}", answer.Error);
        Assert.Equal(errno, answer.Errno);
        Assert.Equal(1000, answer.BytesCopied);
        Assert.Contains("1000 bytes", answer.Message, StringComparison.Ordinal);
        Assert.Equal(5000, new FileInfo(folder["copy"]).Length);
    }

    private static CopyRequest Request(Workspace folder) =>
        new() { Source = folder["source"], Destination = folder["copy"], InPlace = true };

    private static TransferResult Copy(Workspace folder, TransferMethod method = TransferMethod.Auto) =>
        FileCopy.Copy(Request(folder) with { Method = method }, TransferMonitor.None);

    private static OperationCanceledException Stopped(CancellationTokenSource stop)
    {
        stop.Cancel();
        return new OperationCanceledException(stop.Token);
    }
}
