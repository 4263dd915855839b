using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Moving;

/// <summary>Moves that rename(2) cannot make: copied, verified, flushed, and then removed.</summary>
public sealed class AcrossFileSystemsTests(MountedFileSystems fileSystems) : IDisposable
{
    private readonly Workspace _from = Workspace.InMemory();
    private readonly Workspace _to = new();

    public void Dispose()
    {
        Command.Run("chattr", "-R", "-i", "-a", _to.Folder);
        _from.Dispose();
        _to.Dispose();
    }

    [Theory]
    [InlineData("file")]
    [InlineData("empty")]
    [InlineData("link")]
    [InlineData("fifo")]
    [InlineData("tree")]
    public void An_item_arrives_with_all_that_belongs_to_it(string name)
    {
        Make();
        var source = TreeListing.Of(_from.Folder, sync: false);

        (TransferResult result, List<TransferException> errors) = Move(name, "new");

        Assert.Empty(errors);
        Assert.Equal((ItemStatus.Moved, "copied, then removed", _to["new"]), (result.Status, result.Reason, result.FullName));
        Assert.True(result.Flushed);
        Assert.Equal(name is "file" or "empty" or "tree", result.Verified);
        Assert.Equal(["new"], _to.Names);
        Assert.DoesNotContain(name, _from.Names);
        Command.Check("mv", _to["new"], _from[name]);
        IReadOnlyList<string> differences = source.DifferencesTo(TreeListing.Of(_from.Folder, sync: false), TreeAspects.Copied & ~TreeAspects.Allocation);
        Assert.DoesNotContain(differences, difference => !difference.StartsWith(".: modified", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_verification_nothing_is_read_again()
    {
        Make();

        Assert.False(Move("tree", "new", request => request with { Verify = false }).Result.Verified);
    }

    [Fact]
    public void A_sparse_file_stays_sparse_and_hard_links_stay_links()
    {
        Directory.CreateDirectory(_from["tree"]);
        Files.WriteSparse(_from["tree/sparse"], 10_000_000, (4_000_000, 5000));
        _from.Write("tree/one", [1]);
        Posix.HardLink(_from, "tree/one", "tree/two");
        Posix.HardLink(_from, "tree/one", "outside");

        Move("tree", "tree");

        Assert.Equal(Files.Metadata(_to["tree/one"], "%i"), Files.Metadata(_to["tree/two"], "%i"));
        Assert.Equal(["outside"], _from.Names);
        Assert.Equal("1", Files.Metadata(_from["outside"], "%h"));
        Assert.True(long.Parse(Files.Metadata(_to["tree/sparse"], "%b"), System.Globalization.CultureInfo.InvariantCulture) < 200);
    }

    [Theory]
    [InlineData("file", "file", false)]
    [InlineData("file", "link", true)]
    [InlineData("file", "fifo", true)]
    [InlineData("fifo", "file", true)]
    [InlineData("file", "file", true)]
    public void An_existing_file_is_replaced_only_on_request(string source, string existing, bool replace)
    {
        Make();
        _to.Write("kept", [7]);
        _to.Write("file", [9]);
        Posix.MakeFifo(_to["fifo"]);
        File.CreateSymbolicLink(_to["link"], "kept");
        string kind = Files.Metadata(_from[source], "%F %s");
        if (!replace)
        {
            AssertRefused(TransferErrorId.DestinationExists, source, existing);
            return;
        }

        Move(source, existing, request => request with { Replace = true });

        Assert.Equal(kind, Files.Metadata(_to[existing], "%F %s"));
        Assert.Equal([7], File.ReadAllBytes(_to["kept"]));
        Assert.Equal(["fifo", "file", "kept", "link"], _to.Names);
        Assert.False(Path.Exists(_from[source]));
    }

    [Theory]
    [InlineData("tree", "has-tree")]
    [InlineData("tree", "has-file")]
    [InlineData("file", "has-folder")]
    public void A_folder_is_never_replaced_nor_a_file_by_one(string source, string destination)
    {
        Make();
        Directory.CreateDirectory(_to["has-tree/tree"]);
        Directory.CreateDirectory(_to["has-file"]);
        _to.Write("has-file/tree", [1]);
        Directory.CreateDirectory(_to["has-folder/file"]);

        AssertRefused(TransferErrorId.DestinationExists, source, destination, request => request with { Replace = true });
    }

    [Fact]
    public void A_folder_with_a_mount_point_in_it_is_refused()
    {
        Command.RequireRoot();
        Make();
        string mount = Directory.CreateDirectory(_from["tree/a mount"]).FullName;
        Command.Check("mount", "-t", "tmpfs", "none", mount);
        try
        {
            AssertRefused(TransferErrorId.MountPoint, "tree", "new");
        }
        finally
        {
            Mount.Unmount(mount);
        }
    }

    [Fact]
    public void A_folder_does_not_go_into_itself_through_a_bind_mount()
    {
        Command.RequireRoot();
        Make();
        Directory.CreateDirectory(_from["door"]);
        Command.Check("mount", "--bind", _from["tree/a"], _from["door"]);
        try
        {
            AssertRefused(TransferErrorId.CopyIntoItself, "tree", _from["door"]);
            AssertRefused(TransferErrorId.CopyIntoItself, "tree", _from["door/new"]);
            AssertRefused(TransferErrorId.SameFile, "tree/a/file", _from["door/file"]);
        }
        finally
        {
            Mount.Unmount(_from["door"]);
        }
    }

    [Fact]
    public void Between_two_mounts_of_one_file_system_it_is_copied()
    {
        Command.RequireRoot();
        Make();
        Directory.CreateDirectory(_from["door"]);
        Directory.CreateDirectory(_from["behind"]);
        Command.Check("mount", "--bind", _from["behind"], _from["door"]);
        try
        {
            Assert.True(ItemMove.Preview(Request("tree", _from["door"])).Copies);
            Assert.Equal("copied, then removed", Move("tree", _from["door"]).Result.Reason);
        }
        finally
        {
            Mount.Unmount(_from["door"]);
        }

        Assert.True(File.Exists(_from["behind/tree/a/file"]));
        Assert.False(Path.Exists(_from["tree"]));
    }

    [Fact]
    public void Between_subvolumes_it_is_copied_with_shared_blocks()
    {
        Command.Require("btrfs");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Btrfs);
        Command.Check("btrfs", "subvolume", "create", folder["one"]);
        Command.Check("btrfs", "subvolume", "create", folder["two"]);
        folder.WriteRandom("one/file", 1_000_000);
        try
        {
            (TransferResult result, _) = Move(folder["one/file"], folder["two"]);

            Assert.Equal("copied, then removed", result.Reason);
            Assert.Equal(1_000_000, result.BytesReflinked);
            Assert.Equal(Workspace.RandomBytes(1_000_000), File.ReadAllBytes(folder["two/file"]));
        }
        finally
        {
            Command.Run("btrfs", "subvolume", "delete", folder["one"]);
            Command.Run("btrfs", "subvolume", "delete", folder["two"]);
        }
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Overlay)]
    [InlineData(FileSystem.Vfat)]
    public void Onto_each_file_system(FileSystem type)
    {
        using Workspace to = fileSystems.NewFolder(type);
        Directory.CreateDirectory(_from["tree/a/b"]);
        _from.WriteRandom("tree/a/b/file", 300_000);

        (TransferResult result, List<TransferException> errors) = Move("tree", to.Folder);

        Assert.Empty(errors);
        Assert.Equal(Workspace.RandomBytes(300_000), File.ReadAllBytes(to["tree/a/b/file"]));
        Assert.Equal(["tree"], to.Names);
        Assert.Empty(_from.Names);
        Assert.Equal(type == FileSystem.Vfat, result.Warnings.Count > 0);
    }

    [Fact]
    public void What_the_destination_cannot_hold_leaves_the_source_whole()
    {
        using Workspace to = fileSystems.NewFolder(FileSystem.Vfat);
        Make();

        AssertRefused(TransferErrorId.PermissionDenied, "tree", to.Folder); // symbolic links and FIFOs
        Assert.Empty(to.Names);
    }

    [Fact]
    public void A_full_disk_leaves_the_source_whole_and_the_destination_as_it_was()
    {
        using var to = Mount.Memory("tmpfs", "size=1m");
        Directory.CreateDirectory(_from["tree"]);
        _from.WriteRandom("tree/1", 100_000);
        _from.WriteRandom("tree/2", 2_000_000);

        AssertRefused(TransferErrorId.DiskFull, "tree", to.Folder);
        Assert.Empty(Directory.GetFileSystemEntries(to.Folder));
    }

    [Fact]
    public void A_name_taken_meanwhile_stays()
    {
        Make();
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host, new Fault("renameat2", "delay_enter=1000000", "2"));

        host.Begin(Request("file", "new"));
        Wait.Until(
            () => _to.Names is [string staging] && Directory.Exists(_to[staging]) && Directory.GetFiles(_to[staging]).Length == 1,
            "nothing is copied",
            () => host.EndReport);
        _to.Write("new", [9]);
        TreeAnswer answer = host.Finish();

        Assert.Equal("DestinationExists", answer.Error);
        Assert.Equal(["new"], _to.Names);
        Assert.Equal([9], File.ReadAllBytes(_to["new"]));
        Assert.Contains("file", _from.Names);
    }

