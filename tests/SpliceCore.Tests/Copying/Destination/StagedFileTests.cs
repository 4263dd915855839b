using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Copying.Destination;

public sealed class StagedFileTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _folder;

    public StagedFileTests() => _folder = Posix.OpenRead(_workspace.Folder);

    [Fact]
    public void A_file_has_no_name_until_it_is_committed()
    {
        using StagedFile staged = Create("new");
        Assert.Empty(_workspace.Names);
        staged.Commit(replace: false);
        Assert.Equal("new", File.ReadAllText(_workspace["file"]));
        Assert.Equal(["file"], _workspace.Names);
    }

    [Fact]
    public void A_file_that_is_not_committed_leaves_nothing()
    {
        File.WriteAllText(_workspace["file"], "old");
        Create("new").Dispose();
        Assert.Equal("old", File.ReadAllText(_workspace["file"]));
        Assert.Equal(["file"], _workspace.Names);
    }

    /// <summary>mqueue is a file system without O_TMPFILE that every kernel has.</summary>
    [Fact]
    public void A_new_file_of_a_tree_that_has_a_hidden_name_is_its_owner_s_alone()
    {
        using var mount = Mount.Memory("mqueue", "rw");
        using SafeFileHandle folder = Posix.OpenRead(mount.Folder);
        File.WriteAllText(_workspace["source"], string.Empty);
        File.SetUnixFileMode(_workspace["source"], (UnixFileMode)0x1A4); // 0644
        using SafeFileHandle open = Posix.OpenRead(_workspace["source"]);
        var source = Descriptor.Describe(open, "source");
        var request = new CopyRequest { Source = "source", Destination = "copy", Preserve = PreserveAttributes.Mode };
        var place = new DestinationEntry(folder, "copy", Existing: null, "copy", MayReplace: false) { Modes = new CreateModeCache() };
        var counters = new TransferCounters();
        TransferSpec spec = request.ToSpec(source, TransferMonitor.None, counters);

        using var file = new DestinationWriter(request, source, place, spec, TransferMonitor.None, counters, new MetadataWarnings());
        string hidden = Assert.Single(Directory.GetFileSystemEntries(mount.Folder));
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(hidden)); // 0600

        file.Write();
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(hidden));
    }

    [Fact]
    public void An_old_file_is_replaced_and_whoever_reads_it_keeps_it()
    {
        File.WriteAllText(_workspace["file"], "old");
        using StreamReader reader = File.OpenText(_workspace["file"]);
        using (StagedFile staged = Create("new"))
        {
            staged.Commit(replace: true);
        }

        Assert.Equal("new", File.ReadAllText(_workspace["file"]));
        Assert.Equal("old", reader.ReadToEnd());
        Assert.Equal(["file"], _workspace.Names);
    }

    [Fact]
    public void A_name_that_is_known_to_be_taken_is_not_tried()
    {
        File.WriteAllText(_workspace["file"], "old");
        Assert.True(FileStatus.TryGet(_workspace["file"], followLink: false, out FileStatus? old).Ok);
        using (var staged = StagedFile.Create(At(old), 0x180, CancellationToken.None))
        {
            long before = SystemCallCount.Current;
            staged.Commit(replace: true);
            Assert.InRange(SystemCallCount.Current - before, 1, 2); // linkat(2) and rename(2), or rename(2) alone
        }

        Assert.Equal(0, new FileInfo(_workspace["file"]).Length);
        Assert.Equal(["file"], _workspace.Names);
    }

    [Fact]
    public void A_name_that_was_taken_meanwhile_is_not_replaced_unasked()
    {
        using (StagedFile staged = Create("new"))
        {
            File.WriteAllText(_workspace["file"], "old");
            TransferException error = Assert.Throws<TransferException>(() => staged.Commit(replace: false));
            Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        }

        Assert.Equal("old", File.ReadAllText(_workspace["file"]));
        Assert.Equal(["file"], _workspace.Names);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _workspace.Dispose();
    }

    private DestinationEntry At(FileStatus? existing) => new(_folder, "file", existing, _workspace["file"], MayReplace: true);

    private StagedFile Create(string content)
    {
        var staged = StagedFile.Create(At(existing: null), 0x180, CancellationToken.None);
        Assert.True(LibC.Write(staged.Handle, System.Text.Encoding.UTF8.GetBytes(content), null).Ok);
        return staged;
    }
}
