using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>A source that somebody writes to during the copy: an error that keeps the old file, unless it is allowed.</summary>
public sealed class RewrittenSourceTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = 9 * MiB;

    private static readonly FileSystem[] Types = [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs, FileSystem.Overlay];

    public static MatrixTheoryData<FileSystem, SourceChange, bool> Changes =>
        new(Types, [.. Enum.GetValues<SourceChange>().Where(change => change != SourceChange.Mapped)], [false, true]);

    public static TheoryData<FileSystem> AllTypes => [.. Types];

    [Theory]
    [MemberData(nameof(Changes))]
    public void Is_told_and_the_old_file_stays(FileSystem type, SourceChange change, bool sparse)
    {
        using Workspace folder = NewFolder(type, sparse, change);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(folder), Once(change, folder)));

        Assert.Equal(TransferErrorId.SourceChanged, error.Id);
        Assert.Equal(folder["source"], error.Target);
        Assert.Contains(change == SourceChange.Grown ? $"({Size + 1000} bytes)" : "modification time", error.Message, StringComparison.Ordinal);
        Assert.Contains("-AllowChanging", error.Message, StringComparison.Ordinal);
        Assert.Equal(Size, error.PartialTransfer().BytesCopied);
        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Is_copied_as_it_comes_where_that_is_allowed(FileSystem type, SourceChange change, bool sparse)
    {
        using Workspace folder = NewFolder(type, sparse, change);
        byte[] before = File.ReadAllBytes(folder["source"]);

        TransferResult result = FileCopy.Copy(Request(folder) with { AllowChanging = true }, Once(change, folder));

        Assert.Equal(Size, result.BytesCopied);
        Assert.Equal(Size, new FileInfo(folder["copy"]).Length);
        if (change is SourceChange.Grown or SourceChange.Touched)
        {
            Assert.True(File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(before));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Is_an_error_when_it_became_shorter_all_the_same(bool allowed)
    {
        using Workspace folder = NewFolder(FileSystem.Ext4, sparse: false, SourceChange.Grown);
        var monitor = new TransferMonitor(_ => Truncate(folder["source"], 2 * MiB));

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Request(folder) with { AllowChanging = allowed }, monitor));

        Assert.Equal(TransferErrorId.SourceTruncated, error.Id);
        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Fact]
    public void Is_told_also_when_it_became_shorter_after_its_last_byte()
    {
        using Workspace folder = NewFolder(FileSystem.Ext4, sparse: false, SourceChange.Grown);
        CopyRequest request = Request(folder) with { Method = TransferMethod.SendFile };
        var monitor = new TransferMonitor(_ => Truncate(folder["source"], 2 * MiB));

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, monitor));

        Assert.Equal(TransferErrorId.SourceTruncated, error.Id);
        Assert.Equal(Size, FileCopy.Copy(
            Request(folder) with { Source = folder.WriteRandom("again", Size), AllowChanging = true },
            new TransferMonitor(progress => Truncate(folder["again"], progress.BytesCopied == Size ? MiB : Size))).BytesCopied);
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void A_store_into_a_hole_through_a_mapping_is_told(FileSystem type)
    {
        using Workspace folder = NewFolder(type, sparse: true, SourceChange.Mapped);

        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(Request(folder), Once(SourceChange.Mapped, folder)));

        Assert.Equal(TransferErrorId.SourceChanged, error.Id);
        Assert.True(type != FileSystem.Tmpfs || error.Message.Contains("a hole was filled", StringComparison.Ordinal), error.Message);
        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(folder["copy"]));
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void To_read_what_was_reserved_and_never_written_is_no_change(FileSystem type)
    {
        using Workspace folder = NewFolder(type, sparse: true, SourceChange.Mapped);
        Command.Check("fallocate", "--offset", $"{4 * MiB}", "--length", $"{2 * MiB}", folder["source"]);
        Command.Check("sync", folder["source"]);
        string before = Extents(folder["source"]);
        bool read = false;
        var monitor = new TransferMonitor(_ =>
        {
            if (!read)
            {
                read = true;
                using FileStream file = File.OpenRead(folder["source"]);
                file.Position = 5 * MiB;
                Assert.Equal(0, file.ReadByte());
            }
        });

        TransferResult result = FileCopy.Copy(Request(folder), monitor);

        Assert.Equal(Size, result.BytesCopied);
        Assert.True(type == FileSystem.Btrfs || Extents(folder["source"]) != before, "reading did not change the extents");
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void To_read_to_rename_and_to_change_the_mode_is_no_change()
    {
        using Workspace folder = NewFolder(FileSystem.Ext4, sparse: false, SourceChange.Touched);
        var monitor = new TransferMonitor(_ =>
        {
            if (File.Exists(folder["source"]))
            {
                File.ReadAllBytes(folder["source"]);
                File.SetUnixFileMode(folder["source"], UnixFileMode.UserRead);
                File.Move(folder["source"], folder["renamed"]);
            }
        });

        Assert.Equal(Size, FileCopy.Copy(Request(folder), monitor).BytesCopied);
    }

    [Fact]
    public void To_write_into_itself_is_no_change()
    {
        using Workspace folder = NewFolder(FileSystem.Ext4, sparse: false, SourceChange.Touched);
        var request = new CopyRequest
        {
            Source = folder["source"],
            Destination = folder["source"],
            Count = MiB,
            DestinationOffset = 2 * MiB,
        };

        Assert.Equal(MiB, FileCopy.Copy(request, TransferMonitor.None).BytesCopied);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void A_clone_is_of_one_moment_whatever_is_written_after_it(FileSystem type)
    {
        using Workspace folder = NewFolder(type, sparse: false, SourceChange.Overwritten);
        byte[] before = File.ReadAllBytes(folder["source"]);

        TransferResult result = FileCopy.Copy(
            Request(folder) with { Method = TransferMethod.Reflink }, Once(SourceChange.Overwritten, folder));

        Assert.Equal(Size, result.BytesReflinked);
        Assert.True(File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(before));
        Assert.False(File.ReadAllBytes(folder["source"]).AsSpan().SequenceEqual(before));
    }

    private Workspace NewFolder(FileSystem type, bool sparse, SourceChange change)
    {
        Workspace folder = fileSystems.NewFolder(type);
        (long, int)[] data = sparse ? [(0, 100_000), (2 * MiB, 100_000), (8 * MiB, 100_000)] : [(0, Size)];
        Files.WriteSparse(folder["source"], Size, data);
        folder.WriteRandom("copy", 1000, seed: 2);
        change.Prepare(folder["source"]);
        return folder;
    }

    private static CopyRequest Request(Workspace folder) => new()
    {
        Source = folder["source"],
        Destination = folder["copy"],
        Method = TransferMethod.ReadWrite,
    };

    /// <summary>Makes the change after the last step, before the end is looked at: holes have no steps of their own after
    /// it.</summary>
    private static TransferMonitor Once(SourceChange change, Workspace folder)
    {
        bool made = false;
        return new TransferMonitor(progress =>
        {
            if (!made && progress.BytesCopied + progress.BytesInHoles > 8 * MiB)
            {
                made = true;
                change.Make(folder["source"]);
            }
        });
    }

    private static void Truncate(string path, long size)
    {
        using FileStream file = File.OpenWrite(path);
        if (file.Length > size)
        {
            file.SetLength(size);
        }
    }

    private static string Extents(string path)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = Posix.OpenRead(path);
        return string.Join(' ', Splice.Transfer.Extent.Walk(file, 0, new FileInfo(path).Length));
    }
}