    [Theory]
    [InlineData("tree/small")]
    [InlineData("tree/empty")]
    public async Task A_copy_of_which_something_is_removed_before_it_is_complete_is_not_published(string removed)
    {
        // tmpfs lists entries in the order of their creation or the other way round: one of the large ones always comes after the others.
        Directory.CreateDirectory(_from["tree"]);
        _from.WriteRandom("tree/large", 2_000_000);
        Directory.CreateDirectory(_from["tree/empty"]);
        _from.Write("tree/small", [1]);
        _from.WriteRandom("tree/larger", 2_000_000);
        Command.Check("touch", "-d", "@1", _from[removed]);
        var source = TreeListing.Of(_from.Folder, sync: false);
        Task<(TransferResult, List<TransferException>)> move = Task.Run(
            () => Move("tree", "new", request => request with { RateLimit = new RateLimiter(1_000_000), ThrottleLimit = 2 }));

        // With its time it is complete: a folder that vanishes earlier cannot be opened.
        Wait.Until(
            () => _to.Names is [string staging] && File.GetLastWriteTimeUtc(_to[$"{staging}/{removed}"]) == DateTime.UnixEpoch.AddSeconds(1),
            "nothing is copied",
            () => move.IsCompleted ? $"{move.Exception}" : null);
        Command.Check("rm", "-r", _to[$"{_to.Names[0]}/{removed}"]);
        TransferException error = await Assert.ThrowsAsync<TransferException>(() => move);

        Assert.Equal((TransferErrorId.DestinationChanged, _to["new"]), (error.Id, error.Target));
        Assert.Empty(_to.Names);
        source.AssertSame(TreeListing.Of(_from.Folder, sync: false), TreeAspects.Copied);
    }

