using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Probing;

/// <summary>What is said before a copy is what the copy does.</summary>
public sealed class MethodTestTests(MountedFileSystems fileSystems)
{
    private const int Block = 4096;
    private const int Size = (100 * Block) + 1000;

    public static TheoryData<FileSystem, FileSystem> Pairs => new(FullRun.Pairs(Enum.GetValues<FileSystem>()));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Between_all_file_systems(FileSystem from, FileSystem to)
    {
        using Workspace left = fileSystems.NewFolder(from);
        using Workspace right = fileSystems.NewFolder(to);
        left.WriteRandom("plain", Size);
        SparseFile.Write(left, "sparse", "XXXX..XXXXX.XXXX..");
        right.WriteRandom("old", Size + 5000, seed: 2);

        AssertAgrees(new CopyRequest { Source = left["plain"], Destination = right["new"] });
        AssertAgrees(new CopyRequest { Source = left["sparse"], Destination = right["thin"] });
        AssertAgrees(new CopyRequest { Source = left["plain"], Destination = right["old"] });
        foreach ((long offset, long count, long? destinationOffset) in new (long, long, long?)[]
        {
            (0, 50 * Block, null), (Block, 50 * Block, 0), (3 * Block, (50 * Block) + 10, 7 * Block), (100, 50 * Block, (2 * Block) + 100),
            (100, 50 * Block, 0), (0, 50 * Block, 10), (100 * Block, 1000, 0), (Block, 100, Block),
        })
        {
            AssertAgrees(new CopyRequest
            {
                Source = left["plain"],
                Destination = right["old"],
                Offset = offset,
                Count = count,
                DestinationOffset = destinationOffset,
            });
        }
    }

    [Fact]
    public void Into_a_folder_that_a_copy_would_create()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        folder.WriteRandom("file", Size);
        MethodTestRequest Into(string destination) =>
            new() { Source = TransferEndpoint.OfPath(folder["file"]), Destination = TransferEndpoint.OfPath($"{folder.Folder}/{destination}") };

        IReadOnlyList<MethodReport> reports = MethodTest.Run(Into("missing/"), TransferMonitor.None);

