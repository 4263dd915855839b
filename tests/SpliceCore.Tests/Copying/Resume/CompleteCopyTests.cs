using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>A destination that an earlier copy has completed: with Resume it stays as it is, if it has the bytes of its source.</summary>
public sealed class CompleteCopyTests(MountedFileSystems fileSystems)
{
    private const int Size = 3_000_000;

    public static TheoryData<FileSystem> Types => [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_complete_copy_stays_until_its_source_changes(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        CopyRequest request = Request(folder);
        FileCopy.Copy(request, TransferMonitor.None);

        TransferResult again = FileCopy.Copy(request with { NoClobber = true }, TransferMonitor.None);

        Assert.Equal((ItemStatus.Unchanged, 0L, (long?)Size, false), (again.Status, again.BytesCopied, again.Length, again.Verified));
        Files.ChangeKeepingTime(folder["source"], offset: 5000);
        Assert.Equal(ItemStatus.Updated, FileCopy.Copy(request, TransferMonitor.None).Status);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lost_data_are_copied_again(bool verify)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        CopyRequest request = Request(folder) with { Verify = verify };
        FileCopy.Copy(request, TransferMonitor.None);
        DateTime written = File.GetLastWriteTimeUtc(folder["source"]);
        Command.Check("fallocate", "--punch-hole", "--offset", "1048576", "--length", "65536", folder["copy"]);
        Command.Check("touch", "--reference", folder["source"], folder["copy"]);

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal((ItemStatus.Updated, verify), (result.Status, result.Verified));
        Assert.Equal(written, File.GetLastWriteTimeUtc(folder["copy"]));
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void With_verification_it_is_read_from_the_disk()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        CopyRequest request = Request(folder) with { Verify = true, Flush = true, HashAlgorithm = FileHashAlgorithm.SHA256 };
        string? hash = FileCopy.Copy(request, TransferMonitor.None).Hash;
        List<long> compared = [];

        TransferResult result = FileCopy.Copy(request, new TransferMonitor(now =>
        {
            Assert.Equal((TransferPhase.Verifying, (long?)Size), (now.Phase, now.TotalBytes));
            compared.Add(now.BytesCopied);
        }));

        Assert.Equal((ItemStatus.Unchanged, true, true, hash), (result.Status, result.Verified, result.Flushed, result.Hash));
        Assert.Equal(Size, compared[^1]);
    }

    [Theory]
    [InlineData("the time")]
    [InlineData("the size")]
    [InlineData("a range")]
    [InlineData("no times")]
    public void What_is_not_known_to_be_complete_is_copied(string other)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        FileCopy.Copy(Request(folder), TransferMonitor.None);
        switch (other)
        {
            case "the time":
                File.SetLastWriteTimeUtc(folder["copy"], new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
                break;
            case "the size":
                Command.Check("truncate", "--size=1000", folder["copy"]);
                Command.Check("touch", "--reference", folder["source"], folder["copy"]);
                break;
        }

        CopyRequest request = Request(folder) with
        {
            Count = other == "a range" ? Size : null,
            Preserve = other == "no times" ? PreserveAttributes.None : Request(folder).Preserve,
        };

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal((ItemStatus.Updated, (long)Size), (result.Status, result.BytesCopied));
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void Attributes_that_differ_are_set()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        FileCopy.Copy(Request(folder), TransferMonitor.None);
        Command.Check("chmod", "0751", folder["source"]);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Assert.Equal((ItemStatus.Updated, "mode differs", 0L), (result.Status, result.Reason, result.BytesCopied));
        Assert.Equal("751", Files.Metadata(folder["copy"], "%a"));
    }

    [Theory]
    [InlineData("ext4", false)]
    [InlineData("ext4", true)]
    [InlineData("vfat", false)]
    [InlineData("vfat", true)]
    public void It_stays_where_the_file_system_rounds_times(string type, bool damaged)
    {
        using var mount = Mount.Image(type, 32 << 20, type == "ext4" ? ["-q", "-I", "128"] : []);
        using var folder = new Workspace(mount.Folder);
        using var from = new Workspace();
        from.WriteRandom("source", Size);
        Command.Check("chmod", "0644", from["source"]);
        Command.Check("touch", "-d", "2020-02-03 04:05:07.123456789 UTC", from["source"]);
        CopyRequest request = Request(folder) with { Source = from["source"] };
        FileCopy.Copy(request, TransferMonitor.None);
        if (damaged)
        {
            Files.ChangeKeepingTime(folder["copy"], offset: 5000);
        }

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal(damaged ? (ItemStatus.Updated, (long)Size) : (ItemStatus.Unchanged, 0L), (result.Status, result.BytesCopied));
        Files.AssertSameBytes(from["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(UpdateMode.Always)]
    [InlineData(UpdateMode.Changed)]
    public void Other_hard_links_keep_their_attributes(UpdateMode update)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        CopyRequest request = Request(folder) with { Update = update, Resume = update == UpdateMode.Always };
        FileCopy.Copy(request, TransferMonitor.None);
        Posix.HardLink(folder, "copy", "snapshot");
        string mode = Files.Metadata(folder["snapshot"], "%a");
        Command.Check("chmod", "0600", folder["source"]);

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal((ItemStatus.Updated, "mode differs"), (result.Status, result.Reason));
        Assert.Equal($"{mode} 600", $"{Files.Metadata(folder["snapshot"], "%a")} {Files.Metadata(folder["copy"], "%a")}");
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void A_partial_file_beside_it_goes_and_another_source_of_the_command_does_not_replace_it()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        folder.WriteRandom("other", Size, seed: 2);
        InterruptedCopy.Stop(Request(folder) with { Method = TransferMethod.ReadWrite }, after: 2_000_000);
        FileCopy.Copy(Request(folder) with { Resume = false }, TransferMonitor.None);
        Assert.Equal(4, folder.Names.Length);
        CopyRequest request = Request(folder) with { CreatedFiles = new CreatedFiles() };

        Assert.Equal(ItemStatus.Unchanged, FileCopy.Copy(request, TransferMonitor.None).Status);

        Assert.Equal(["copy", "other", "source"], folder.Names);
        var error = Assert.Throws<TransferException>(() => FileCopy.Copy(request with { Source = folder["other"] }, TransferMonitor.None));
        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    private static CopyRequest Request(Workspace folder) =>
        new() { Source = folder["source"], Destination = folder["copy"], Resume = true };
}
