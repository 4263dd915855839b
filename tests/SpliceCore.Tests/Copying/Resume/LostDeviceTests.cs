using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>What an interrupted copy has left is only kept where the device can be shown to have it. A device can be lost and
/// come back without a reboot: then the file system has the sizes, and not all of the data.</summary>
public sealed class LostDeviceTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = 48 * MiB;

    private static readonly (long Offset, int Length)[] Data = [.. Enumerable.Range(0, 6).Select(i => (i * 8L * MiB, 4 * MiB))];

    /// <summary>File systems that show lost data as holes.</summary>
    public static TheoryData<FileSystem> Provable => [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs];

    public static TheoryData<string, TransferMethod> MetadataWarnings => new(
        from type in new[] { "ext4", "xfs" }
        from method in new[] { TransferMethod.ReadWrite, TransferMethod.Splice, TransferMethod.SendFile }
        select (type, method));

    [Theory]
    [MemberData(nameof(MetadataWarnings))]
    public void A_sparse_copy_goes_on_after_what_the_device_has(string type, TransferMethod method)
    {
        using var mount = Mount.Image(type, 512L * MiB, "-q");
        using var disk = new Workspace(mount.Folder);
        using var folder = new Workspace();
        Files.WriteSparse(folder["source"], Size, Data);
        CopyRequest request = Request(folder["source"], disk["copy"]) with { Method = method };
        long kept = Interrupt(request, after: 30 * MiB);
        CommitSizes(mount);
        mount.LosePower();
        Assert.True(type != "ext4" || new FileInfo(Partial(disk)).Length > 4 * MiB, "The file system lost the size as well.");

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.InRange(result.ResumedAt ?? 0, 0, kept);
        Files.AssertSameBytes(folder["source"], disk["copy"]);
        Assert.Equal(["copy"], disk.Names);
    }

    [Theory]
    [InlineData("ext4", true)]
    [InlineData("ext4", false)]
    [InlineData("xfs", true)]
    public void A_tree_is_as_its_source_after_the_device_was_lost(string type, bool isSparse)
    {
        using var mount = Mount.Image(type, 512L * MiB, "-q");
        using var disk = new Workspace(mount.Folder);
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["source/inner"]);
        for (int i = 0; i < 4; i++)
        {
            Files.WriteSparse(folder[$"source/inner/{i}"], 3 * MiB, isSparse ? [(0, 300_000), (2 * MiB, 100_000)] : [(0, 3 * MiB)]);
        }

        var request = new TreeRequest { Copy = Request(folder["source"], disk.Folder) };
        TreeCopy.Copy(request, TreeMonitor.None);
        CommitSizes(mount);
        mount.LosePower();

        TransferResult result = TreeCopy.Copy(request, TreeMonitor.None);

        Assert.Equal(0, result.Failed);
        Assert.Empty(TreeListing.Of(folder["source"]).DifferencesTo(TreeListing.Of(disk["source"]), TreeAspects.Copied));
    }

    [Theory]
    [MemberData(nameof(Provable))]
    public void A_hole_where_the_source_has_data_is_the_end_of_what_is_kept(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], Size, Data);
        CopyRequest request = Request(folder["source"], folder["copy"]);
        Interrupt(request, after: 30 * MiB);
        PunchHole(Partial(folder), (16 * MiB) + 65_536, 65_536);

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal((16 * MiB) + 65_536, result.ResumedAt);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [MemberData(nameof(Provable))]
    public void A_hole_that_stands_for_zeros_is_kept(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] content = Workspace.RandomBytes(12 * MiB);
        content.AsSpan(2 * MiB, 4 * MiB).Clear();
        folder.Write("source", content);
        CopyRequest request = Request(folder["source"], folder["copy"]) with { Sparse = SparseMode.Always };
        long kept = Interrupt(request, after: 8 * MiB);

        Assert.Equal(kept, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    /// <summary>The last block may have been on the device before it was full, and its end not any more.</summary>
    [Fact]
    public void Zeros_at_the_end_are_not_kept()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", 12 * MiB);
        CopyRequest request = Request(folder["source"], folder["copy"]);
        long kept = Interrupt(request, after: 8 * MiB);
        Damage(Partial(folder), kept - 2000, 2000);

        Assert.Equal(kept - 2000, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void What_ends_within_a_block_goes_on_at_its_start()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", 12 * MiB);
        CopyRequest request = Request(folder["source"], folder["copy"]);
        Interrupt(request, after: 8 * MiB);
        Command.Check("truncate", "--size=5000001", Partial(folder));

        Assert.Equal(5_000_001 / 4096 * 4096, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData(FileSystem.Ext4, 123)]
    [InlineData(FileSystem.Vfat, 0)]
    public void Where_extents_prove_nothing_the_bytes_are_compared(FileSystem type, int offset)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 12 * MiB);
        CopyRequest request = Request(folder["source"], folder["copy"]) with { Offset = offset, Count = 11 * MiB };
        Interrupt(request, after: 8 * MiB);
        Damage(Partial(folder), 3_000_000, 4096);

        Assert.Equal(3_000_000, FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Assert.Equal(Files.Slice(File.ReadAllBytes(folder["source"]), offset, 11 * MiB), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void Where_extents_prove_it_only_the_end_is_read_again()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        using var logs = new Workspace();
        Files.WriteSparse(folder["source"], Size, Data);
        CopyRequest request = Request(folder["source"], folder["copy"]);
        long kept = Interrupt(request, after: 26 * MiB);

        HostAnswer answer = HostedCopy.Run(
            request, "strace", "-f", "-qq", "-o", logs["trace"], "-e", "trace=pread64", "-P", Partial(folder));

        Assert.Equal(kept, answer.ResumedAt);
        Assert.InRange(File.ReadLines(logs["trace"]).Count(), 1, 2);
    }

    [Theory]
    [MemberData(nameof(Provable))]
    public void A_file_of_a_tree_that_has_lost_data_is_copied_again(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        TreeRequest request = Tree(folder);
        PunchHole(folder["copy/source/lost"], 131_072, 65_536, keepsTime: true);

        Assert.Equal(2, TreeCopy.Copy(request, TreeMonitor.None).Unchanged);

        Files.AssertSameBytes(folder["source/lost"], folder["copy/source/lost"]);
    }

    [Fact]
    public void A_file_of_a_tree_is_compared_where_extents_prove_nothing()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Vfat);
        TreeRequest request = Tree(folder);
        string time = Command.Check("stat", "--format=%y", folder["copy/source/lost"]);
        Damage(folder["copy/source/lost"], 100_000, 4096);
        Command.Check("touch", "-d", time, folder["copy/source/lost"]);

        Assert.Equal(2, TreeCopy.Copy(request, TreeMonitor.None).Unchanged);

        Files.AssertSameBytes(folder["source/lost"], folder["copy/source/lost"]);
    }

    [Fact]
    public void Files_of_a_tree_with_holes_for_zeros_are_left_as_they_are()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        TreeRequest request = Tree(folder, SparseMode.Always);
        Assert.NotEqual(Files.Allocated(folder["source/zeros"]), Files.Allocated(folder["copy/source/zeros"]));

        Assert.Equal(3, TreeCopy.Copy(request, TreeMonitor.None).Unchanged);
    }

    private static CopyRequest Request(string source, string destination) => new()
    {
        Source = source,
        Destination = destination,
        Resume = true,
        Method = TransferMethod.ReadWrite,
    };

    /// <summary>Copies a tree of three files to its end.</summary>
    private static TreeRequest Tree(Workspace folder, SparseMode sparse = SparseMode.Auto)
    {
        Directory.CreateDirectory(folder["source"]);
        Directory.CreateDirectory(folder["copy"]);
        folder.WriteRandom("source/lost", 300_000);
        folder.Write("source/zeros", [.. new byte[200_000], .. Workspace.RandomBytes(100_000)]);
        Files.WriteSparse(folder["source/sparse"], 3 * MiB, (MiB, 100_000));

        // FAT has times of two seconds.
        Command.Check("touch", "-d", "2020-02-03 04:05:06 UTC", folder["source/lost"], folder["source/zeros"], folder["source/sparse"]);
        var request = new TreeRequest { Copy = Request(folder["source"], folder["copy"]) with { Sparse = sparse } };
        Assert.Equal(3, TreeCopy.Copy(request, TreeMonitor.None).FileCount);
        Command.Check("sync", "-f", folder["copy"]);
        return request;
    }

    private static long Interrupt(CopyRequest request, long after) => InterruptedCopy.Stop(request, after).PartialTransfer().BytesCopied;

    /// <summary>Has the journal on the device, as it is after some seconds in any case: fsync(2) of another file does that, and
    /// writes no data of the others.</summary>
    private static void CommitSizes(Mount mount)
    {
        using SafeFileHandle other = Posix.OpenWrite(Path.Combine(mount.Folder, "other"));
        Assert.True(LibC.Write(other, "other"u8, 0).Ok);
        Assert.True(LibC.Flush(other).Ok);
    }

    private static string Partial(Workspace folder) =>
        folder[Assert.Single(folder.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal))];

    private static void PunchHole(string path, long offset, long length, bool keepsTime = false)
    {
        string time = Command.Check("stat", "--format=%y", path);
        Command.Check("fallocate", "--punch-hole", "--offset", Number(offset), "--length", Number(length), path);
        if (keepsTime)
        {
            Command.Check("touch", "-m", "-d", time, path);
        }
    }

    /// <summary>Overwrites some bytes with zeros.</summary>
    private static void Damage(string path, long offset, int length)
    {
        using SafeFileHandle file = Posix.OpenWrite(path);
        Assert.Equal(length, LibC.Write(file, new byte[length], offset).Value);
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
