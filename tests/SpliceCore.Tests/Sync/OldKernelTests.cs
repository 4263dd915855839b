using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Sync;

/// <summary>As on Linux before 5.8, where statx(2) does not report mount points.</summary>
[Collection(SerialCollection.Name)]
public sealed class OldKernelTests : IDisposable
{
    private readonly SyncFolders _folders = new();
    private readonly bool _isInStatus = MountTable.IsInStatus;

    public OldKernelTests()
    {
        Command.RequireRoot();
        MountTable.IsInStatus = false;
    }

    public void Dispose()
    {
        MountTable.IsInStatus = _isInStatus;
        _folders.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_is_removed_where_a_mount_point_is_inside(bool isDryRun)
    {
        _folders.Shell("mkdir -p s 'd/p/m m' other; touch s/f d/x other/k; mount --bind other 'd/p/m m'");
        try
        {
            SyncOutcome outcome = SyncFolders.Run(_folders.Mirror with { Tree = _folders.Mirror.Tree with { IsDryRun = isDryRun } });

            Assert.Equal((TransferErrorId.MountPoint, _folders["d"]), (outcome.End?.Id, outcome.End?.Target));
            Assert.Contains(@"p/m\040m", outcome.End!.Message, StringComparison.Ordinal);
            Assert.Equal("p p/m m p/m m/k x", _folders.Paths("d"));
            SyncFolders.Complete(_folders.Request);
        }
        finally
        {
            Mount.Unmount(_folders["d/p/m m"]);
        }

        Assert.Equal(3, SyncFolders.Complete(_folders.Mirror).Removed);
        Assert.Equal("k", _folders.Paths("other"));
    }

    [Fact]
    public void A_destination_that_is_a_mount_point_itself_is_synchronized()
    {
        _folders.Shell("mkdir s d; touch s/f; mount -t tmpfs t d; touch d/x");
        try
        {
            Assert.Equal(1, SyncFolders.Complete(_folders.Mirror).Removed);
        }
        finally
        {
            Mount.Unmount(_folders["d"]);
        }
    }

    [Fact]
    public void A_mount_point_is_not_moved()
    {
        using Workspace memory = Workspace.InMemory();
        Directory.CreateDirectory(memory["m"]);
        Command.Check("mount", "-t", "tmpfs", "t", memory["m"]);
        try
        {
            memory.Write("m/k", [1]);

            TransferException error = Assert.Throws<TransferException>(
                () => ItemMove.Move(new MoveRequest { Source = memory["m"], Destination = _folders["new"] }, TreeMonitor.None));

            Assert.Equal(TransferErrorId.MountPoint, error.Id);
            Assert.True(File.Exists(memory["m/k"]));
            Assert.False(Path.Exists(_folders["new"]));
        }
        finally
        {
            Mount.Unmount(memory["m"]);
        }
    }
}