        Assert.Equal(MethodTest.Run(Into("new"), TransferMonitor.None).Select(report => (report.Method, report.Available, report.Reason)),
            reports.Select(report => (report.Method, report.Available, report.Reason)));
        Assert.All(reports, report => Assert.Equal(folder["missing/file"], report.Destination));
        Assert.Equal(["file"], folder.Names);
        TransferException error = Assert.Throws<TransferException>(() => MethodTest.Run(Into("missing/too/"), TransferMonitor.None));
        Assert.Equal(TransferErrorId.DestinationFolderNotFound, error.Id);
    }

    [Theory]
    [InlineData("a", "+C")]
    [InlineData("+C", "b")]
    public void Between_folders_of_btrfs_with_checksums_and_without(string source, string destination)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        Command.Require("chattr");
        Directory.CreateDirectory(folder[source]);
        Directory.CreateDirectory(folder[destination]);
        Command.Check("chattr", "+C", folder["+C"]);
        folder.WriteRandom($"{source}/file", Size);

        IReadOnlyList<MethodReport> reports = AssertAgrees(
            new CopyRequest { Source = folder[$"{source}/file"], Destination = folder[$"{destination}/file"] });

        Assert.False(reports[0].Available);
        Assert.Equal(Errno.EINVAL, reports[0].Errno);
    }

    [Fact]
    public void Between_subvolumes_of_btrfs_blocks_are_shared()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        Command.Require("btrfs");
        Command.Check("btrfs", "subvolume", "create", folder["other"]);
        folder.WriteRandom("file", Size);

        IReadOnlyList<MethodReport> reports = AssertAgrees(
            new CopyRequest { Source = folder["file"], Destination = folder["other/file"] });

        Assert.True(reports[0].Chosen);
    }

    [Theory]
    [InlineData(FileSystem.Xfs, FileMode.Open, true)]
    [InlineData(FileSystem.Btrfs, FileMode.Open, true)]
    [InlineData(FileSystem.Xfs, FileMode.Append, false)]
    [InlineData(FileSystem.Ext4, FileMode.Append, false)]
    [InlineData(FileSystem.Ext4, FileMode.Open, false)]
    public void Open_handles_are_tested_where_they_stand_and_stay_there(FileSystem type, FileMode mode, bool shares)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        byte[] old = Workspace.RandomBytes(10 * Block, seed: 2);
        folder.WriteRandom("source", 20 * Block);
        folder.Write("copy", old);
        using SafeFileHandle source = Posix.OpenRead(folder["source"]);
        using SafeFileHandle copy = Posix.Open(folder["copy"], mode == FileMode.Append ? 0x401 : 1);
        LibC.Seek(source, 4 * Block, SeekOrigin.Begin);

        IReadOnlyList<MethodReport> reports = MethodTest.Run(new MethodTestRequest { Source = TransferEndpoint.OfHandle(source), Destination = TransferEndpoint.OfHandle(copy) });

        Assert.Equal(4 * Block, LibC.Seek(source, 0, SeekOrigin.Current).Value);
        Assert.Equal(0, LibC.Seek(copy, 0, SeekOrigin.Current).Value);
        Assert.Equal(old, File.ReadAllBytes(folder["copy"]));
        Assert.Equal(shares, reports[0].Available);
        TransferResult result = HandleTransfer.Run(
            new HandleTransferRequest { Source = source, Destination = copy, Method = TransferMethod.Auto }, TransferMonitor.None);
        AssertSame(reports, result);
        Assert.Equal(16 * Block, result.BytesCopied);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Nothing_is_changed(FileSystem from, FileSystem to)
    {
        using Workspace left = fileSystems.NewFolder(from);
        using Workspace right = fileSystems.NewFolder(to);
        left.WriteRandom("source", Size);
        right.WriteRandom("old", Block);
        byte[] old = File.ReadAllBytes(right["old"]);
        string[] paths = [left.Folder, right.Folder, left["source"], right["old"]];
        string[] before = [.. paths.Select(path => Files.Metadata(path, "%i %s %b %x %y %z"))];

        Run(left["source"], right["new"]);
        Run(left["source"], right["old"]);
        Run(left["source"], right["old"], Block);
        Run(left["source"], right.Folder);

        Assert.Equal(before, paths.Select(path => Files.Metadata(path, "%i %s %b %x %y %z")));
        Assert.Equal(["old"], right.Names);
        Assert.Equal(old, File.ReadAllBytes(right["old"]));
    }

    private static void Run(string source, string destination, long? destinationOffset = null) => MethodTest.Run(new MethodTestRequest
    {
        Source = TransferEndpoint.OfPath(source),
        Destination = TransferEndpoint.OfPath(destination),
        DestinationOffset = destinationOffset,
    });

    private static IReadOnlyList<MethodReport> AssertAgrees(CopyRequest request)
    {
        IReadOnlyList<MethodReport> reports = MethodTest.Run(new MethodTestRequest
        {
            Source = TransferEndpoint.OfPath(request.Source),
            Destination = TransferEndpoint.OfPath(request.Destination),
            Offset = request.Offset,
            Count = request.Count,
            DestinationOffset = request.DestinationOffset,
        });
        AssertSame(reports, FileCopy.Copy(request, TransferMonitor.None));
        return reports;
    }

    private static void AssertSame(IReadOnlyList<MethodReport> reports, TransferResult result)
    {
        Assert.Equal([1, 2, 3, 4, 5], reports.Select(report => report.Order));
        MethodReport chosen = Assert.Single(reports, report => report.Chosen);
        Assert.Equal(result.Method, chosen.Method);
        Assert.Equal(result.Destination, chosen.Destination);
        Assert.Equal(
            result.Attempts.Select(attempt => $"{attempt}"),
            reports.TakeWhile(report => !report.Chosen)
                .Where(report => report.Errno != Errno.None || report.Reason == ReflinkRange.NotAligned).Select(report => $"{report}"));
    }
}
