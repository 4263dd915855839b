using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>What the copy of a tree does for a synchronization.</summary>
public sealed class TreeSyncTests : IDisposable
{
    private readonly Workspace _folder = new();

    public TreeSyncTests()
    {
        Directory.CreateDirectory(_folder["s"]);
        Directory.CreateDirectory(_folder["d"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_content_of_the_source_goes_into_the_destination_itself()
    {
        Shell("mkdir s/a; echo 1 >s/a/f; echo 2 >s/g; echo old >d/g; touch -d @1 d/g");

        TransferResult first = Sync(new CollectingSync());
        TransferResult second = Sync(new CollectingSync());

        Assert.Equal("1\n", File.ReadAllText(_folder["d/a/f"]));
        Assert.Equal("2\n", File.ReadAllText(_folder["d/g"]));
        Assert.Equal((2, 1, 0), (first.FileCount, first.Updated, first.Unchanged));
        Assert.Equal((2, 0, 2), (second.FileCount, second.Updated, second.Unchanged));
    }

    [Fact]
    public void A_missing_destination_is_made()
    {
        Shell("echo 1 >s/f; rmdir d");

        Sync(new CollectingSync());

        Assert.Equal(["f"], Directory.GetFileSystemEntries(_folder["d"]).Select(Path.GetFileName));
    }

    [Fact]
    public void What_could_not_be_read_is_reported()
    {
        Shell("ln -s a s/a; echo 1 >s/f; mkdir d/a; touch d/a/x d/y");
        var sync = new CollectingSync();

        (TransferResult result, _) = TreeCopies.CopyWithErrors(Request(sync) with { FollowSymlink = true });

        Assert.Equal(1, result.Failed);
        Assert.Equal(_folder["s/a"], sync.Unreadable.Single().Target);
        Assert.True(File.Exists(_folder["d/f"]));
    }

    [Fact]
    public void A_folder_replaces_a_file_and_a_link_that_is_not_followed()
    {
        Shell("mkdir -p s/l s/g out; echo 1 >s/l/f; echo 2 >s/g/f; echo k >out/k; ln -s ../out d/l; echo file >d/g");

        Sync(new CollectingSync());

        Assert.Equal(["k"], Directory.GetFileSystemEntries(_folder["out"]).Select(Path.GetFileName));
        Assert.Null(new FileInfo(_folder["d/l"]).LinkTarget);
        Assert.Equal("1\n", File.ReadAllText(_folder["d/l/f"]));
        Assert.Equal("2\n", File.ReadAllText(_folder["d/g/f"]));
        Assert.Equal(["g", "l"], Directory.GetFileSystemEntries(_folder["d"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("echo 1 >s/x")]
    [InlineData("ln -s nowhere s/x")]
    [InlineData("mkfifo s/x")]
    public void A_file_or_link_replaces_a_folder_with_entries_only_where_that_is_permitted(string make)
    {
        Shell($"{make}; mkdir d/x d/e; touch d/x/y; cp -a s/x s/e");

        (TransferResult kept, List<TransferException> errors) = TreeCopies.CopyWithErrors(Request(new CollectingSync()));
        Assert.Equal((1, 1), (kept.Failed, errors.Count));
        Assert.True(File.Exists(_folder["d/x/y"]));
        Assert.False(Directory.Exists(_folder["d/e"]), "an empty folder gives way");

        TransferResult replaced = Sync(new CollectingSync { Removes = true });
        Assert.Equal((1, 1), (replaced.Updated, replaced.Unchanged));
        Assert.False(Directory.Exists(_folder["d/x"]));
        Assert.Equal(["e", "x"], Directory.GetFileSystemEntries(_folder["d"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_in_the_way_is_back_if_what_replaces_it_fails()
    {
        Shell("head -c 2M /dev/urandom >s/x; mkdir d/x; touch d/x/y");
        using var mount = Mount.Memory("tmpfs", "size=1M");
        Shell($"mkdir '{mount.Folder}/x'; touch '{mount.Folder}/x/y'");
        TreeRequest request = Request(new CollectingSync { Removes = true });

        (TransferResult result, List<TransferException> errors) =
            TreeCopies.CopyWithErrors(request with { Copy = request.Copy with { Destination = mount.Folder } });

        Assert.Equal(1, result.Failed);
        Assert.Equal(TransferErrorId.DiskFull, errors.Single().Id);
        Assert.True(File.Exists(Path.Combine(mount.Folder, "x/y")));
        Assert.Single(Directory.GetFileSystemEntries(mount.Folder));
    }

    [Fact]
    public void A_folder_in_the_way_is_not_taken_for_one_that_was_left()
    {
        Shell("head -c 4M /dev/urandom >s/x; mkdir d/x; touch d/x/y");
        using SafeFileHandle folder = Posix.OpenRead(_folder["d"]);
        using var stop = new CancellationTokenSource();
        bool isMovedAside = false;
        var monitor = new TreeMonitor(
            Progress: progress =>
            {
                if (progress.BytesCopied > 0 && !stop.IsCancellationRequested)
                {
                    isMovedAside = !Directory.Exists(_folder["d/x"]);
                    TemporaryFolders.RemoveLeft(folder, _folder["d"], TemporaryNames.IsTemporary, CancellationToken.None);
                    stop.Cancel();
                }
            },
            Cancellation: stop.Token);
        TreeRequest request = Request(new CollectingSync { Removes = true });

        TransferException error = Assert.Throws<TransferException>(
            () => TreeCopy.Copy(request with { Copy = request.Copy with { RateLimit = new RateLimiter(1_000_000) } }, monitor));

        Assert.Equal((TransferErrorId.Cancelled, true), (error.Id, isMovedAside));
        Assert.Equal("d d/x d/x/y", Shell("find d | sort").ReplaceLineEndings(" "));
    }

    [Theory]
    [InlineData("ln -s nowhere s/x")]
    [InlineData("mkfifo s/x")]
    public void Stopped_it_leaves_no_folder_under_a_hidden_name(string make)
    {
        Shell($"{make}; mkdir d/x; touch d/x/y");
        using var stop = new CancellationTokenSource();
        TreeRequest request = Request(new CollectingSync { Removes = true, Met = stop.Cancel }) with { PerFile = true };

        TransferException error = Assert.Throws<TransferException>(() => TreeCopy.Copy(request, new TreeMonitor(Cancellation: stop.Token)));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Equal([_folder["d/x"]], Directory.GetFileSystemEntries(_folder["d"]));
    }

    [Fact]
    public void Stopped_it_leaves_a_folder_read_only_that_was()
    {
        Command.RequireRoot();
        Shell("chmod 755 .; mkdir s/r d/r; for i in $(seq 40); do head -c 1000 /dev/urandom >s/r/$i; done; chmod 555 s/r d/r; chown -R 65534:65534 .");
        using var stop = new CancellationTokenSource();
        string? opened = null;
        var monitor = new TreeMonitor(
            FileCopied: _ =>
            {
                opened ??= Shell("stat -c %a d/r");
                stop.Cancel();
            },
            Cancellation: stop.Token);
        TreeRequest request = Request(new CollectingSync()) with { PerFile = true, ThrottleLimit = 1 };

        // Slow enough not to be done before it is stopped.
        request = request with { Copy = request.Copy with { RateLimit = new RateLimiter(20_000) } };
        Exception? error = null;
        var user = new Thread(() =>
        {
            _ = setfsuid(65534);
            error = Record.Exception(() => TreeCopy.Copy(request, monitor));
        });
        user.Start();
        user.Join();

        Assert.Equal(TransferErrorId.Cancelled, Assert.IsType<TransferException>(error).Id);
        Assert.Equal(("755", "555"), (opened, Shell("stat -c %a d/r")));
    }

    [Fact]
    public void Hard_links_of_the_source_are_links_of_a_new_file()
    {
        Shell("echo 1 >s/a; ln s/a s/b; mkdir out; echo old >out/k; ln out/k d/a");

        Sync(new CollectingSync());
        TransferResult second = Sync(new CollectingSync());

        Assert.Equal("old\n", File.ReadAllText(_folder["out/k"]));
        Assert.Equal("1\n", File.ReadAllText(_folder["d/b"]));
        Assert.Equal("1 2 1", Shell("stat -c %h out/k d/a; test d/a -ef d/b && echo 1").ReplaceLineEndings(" "));
        Assert.Equal((2, 2), (second.FileCount, second.Unchanged));
    }

    [Fact]
    public void A_name_that_should_be_a_hard_link_becomes_one()
    {
        Shell("echo 1 >s/a; ln s/a s/b; cp -p s/a d/a; cp -p s/a d/b");

        TransferResult result = Sync(new CollectingSync());

        Assert.Equal((1, 1), (result.Unchanged, result.Updated));
        Assert.Equal("1", Shell("test d/a -ef d/b && echo 1"));
    }

    [Fact]
    public void Metadata_are_set_where_they_differ_and_only_there()
    {
        Shell("""
            mkdir s/p; echo 1 >s/p/mode; echo 2 >s/p/owner; echo 3 >s/p/xattr; echo 4 >s/p/same; ln -s x s/p/link; cp -a s/. d
            chmod 600 d/p/mode; setfattr -n user.old -v 1 d/p/xattr; setfattr -n user.new -v 2 s/p/xattr; chmod 700 d/p
            touch -hd @5 d/p/link; [ $(id -u) != 0 ] || chown 1:1 d/p/owner
            """);
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        List<TransferResult> results = [];

        TransferResult first = Sync(new CollectingSync(), results: results);
        TransferResult second = Sync(new CollectingSync());

        Assert.Equal(
            ["link: time differs", "mode: mode differs", "owner: owner differs", "same: ", "xattr: extended attributes differ"],
            results.Select(result => $"{Path.GetFileName(result.Destination)}: {result.Reason}").Order(StringComparer.Ordinal));
        Assert.Equal((4, 1), (first.Updated, first.Unchanged));
        Assert.Equal((0, 5), (second.Updated, second.Unchanged));
        Assert.Equal(Shell("cd s; stat -c '%n %a %u %y' p p/*; getfattr -d p/xattr"), Shell("cd d; stat -c '%n %a %u %y' p p/*; getfattr -d p/xattr"));
    }

    [Fact]
    public void Only_existing_entries_are_updated_where_that_is_wanted()
    {
        Shell("mkdir s/new s/old d/old; touch s/new/x; echo 1 >s/f; echo 2 >s/g; echo 3 >s/old/g; echo old >d/f");
        List<TransferResult> results = [];

        TransferResult result = Sync(new CollectingSync { IsExistingOnly = true }, results: results);

        Assert.Equal((1, 2), (result.Updated, result.Skipped));
        Assert.Equal("d d/f d/old", Shell("find d | sort").ReplaceLineEndings(" "));
        Assert.Equal("missing in the destination", results.First(entry => entry.Status == ItemStatus.Skipped).Reason);
    }

    [Fact]
    public void Existing_entries_are_skipped_where_nothing_may_be_replaced()
    {
        Shell("echo 1 >s/f; echo 2 >s/g; echo old >d/f");
        TreeRequest request = Request(new CollectingSync());

        TransferResult result = TreeCopies.Copy(request with { Copy = request.Copy with { NoClobber = true } });

        Assert.Equal((1, 1), (result.FileCount, result.Skipped));
        Assert.Equal("old\n", File.ReadAllText(_folder["d/f"]));
    }

    [Fact]
    public void Two_sources_with_one_name_are_an_error()
    {
        using var mount = Mount.Image("vfat", 4 << 20);
        Shell("echo 1 >s/a; echo 22 >s/A; mkdir s/d s/D; touch s/d/x s/D/x");
        TreeRequest request = Request(new CollectingSync());

        (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(request with
        {
            Copy = request.Copy with { Destination = mount.Folder, Preserve = PreserveAttributes.Timestamps, CreatedFiles = new CreatedFiles() },
        });

        Assert.Equal(2, result.Failed);
        Assert.All(errors, error => Assert.Equal(TransferErrorId.DestinationExists, error.Id));
    }

    private TreeRequest Request(CollectingSync sync, PathFilter? filter = null)
    {
        TreeRequest request = TreeCopies.Request(_folder["s"], _folder["d"]);
        return request with { Copy = request.Copy with { Update = UpdateMode.Changed }, Sync = sync, Filter = filter };
    }

    private TransferResult Sync(CollectingSync sync, PathFilter? filter = null, List<TransferResult>? results = null)
    {
        List<TransferException> errors = [];
        TransferResult result = TreeCopy.Copy(
            Request(sync, filter) with { PerFile = results is not null }, new TreeMonitor(FileCopied: item => results?.Add(item), Failed: errors.Add));
        Assert.Empty(errors);
        return result;
    }

    [DllImport("libc")]
    private static extern int setfsuid(uint user);

    private string Shell(string script) => Command.Check("sh", "-ec", $"cd '{_folder.Folder}'; {script}");
}
