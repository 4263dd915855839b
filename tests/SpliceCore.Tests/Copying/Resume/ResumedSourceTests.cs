using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>A source that was changed after an interruption, and has the size and the modification time that it had: its copy
/// is one version of it, and not a mix of two.</summary>
public sealed class ResumedSourceTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = 6 * MiB;

    public static TheoryData<FileSystem> Types => [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_file_is_copied_from_its_beginning(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Resume = true, Method = TransferMethod.ReadWrite };
        InterruptedCopy.Stop(request, after: 3 * MiB);
        Files.ChangeKeepingTime(folder["source"], offset: MiB);

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Null(result.ResumedAt);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_range_is_copied_from_its_beginning(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", Size);
        var request = new CopyRequest
        {
            Source = folder["source"],
            Destination = folder["copy"],
            Offset = 4096,
            Count = 5 * MiB,
            Resume = true,
            Method = TransferMethod.ReadWrite,
        };
        InterruptedCopy.Stop(request, after: 3 * MiB);
        Files.ChangeKeepingTime(folder["source"], offset: MiB);

        Assert.Null(FileCopy.Copy(request, TransferMonitor.None).ResumedAt);

        Assert.Equal(Files.Slice(File.ReadAllBytes(folder["source"]), 4096, 5 * MiB), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void What_changes_before_the_interruption_leaves_nothing_to_go_on_with()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        folder.WriteRandom("source", Size);
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Resume = true, Method = TransferMethod.ReadWrite };
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(
            _ =>
            {
                Files.ChangeKeepingTime(folder["source"], offset: 0);
                stop.Cancel();
            },
            stop.Token);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));

        Assert.DoesNotContain("-Resume", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source"], folder.Names);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_file_of_a_tree_is_copied_again(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Directory.CreateDirectory(folder["source/inner"]);
        folder.WriteRandom("source/inner/changed", 100_000);
        folder.WriteRandom("source/same", 100_000, seed: 2);
        Directory.CreateDirectory(folder["copy"]);
        var request = new TreeRequest
        {
            Copy = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Resume = true },
        };
        TreeCopy.Copy(request, TreeMonitor.None);
        Files.ChangeKeepingTime(folder["source/inner/changed"], offset: 5000);

        TransferResult result = TreeCopy.Copy(request, TreeMonitor.None);

        Assert.Equal((2L, 1L), (result.FileCount, result.Unchanged));
        Assert.Empty(TreeListing.Of(folder["source"]).DifferencesTo(TreeListing.Of(folder["copy/source"]), TreeAspects.Copied));
    }

    [Fact]
    public void A_file_of_a_tree_that_only_got_another_name_is_left_as_it_is()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Directory.CreateDirectory(folder["source"]);
        folder.WriteRandom("source/file", 100_000);
        Directory.CreateDirectory(folder["copy"]);
        var request = new TreeRequest
        {
            Copy = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Resume = true },
        };
        TreeCopy.Copy(request, TreeMonitor.None);
        Command.Check("ln", folder["source/file"], folder["linked"]);

        Assert.Equal(1, TreeCopy.Copy(request, TreeMonitor.None).Unchanged);
    }
}
