using Xunit;

namespace Splice.Tests.Copying.Destination;

public sealed class ImmutableFileTests : IDisposable
{
    private readonly Workspace _folder;

    public ImmutableFileTests(MountedFileSystems fileSystems)
    {
        Command.Require("chattr");
        _folder = fileSystems.NewFolder(FileSystem.Ext4);
        _folder.WriteRandom("source", 100_000);
        _folder.WriteRandom("copy", 5000, seed: 2);
    }

    public void Dispose()
    {
        Command.Run("chattr", "-R", "-i", "-a", _folder.Folder);
        _folder.Dispose();
    }

    [Fact]
    public void An_immutable_source_is_copied()
    {
        Command.Check("chattr", "+i", _folder["source"]);

        FileCopy.Copy(new CopyRequest { Source = _folder["source"], Destination = _folder["copy"] }, TransferMonitor.None);

        Files.AssertSameBytes(_folder["source"], _folder["copy"]);
    }

    [Theory]
    [InlineData("+i", "copy", false, null)]
    [InlineData("+i", "copy", true, null)]
    [InlineData("+i", "copy", false, 0L)]
    [InlineData("+a", "copy", false, null)]
    [InlineData("+a", "copy", true, null)]
    [InlineData("+a", "copy", false, 0L)]
    [InlineData("+i", ".", true, null)]
    public void What_may_not_change_does_not(string attribute, string name, bool force, long? destinationOffset)
    {
        Command.Check("chattr", attribute, _folder[name]);
        var request = new CopyRequest
        {
            Source = _folder["source"],
            Destination = _folder["copy"],
            Force = force,
            DestinationOffset = destinationOffset,
        };

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));

        Assert.Equal(TransferErrorId.PermissionDenied, error.Id);
        Assert.Equal(Errno.EPERM, error.Errno);
        Assert.Equal(Workspace.RandomBytes(5000, seed: 2), File.ReadAllBytes(_folder["copy"]));
        Assert.Equal(["copy", "source"], _folder.Names);
    }
}
