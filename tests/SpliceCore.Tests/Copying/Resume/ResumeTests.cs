using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>Copies that go on where they were interrupted.</summary>
public sealed class ResumeTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = (6 * MiB) + 4321;
    private const int OldSize = 5000;

    public static TheoryData<FileSystem, TransferMethod> Ways => new(FullRun.Cases(
        from type in Enum.GetValues<FileSystem>()
        from method in new[] { TransferMethod.Auto, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        select (type, method)));

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_copy_that_was_stopped_goes_on(FileSystem type, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], Size, (0, 100_000), (2 * MiB, MiB), (4 * MiB, 70_001));
        folder.WriteRandom("copy", OldSize, seed: 2);
        long kept = Interrupt(Request(folder), after: 2 * MiB);

        TransferResult result = FileCopy.Copy(Request(folder) with { Method = method }, TransferMonitor.None);

        Assert.Equal(kept, result.ResumedAt);
        Assert.Equal(Size - kept, result.BytesCopied);
        Assert.Equal((0L, 0L, null), (result.Offset, result.DestinationOffset, result.Count));
        AssertCopied(folder);
        if (type is not (FileSystem.Vfat or FileSystem.Ramfs))
        {
            Assert.InRange(Files.Allocated(folder["copy"]), 0, 2 * MiB);
        }
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void The_rest_is_shared_where_blocks_can_be(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        long kept = Interrupt(Request(folder), after: MiB);
        Assert.Equal(0, kept % 4096);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Assert.Equal(Size - kept, result.BytesReflinked);
        AssertCopied(folder);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void A_rest_that_begins_within_a_block_is_shared_from_the_start_of_the_block(FileSystem type)
    {
        const int WholeBlocks = 2_000_001 / 4096 * 4096;
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, 2_000_001);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Assert.Equal(WholeBlocks, result.ResumedAt);
        Assert.Equal(Size - WholeBlocks, result.BytesReflinked);
        AssertCopied(folder);
        Assert.False(File.Exists(partial));
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Tmpfs)]
    public void A_range_goes_on(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] content = Workspace.RandomBytes(Size);
        folder.Write("source", content);
        CopyRequest request = Request(folder) with { Offset = 12_345, Count = 5 * MiB, Verify = true };
        long kept = Interrupt(request, after: 2 * MiB);

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal(kept, result.ResumedAt);
        Assert.Equal((5 * MiB) - kept, result.BytesCopied);
        Assert.Equal((12_345L, 0L, 5L * MiB), (result.Offset, result.DestinationOffset, result.Count));
        Assert.True(result.Verified);
        Assert.Equal(Files.Slice(content, 12_345, 5 * MiB), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Fact]
    public void A_device_goes_on()
    {
        byte[] content = Workspace.RandomBytes(6 * MiB);
        using var device = new LoopDevice(content);
        using var folder = new Workspace();
        CopyRequest request = Request(folder) with { Source = device.Path };
        long kept = Interrupt(request, after: 2 * MiB);

        Assert.Equal(kept, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Assert.Equal(content, File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void What_is_stopped_says_where_it_will_go_on_and_leaves_the_old_file()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", OldSize, seed: 2);

        TransferException error = Stop(Request(folder), after: 2 * MiB);

        string partial = Assert.Single(Partials(folder));
        long kept = new FileInfo(partial).Length;
        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Equal(kept, error.PartialTransfer().BytesCopied);
        Assert.Null(error.PartialTransfer().ResumedAt);
        Assert.Contains($"{ByteText.Of(kept)} are kept in a partial file. Run the same command again to continue. To give up, remove '{partial}'.", error.Message, StringComparison.Ordinal);
        Assert.Equal("600", Files.Metadata(partial, "%a"));
        Assert.Equal(Files.Slice(File.ReadAllBytes(folder["source"]), 0, kept), File.ReadAllBytes(partial));
        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void The_message_of_a_stop_counts_data_as_the_progress_does()
    {
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], 40 * MiB, (32 * MiB, 6 * MiB));

        TransferException error = Stop(Request(folder), after: 34 * MiB);

        long data = error.PartialTransfer().BytesCopied - error.PartialTransfer().BytesInHoles;
        Assert.InRange(data, 1, 6 * MiB);
        Assert.Contains($"was stopped after {ByteText.Of(data)}. {ByteText.Of(data)} are kept", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_resume_nothing_is_left_and_nothing_is_used()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, MiB);

        Assert.Null(FileCopy.Copy(Request(folder) with { Resume = false }, TransferMonitor.None).ResumedAt);
        Assert.Equal(MiB, new FileInfo(partial).Length);

        File.Delete(partial);
        Stop(Request(folder) with { Resume = false }, after: 2 * MiB);
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(MiB)]
    public void A_small_file_leaves_nothing(int size)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", size);
        var names = new List<string>();

        FileCopy.Copy(Request(folder), new TransferMonitor(_ => names.AddRange(folder.Names)));

        Assert.DoesNotContain(names, name => name != "source");
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData("tmpfs", "")]
    [InlineData("tmpfs", "sparse")]
    public void On_a_full_disk_it_goes_on_when_there_is_space(string type, string kind)
    {
        using var mount = Mount.Memory(type, "size=4m");
        using var disk = new Workspace(mount.Folder);
        using var folder = new Workspace();
        if (kind == "sparse")
        {
            Files.WriteSparse(folder["source"], 64 * MiB, (0, MiB), (8 * MiB, 2 * MiB), (32 * MiB, 4 * MiB));
        }
        else
        {
            folder.WriteRandom("source", Size);
        }

        CopyRequest request = Request(folder) with { Destination = disk["copy"] };

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));
        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        long kept = new FileInfo(Assert.Single(Partials(disk))).Length;
        Assert.Equal(kept, error.PartialTransfer().BytesCopied);
        Command.Check("mount", "-o", "remount,size=16m", mount.Folder);
        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal(kept, result.ResumedAt);
        Assert.Equal(new FileInfo(folder["source"]).Length, kept + result.BytesCopied);
        Files.AssertSameBytes(folder["source"], disk["copy"]);
        Assert.Equal(["copy"], disk.Names);
    }

    [Fact]
    public void What_is_complete_but_for_its_name_only_gets_it()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        Leave(folder, Size);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Assert.Equal(Size, result.ResumedAt);
        Assert.Equal(0, result.BytesCopied);
        AssertCopied(folder);
    }

    [Fact]
    public void A_name_that_is_taken_meanwhile_is_not_replaced_unasked()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        var monitor = new TransferMonitor(_ => File.WriteAllText(folder["copy"], "theirs"));

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Request(folder) with { NoClobber = true }, monitor));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal("theirs", File.ReadAllText(folder["copy"]));
        File.Delete(folder["copy"]);
        Assert.Equal(Size, FileCopy.Copy(Request(folder) with { NoClobber = true }, TransferMonitor.None).ResumedAt);
        AssertCopied(folder);
    }

    [Theory]
    [InlineData("fsync", true, false)]
    [InlineData("fsync", false, true)]
    [InlineData("close", false, false)]
    public void What_the_disk_did_not_take_is_nothing_to_go_on_with(string call, bool flush, bool verify)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, 2 * MiB);
        CopyRequest request = Request(folder) with { Flush = flush, Verify = verify };

        // The kernel reports an error once, and then the lost bytes in its cache count as clean. File systems that are known to be local
        // report none at close(2): here, the type is unknown.
        HostAnswer answer = RunWithFaults(request, partial, "fstatfs:error=ENOSYS", $"{call}:error=EIO");

        Assert.Equal(("WriteFailed", "EIO"), (answer.Error, answer.Errno));
        Assert.DoesNotContain("-Resume", answer.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], folder.Names);
    }

    [Fact]
    public void A_partial_file_that_cannot_be_truncated_is_removed()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, 2 * MiB);

        // The partial file is cut at the beginning, and where the copy ends.
        HostAnswer answer = RunWithFaults(Request(folder) with { Flush = true }, partial, "fsync:error=EIO", "ftruncate:error=EIO:when=3+");

        Assert.Equal(("WriteFailed", "EIO"), (answer.Error, answer.Errno));
        Assert.Equal(["source"], folder.Names);
    }

    [Fact]
    public void A_mode_that_cannot_be_set_is_a_warning()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, 2 * MiB);

        HostAnswer answer = RunWithFaults(Request(folder) with { Preserve = PreserveAttributes.None }, partial, "fchmod:error=EPERM");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Contains("the mode", Assert.Single(answer.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chmod", "0666")]
    [InlineData("chown", "1234:1234")]
    public void What_has_its_attributes_already_can_be_gone_on_with(string tool, string attribute)
    {
        Command.RequireRoot();
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        Command.Check(tool, attribute, folder["source"]);
        CopyRequest request = Request(folder) with { NoClobber = true, Preserve = PreserveAttributes.All };
        var monitor = new TransferMonitor(_ => File.WriteAllText(folder["copy"], "theirs"));
        Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));
        Assert.Equal("600 0", Files.Metadata(Assert.Single(Partials(folder)), "%a %u"));
        File.Delete(folder["copy"]);

        Assert.Equal(Size, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        AssertCopied(folder);
        Assert.Equal(Files.Metadata(folder["source"], "%u %g"), Files.Metadata(folder["copy"], "%u %g"));
    }

    [Theory]
    [InlineData(ReflinkMode.Auto, SparseMode.Never)]
    [InlineData(ReflinkMode.Auto, SparseMode.Always)]
    [InlineData(ReflinkMode.Never, SparseMode.Auto)]
    [InlineData(ReflinkMode.Always, SparseMode.Auto)]
    public void What_was_copied_with_other_blocks_is_not_used(ReflinkMode reflink, SparseMode sparse)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("source", Size);
        Interrupt(Request(folder), after: 2 * MiB);

        TransferResult result = FileCopy.Copy(Request(folder) with { Reflink = reflink, Sparse = sparse }, TransferMonitor.None);

        Assert.Null(result.ResumedAt);
        Assert.Equal(reflink == ReflinkMode.Always ? Size : 0, result.BytesReflinked);
        AssertCopied(folder);
    }

    [Fact]
    public void A_source_that_has_changed_is_copied_anew_and_what_was_left_goes()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        Leave(folder, 2 * MiB);
        string[] others =
        [
            "copy.0123456789abcdef.splice-partial",
            "copy.0123456789abcde.splice-partial",
            "other.0123456789abcdef.splice-partial",
            "copy.fedcba9876543210.splice-partial",
        ];
        foreach (string other in others)
        {
            folder.WriteRandom(other, 10);
        }

        folder.WriteRandom("source", Size, seed: 3);
        using (SafeFileHandle used = Posix.OpenRead(folder[others[3]]))
        {
            Assert.True(LibC.Lock(used).Ok);
            Assert.Null(FileCopy.Copy(Request(folder), TransferMonitor.None).ResumedAt);
        }

        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(["copy", others[1], others[3], others[2], "source"], folder.Names);
    }

    [Fact]
    public void A_source_that_changes_meanwhile_leaves_nothing_to_go_on_with()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(
            progress =>
            {
                File.SetLastWriteTimeUtc(folder["source"], DateTime.UnixEpoch);
                stop.Cancel();
            },
            stop.Token);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Moving(folder), monitor));

        Assert.DoesNotContain("-Resume", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], folder.Names);
    }

    [Theory]
    [InlineData(2_000_000)]
    [InlineData(0)]
    [InlineData(null)]
    public void What_was_written_before_the_system_started_is_compared(int? damagedAt)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, 3 * MiB);
        if (damagedAt is int at)
        {
            using SafeFileHandle file = Posix.OpenWrite(partial);
            byte[] lost = new byte[500_000];
            Assert.Equal(lost.Length, LibC.Write(file, lost, at).Value);
        }

        File.SetLastWriteTimeUtc(partial, DateTime.UtcNow - TimeSpan.FromMilliseconds(Environment.TickCount64) - TimeSpan.FromDays(1));

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        long? expected = damagedAt ?? (3 * MiB);
        Assert.Equal(expected > 0 ? expected : null, result.ResumedAt);
        Assert.Equal(Size - expected, result.BytesCopied);
        AssertCopied(folder);
    }

    [Fact]
    public void What_a_clock_of_the_future_has_dated_is_compared_as_well()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, 3 * MiB, seed: 9);
        File.SetLastWriteTimeUtc(partial, DateTime.UtcNow + TimeSpan.FromDays(1));

        Assert.Null(FileCopy.Copy(Request(folder), TransferMonitor.None).ResumedAt);

        AssertCopied(folder);
    }

    [Theory]
    [InlineData("a link")]
    [InlineData("a hard link")]
    [InlineData("group-writable")]
    [InlineData("too long")]
    [InlineData("a FIFO")]
    [InlineData("another owner")]
    public void What_somebody_else_may_have_planted_is_not_used(string what)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("precious", 3 * MiB, seed: 9);
        string partial = Leave(folder, 3 * MiB, seed: 9);
        Plant(folder, partial, what);

        TransferResult result = FileCopy.Copy(Request(folder), TransferMonitor.None);

        Assert.Null(result.ResumedAt);
        Assert.Equal(Size, result.BytesCopied);
        Assert.Equal(Workspace.RandomBytes(3 * MiB, seed: 9), File.ReadAllBytes(folder["precious"]));
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(["copy", "precious", "source"], folder.Names);
    }

    [Fact]
    public void What_is_in_the_way_and_cannot_be_removed_is_an_error()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        string partial = Leave(folder, MiB);
        File.Delete(partial);
        Directory.CreateDirectory(partial);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), TransferMonitor.None));

        Assert.Equal(TransferErrorId.PermissionDenied, error.Id);
        Assert.Contains(Path.GetFileName(partial), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_at_once_are_one_too_many()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        TransferException? error = null;
        var monitor = new TransferMonitor(
            _ => error ??= Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), TransferMonitor.None)));

        FileCopy.Copy(Moving(folder), monitor);

        Assert.Equal(TransferErrorId.DestinationBusy, error!.Id);
        Assert.Equal(folder["copy"], error.Target);
        AssertCopied(folder);
    }

    /// <summary>A process that somebody starts has a copy of every descriptor until its exec.</summary>
    [Fact]
    public void A_descriptor_that_outlives_the_copy_does_not_keep_others_out()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        using var stop = new CancellationTokenSource();
        SafeFileHandle? duplicate = null;
        var monitor = new TransferMonitor(
            _ =>
            {
                string open = Directory.GetFiles("/proc/self/fd").Single(
                    link => new FileInfo(link).LinkTarget == Partials(folder)[0]);
                duplicate = Posix.Duplicate(int.Parse(Path.GetFileName(open), CultureInfo.InvariantCulture));
                stop.Cancel();
            },
            stop.Token);
        Assert.Throws<TransferException>(() => FileCopy.Copy(Moving(folder), monitor));

        using (duplicate)
        {
            Assert.NotNull(FileCopy.Copy(Request(folder), TransferMonitor.None).ResumedAt);
        }
    }

    [Fact]
    public void What_is_removed_meanwhile_is_no_copy()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        folder.WriteRandom("copy", OldSize, seed: 2);
        var monitor = new TransferMonitor(_ =>
        {
            foreach (string partial in Partials(folder))
            {
                File.Delete(partial);
                File.WriteAllText(partial, "another");
            }
        });

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), monitor));

        Assert.Equal(TransferErrorId.WriteFailed, error.Id);
        Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal("another", File.ReadAllText(Assert.Single(Partials(folder))));
    }

    [Fact]
    public void What_is_found_damaged_is_kept_as_far_as_it_is_good()
    {
        using var folder = new Workspace();
        using var logs = new Workspace();
        folder.WriteRandom("source", Size);
        CopyRequest request = Moving(folder) with { Verify = true };

        HostAnswer answer = HostedCopy.Run(
            request, "strace", "-f", "-qq", "-o", logs["trace"], "-P", folder["source"],
            "-e", "inject=pread64:poke_exit=@arg2=0badcafe:when=5");

        int damagedAt = 4 * Tuning.BufferSize;
        Assert.Equal($"{TransferErrorId.VerificationFailed}", answer.Error);
        Assert.Contains($"{ByteText.Of(damagedAt)} are kept in a partial file", answer.Message, StringComparison.Ordinal);
        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);
        Assert.Equal(damagedAt, result.ResumedAt);
        Assert.True(result.Verified);
        AssertCopied(folder);
    }

    [Theory]
    [InlineData(PreserveAttributes.Mode | PreserveAttributes.Timestamps, null)]
    [InlineData(PreserveAttributes.None, null)]
    [InlineData(PreserveAttributes.None, 5 * MiB)]
    public void Attributes_are_those_of_a_copy_without_resume(PreserveAttributes preserve, int? count)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        Command.Check("chmod", "0755", folder["source"]);
        CopyRequest request = Request(folder) with { Preserve = preserve, Count = count };

        FileCopy.Copy(request with { Destination = folder["model"], Resume = false }, TransferMonitor.None);
        FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal(Files.Metadata(folder["model"], "%a %u:%g"), Files.Metadata(folder["copy"], "%a %u:%g"));
        Assert.Equal(["copy", "model", "source"], folder.Names);
    }

    [Fact]
    public void A_name_of_full_length_has_a_partial_as_well()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        CopyRequest request = Request(folder) with { Destination = folder[new string('x', 255)] };
        long kept = Interrupt(request, after: MiB);

        Assert.Equal(kept, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Assert.Equal(["source", new string('x', 255)], folder.Names);
    }

    [Fact]
    public void Its_name_is_on_the_disk_with_flush()
    {
        using var mount = Mount.Image("ext4", 64L * MiB, "-q");
        using var elsewhere = new Workspace();
        elsewhere.WriteRandom("source", Size);
        CopyRequest request = Request(elsewhere) with { Destination = Path.Combine(mount.Folder, "copy"), Flush = true };
        Interrupt(request, after: MiB);

        Assert.True(FileCopy.Copy(request, TransferMonitor.None).Flushed);
        mount.LosePower();

        Files.AssertSameBytes(elsewhere["source"], request.Destination);
    }

    [Theory]
    [InlineData(true, false, null)]
    [InlineData(false, true, null)]
    [InlineData(false, false, 0)]
    public void What_is_written_in_place_cannot_go_on(bool inPlace, bool append, int? destinationOffset)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        CopyRequest request = Request(folder) with { InPlace = inPlace, Append = append, DestinationOffset = destinationOffset };

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));

        Assert.Equal(TransferErrorId.ConflictingOptions, error.Id);
        Assert.Equal(["source"], folder.Names);
    }

    [Theory]
    [InlineData("fifo", "copy", TransferErrorId.NotSeekable)]
    [InlineData("/dev/zero", "copy", TransferErrorId.NotSeekable)]
    [InlineData("source", "fifo", TransferErrorId.ConflictingOptions)]
    [InlineData("source", "/dev/null", TransferErrorId.ConflictingOptions)]
    public void What_has_no_middle_cannot_go_on(string source, string destination, TransferErrorId id)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", Size);
        Posix.MakeFifo(folder["fifo"]);
        using FileStream both = new(folder["fifo"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        both.WriteByte(1);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = folder[source], Destination = folder[destination], Count = 1, Resume = true }, TransferMonitor.None));

        Assert.Equal(id, error.Id);
        Assert.Equal(["fifo", "source"], folder.Names);
    }

    /// <summary>Runs a copy in a process of its own, in which calls on the partial file fail.</summary>
    private static HostAnswer RunWithFaults(CopyRequest request, string partial, params string[] faults) => HostedCopy.Run(
        request, ["strace", "-f", "-qq", "-o", "/dev/null", "-P", partial, .. faults.SelectMany(fault => new[] { "-e", $"inject={fault}" })]);

    private static CopyRequest Request(Workspace folder) =>
        new() { Source = folder["source"], Destination = folder["copy"], Resume = true };

    /// <summary>Moves bytes, so that there is a middle: whole files are cloned in one step.</summary>
    private static CopyRequest Moving(Workspace folder) => Request(folder) with { Method = TransferMethod.ReadWrite };

    private static string[] Partials(Workspace folder) =>
        [.. folder.Names.Where(name => name.EndsWith(".splice-partial", StringComparison.Ordinal)).Select(name => folder[name])];

    private static TransferException Stop(CopyRequest request, long after) =>
        InterruptedCopy.Stop(request with { Method = TransferMethod.ReadWrite }, after);

    /// <returns>How much was kept.</returns>
    private static long Interrupt(CopyRequest request, long after)
    {
        TransferException error = Stop(request, after);
        Assert.InRange(error.PartialTransfer().BytesCopied, after, Size - 1);
        return error.PartialTransfer().BytesCopied;
    }

    /// <summary>Leaves what an interrupted copy would have.</summary>
    /// <returns>Its path.</returns>
    private static string Leave(Workspace folder, int size, int? seed = null)
    {
        Stop(Request(folder), after: 1);
        string path = Assert.Single(Partials(folder));
        using SafeFileHandle file = Posix.OpenWrite(path);
        byte[] content = seed is int other ? Workspace.RandomBytes(size, other) : File.ReadAllBytes(folder["source"])[..size];
        Assert.Equal(size, LibC.Write(file, content, 0).Value);
        return path;
    }

    private static void Plant(Workspace folder, string partial, string what)
    {
        switch (what)
        {
            case "a link":
                File.Delete(partial);
                File.CreateSymbolicLink(partial, folder["precious"]);
                break;
            case "a hard link":
                File.Delete(partial);
                Command.Check("chmod", "0600", folder["precious"]);
                Command.Check("ln", folder["precious"], partial);
                break;
            case "group-writable":
                Command.Check("chmod", "0620", partial);
                break;
            case "too long":
                Command.Check("truncate", string.Create(CultureInfo.InvariantCulture, $"--size={Size + 1}"), partial);
                break;
            case "a FIFO":
                File.Delete(partial);
                Posix.MakeFifo(partial);
                break;
            default:
                Command.RequireRoot();
                Command.Check("chown", "1234", partial);
                break;
        }
    }

    private static void AssertCopied(Workspace folder)
    {
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(Files.Metadata(folder["source"], "%a %y"), Files.Metadata(folder["copy"], "%a %y"));
        Assert.Equal(["copy", "source"], folder.Names);
    }
}
