using System.Globalization;
using Xunit;

namespace Splice.Tests.Copying.Attributes;

/// <summary>Times that a file system cannot store: utimensat(2) stores the nearest, and says nothing.</summary>
public sealed class RareTimesTests(MountedFileSystems fileSystems) : IDisposable
{
    private const long FarFuture = 300_000_000_000;

    private readonly Workspace _from = Workspace.InMemory();

    public void Dispose() => _from.Dispose();

    [Theory]
    [InlineData(FileSystem.Ext4, FarFuture, true)]
    [InlineData(FileSystem.Ext4, -3_000_000_000, true)]
    [InlineData(FileSystem.Ext4, 5_000_000_000, false)]
    [InlineData(FileSystem.Xfs, FarFuture, true)]
    [InlineData(FileSystem.Btrfs, FarFuture, false)]
    [InlineData(FileSystem.Tmpfs, FarFuture, false)]
    [InlineData(FileSystem.Vfat, 0, true)]
    [InlineData(FileSystem.Vfat, 1_000_000_000, false)]
    public void What_is_not_kept_is_a_warning_and_the_next_synchronization_changes_nothing(FileSystem type, long time, bool isLost)
    {
        using Workspace to = fileSystems.NewFolder(type);
        Directory.CreateDirectory(_from["s"]);
        Write("s/file", time, seed: 1);
        var request = new SyncRequest
        {
            Tree = new TreeRequest
            {
                Copy = new CopyRequest { Source = _from["s"], Destination = to["d"], Update = UpdateMode.Changed, Preserve = PreserveAttributes.Timestamps },
            },
        };

        TransferResult first = SyncFolders.Complete(request);
        TransferResult second = SyncFolders.Complete(request);
        Write("s/file", time, seed: 2);
        TransferResult changed = SyncFolders.Complete(request);

        Assert.Equal(isLost, first.Warnings.Any(IsAboutTime));
        Assert.Equal((0, 1, 0), (second.Updated, second.Unchanged, second.BytesMoved));
        Assert.Empty(second.Warnings);
        Assert.Equal(isLost, changed.Updated == 1);
    }

    [Fact]
    public void A_single_file_is_not_copied_again()
    {
        using Workspace to = fileSystems.NewFolder(FileSystem.Ext4);
        Write("file", FarFuture, seed: 1);
        var request = new CopyRequest { Source = _from["file"], Destination = to["file"], Update = UpdateMode.Changed, Preserve = PreserveAttributes.All };

        TransferResult first = FileCopy.Copy(request, TransferMonitor.None);
        TransferResult second = FileCopy.Copy(request, TransferMonitor.None);
        Write("file", FarFuture, seed: 2);
        TransferResult changed = FileCopy.Copy(request, TransferMonitor.None);

        Assert.True(IsAboutTime(Assert.Single(first.Warnings)));
        Assert.Equal((ItemStatus.Unchanged, 0L), (second.Status, second.BytesMoved));
        Assert.Empty(second.Warnings);
        Assert.Equal((ItemStatus.Updated, "content differs"), (changed.Status, changed.Reason));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("tree")]
    public void A_move_that_would_lose_it_keeps_the_source(string name)
    {
        using Workspace to = fileSystems.NewFolder(FileSystem.Ext4);
        Directory.CreateDirectory(_from["tree"]);
        Write("tree/file", FarFuture, seed: 1);
        Write("file", FarFuture, seed: 1);
        File.CreateSymbolicLink(_from["link"], "target");
        Command.Check("touch", "-h", "-d", Touched(FarFuture), _from["link"]);

        List<TransferException> errors = [];
        TransferException error = Assert.Throws<TransferException>(() => ItemMove.Move(
            new MoveRequest { Source = _from[name], Destination = to["new"] }, new TreeMonitor(Failed: errors.Add)));

        Assert.Equal(Errno.EOVERFLOW, error.Errno);
        Assert.Empty(errors);
        Assert.Contains(name, _from.Names);
        Assert.Empty(to.Names);
    }

    [Fact]
    public void A_move_to_a_file_system_that_can_store_it_keeps_it()
    {
        using Workspace to = fileSystems.NewFolder(FileSystem.Btrfs);
        Write("file", FarFuture, seed: 1);

        Assert.Empty(ItemMove.Move(new MoveRequest { Source = _from["file"], Destination = to["new"] }, TreeMonitor.None).Warnings);

        Assert.Equal(Touched(FarFuture), $"@{Files.Metadata(to["new"], "%Y")}");
    }

    private static bool IsAboutTime(string warning) =>
        warning.Contains("the times", StringComparison.Ordinal) && warning.Contains("EOVERFLOW", StringComparison.Ordinal);

    private static string Touched(long time) => string.Create(CultureInfo.InvariantCulture, $"@{time}");

    private void Write(string name, long time, int seed)
    {
        _from.WriteRandom(name, 5000, seed);
        Command.Check("touch", "-d", Touched(time), _from[name]);
    }
}