    [Fact]
    public void A_folder_of_the_copy_that_is_removed_before_it_is_opened_is_named()
    {
        Directory.CreateDirectory(_from["tree/empty"]);
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host, new Fault("mkdirat", "delay_exit=1000000"));

        host.Begin(Request("tree", "new"));
        Wait.Until(() => _to.Names is [string staging] && Path.Exists(_to[$"{staging}/tree/empty"]), "nothing is copied", () => host.EndReport);
        Command.Check("rmdir", _to[$"{_to.Names[0]}/tree/empty"]);
        TreeAnswer answer = host.Finish();

        Assert.Equal("FolderChanged", answer.Error);
        Assert.True(Directory.Exists(_from["tree/empty"]));
        Assert.Empty(_to.Names);
    }

    [Fact]
    public void What_changed_or_appeared_after_the_copy_is_not_removed()
    {
        foreach (string folder in new[] { "tree/changed", "tree/grown", "tree/same" })
        {
            Directory.CreateDirectory(_from[folder]);
            _from.Write($"{folder}/file", [1]);
        }

        _from.Write("tree/hard", [1]);
        Posix.HardLink(_from, "tree/hard", "tree/second");
        TreeAnswer answer = MoveAndChange("tree", () =>
        {
            _from.Write("tree/changed/file", [2, 3]);
            _from.Write("tree/grown/new", [4]);
            File.CreateSymbolicLink(_from["tree/grown/link"], "file");
            Posix.HardLink(_from, "tree/hard", "tree/third");
        });

        Assert.Null(answer.Error);
        Assert.Equal(
            ["tree/changed/file", "tree/grown/link", "tree/grown/new", "tree/third"],
            answer.Errors.Select(error => Path.GetRelativePath(_from.Folder, error.Target)).Order(StringComparer.Ordinal));
        Assert.All(answer.Errors, error => Assert.Equal("SourceChanged", error.Id));
        Assert.Equal([2, 3], File.ReadAllBytes(_from["tree/changed/file"]));
        Assert.Equal([1], File.ReadAllBytes(_to["tree/changed/file"]));
        Assert.Equal(["changed", "grown", "third"], Directory.GetFileSystemEntries(_from["tree"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_file_that_changed_after_the_copy_is_not_moved()
    {
        _from.Write("file", [1]);

        TreeAnswer answer = MoveAndChange("file", () => _from.Write("file", [2, 3]));

        Assert.Equal("SourceChanged", answer.Error);
        Assert.Equal([2, 3], File.ReadAllBytes(_from["file"]));
        Assert.Empty(_to.Names);
    }

    [Fact]
    public void Another_file_with_the_size_and_time_of_the_copied_one_stays()
    {
        _from.Write("file", [1]);
        DateTime time = File.GetLastWriteTimeUtc(_from["file"]);

        TreeAnswer answer = MoveAndChange("file", () =>
        {
            _from.Write("other", [2]);
            File.SetLastWriteTimeUtc(_from["other"], time);
            File.Move(_from["other"], _from["file"], overwrite: true);
        });

        Assert.Equal("SourceChanged", answer.Error);
        Assert.Equal([2], File.ReadAllBytes(_from["file"]));
    }

    [Fact]
    public void A_hard_link_that_changed_between_its_names_is_not_removed()
    {
        Directory.CreateDirectory(_from["tree"]);
        _from.Write("tree/a", [1]);
        Posix.HardLink(_from, "tree/a", "tree/b");
        using TreeHostProcess host = TreeHostProcess.Shared();
        using (var attached = new AttachedFault(host, new Fault("linkat", "delay_exit=3000000", "1")))
        {
            host.Begin(Request("tree", _to.Folder) with { ThrottleLimit = 1 });
            Wait.Until(
                () => Directory.EnumerateFiles(_to.Folder, "*", SearchOption.AllDirectories).Any(), "nothing is copied", () => host.EndReport);
            _from.Write("tree/b", [2, 3]);
            TreeAnswer answer = host.Finish();

            Assert.True(answer.Error is not null || answer.Errors.Length > 0, answer.ToString());
        }

        Assert.Equal([2, 3], File.ReadAllBytes(_from["tree/a"]));
        Assert.Equal([2, 3], File.ReadAllBytes(_from["tree/b"]));
    }

    [Fact]
    public void A_source_that_may_not_be_removed_is_not_copied()
    {
        Command.RequireRoot();
        Make();
        Command.Check("chmod", "0755", _from.Folder);
        Command.Check("chmod", "0777", _to.Folder);
        using var host = new TreeHostProcess(TestHost.PlainUser);

        TreeAnswer answer = host.Move(Request("file", "new"));

        Assert.Equal("PermissionDenied", answer.Error);
        Assert.Contains("file", _from.Names);
        Assert.Empty(_to.Names);
    }

    [Fact]
    public void A_user_moves_read_only_folders_of_their_own()
    {
        Command.RequireRoot();
        Directory.CreateDirectory(_from["own/tree/inner"]);
        _from.Write("own/tree/inner/file", [1]);
        Command.Check("chmod", "0555", _from["own/tree/inner"], _from["own/tree"]);
        Command.Check("chown", "-R", "65534:65534", _from["own"]);
        Command.Check("chmod", "0755", _from.Folder);
        Command.Check("chmod", "0777", _to.Folder);
        using var host = new TreeHostProcess(TestHost.PlainUser);

        TreeAnswer answer = host.Move(Request("own/tree", "new"));

        Assert.True(answer.Succeeded, answer.ToString());
        Assert.Equal("555", Files.Metadata(_to["new"], "%a"));
        Assert.Equal("555", Files.Metadata(_to["new/inner"], "%a"));
        Assert.Empty(Directory.GetFileSystemEntries(_from["own"]));
    }

    [Fact]
    public void An_immutable_source_is_not_moved()
    {
        Command.Require("chattr");
        Directory.CreateDirectory(_to["tree"]);
        _to.Write("tree/file", [1]);
        Command.Check("chattr", "+i", _to["tree/file"], _to["tree"]);

        AssertRefused(TransferErrorId.PermissionDenied, _to["tree"], _from.Folder);
        Assert.Empty(_from.Names);
    }

    [Fact]
    public void What_a_killed_move_left_is_removed_by_the_next_and_what_another_builds_is_not()
    {
        Make();
        Directory.CreateDirectory(_to[".splice-0123456789abcdef.move/tree"]);
        _to.Write(".splice-0123456789abcdef.move/tree/file", [1]);
        Directory.CreateDirectory(_to[".splice-fedcba9876543210.move"]);
        Directory.CreateDirectory(_to[".splice-fedcba.move"]);
        _to.Write(".splice-0123456789abcdee.move", [1]);
        using SafeFileHandle locked = Posix.OpenRead(_to[".splice-fedcba9876543210.move"]);
        Assert.True(LibC.Lock(locked).Ok);

        Move("file", "new");

        Assert.Equal([".splice-0123456789abcdee.move", ".splice-fedcba.move", ".splice-fedcba9876543210.move", "new"], _to.Names);
    }

    [Fact]
    public void It_stops_with_the_source_whole()
    {
        Make();
        _from.WriteRandom("tree/large", 20_000_000);
        using var stop = new CancellationTokenSource();
        var source = TreeListing.Of(_from.Folder, sync: false);
        var monitor = new TreeMonitor(Progress: progress => { if (progress.BytesCopied > 0) { stop.Cancel(); } }, Cancellation: stop.Token);

        TransferException error = Assert.Throws<TransferException>(() =>
            ItemMove.Move(Request("tree", "new") with { RateLimit = new RateLimiter(5_000_000) }, monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Contains("unchanged", error.Problem, StringComparison.Ordinal);
        Assert.Empty(_to.Names);
        source.AssertSame(TreeListing.Of(_from.Folder, sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }

    [Fact]
    public void The_preview_tells_that_it_is_copied()
    {
        Make();

        Assert.Equal(new MovePreview(_to["tree"], Copies: true, Replaces: false), ItemMove.Preview(Request("tree", _to.Folder)));
        Assert.Empty(_to.Names);
    }

    /// <summary>Changes the source when the copy is complete, and before it is removed.</summary>
    private TreeAnswer MoveAndChange(string name, Action change)
    {
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host, new Fault("renameat2", "delay_exit=1000000", "2"));
        host.Begin(Request(name, _to.Folder));
        Wait.Until(() => _to.Names.Contains(name), "nothing is moved", () => host.EndReport);
        change();
        return host.Finish();
    }

    private void Make()
    {
        Directory.CreateDirectory(_from["tree/a/b"]);
        _from.WriteRandom("file", 100_000);
        _from.Write("empty", []);
        _from.WriteRandom("tree/a/file", 50_000, seed: 2);
        _from.Write("tree/a/b/file", [2]);
        File.CreateSymbolicLink(_from["link"], "tree/a/file");
        File.CreateSymbolicLink(_from["tree/link"], "../file");
        File.CreateSymbolicLink(_from["tree/dangling"], "nowhere");
        Posix.MakeFifo(_from["fifo"]);
        Posix.MakeFifo(_from["tree/fifo"]);
        Command.Check("chmod", "0640", _from["file"]);
        Command.Check("chmod", "2750", _from["tree/a"]);
        Command.Check("touch", "-h", "-d", "2001-02-03 04:05:06.123456789", _from["file"], _from["tree/a/file"], _from["tree/link"], _from["tree/a"], _from["tree"]);
    }

    private MoveRequest Request(string source, string destination) =>
        new() { Source = Path.Combine(_from.Folder, source), Destination = Path.Combine(_to.Folder, destination) };

    private (TransferResult Result, List<TransferException> Errors) Move(string source, string destination, Func<MoveRequest, MoveRequest>? with = null)
    {
        List<TransferException> errors = [];
        MoveRequest request = Request(source, destination);
        return (ItemMove.Move(with?.Invoke(request) ?? request, new TreeMonitor(Failed: errors.Add)), errors);
    }

    private void AssertRefused(TransferErrorId id, string source, string destination, Func<MoveRequest, MoveRequest>? with = null)
    {
        TreeListing[] before = [TreeListing.Of(_from.Folder, sync: false), TreeListing.Of(_to.Folder, sync: false)];

        TransferException error = Assert.Throws<TransferException>(() => Move(source, destination, with));

        Assert.True(id == error.Id, error.Message);
        const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.Allocation;
        before[0].AssertSame(TreeListing.Of(_from.Folder, sync: false), Aspects & ~(source.StartsWith('/') ? TreeAspects.ModificationTime : 0));
        before[1].AssertSame(TreeListing.Of(_to.Folder, sync: false), Aspects & ~TreeAspects.ModificationTime);
    }
}
