using Xunit;

namespace Splice.Tests.Sync;

/// <summary>What a synchronization adds and updates, and what it leaves alone.</summary>
public sealed class SyncUpdateTests(MountedFileSystems fileSystems) : IDisposable
{
    private readonly SyncFolders _folders = new();

    public void Dispose() => _folders.Dispose();

    [Fact]
    public void A_second_run_changes_nothing_and_says_so()
    {
        _folders.Shell("mkdir -p s/a/empty d/old; echo 1 >s/a/f; ln -s f s/a/l; ln s/a/f s/h; touch d/old/x");

        TransferResult first = SyncFolders.Complete(_folders.Mirror);
        var before = TreeListing.Of(_folders["d"], sync: false);
        TransferResult second = SyncFolders.Complete(_folders.Mirror);

        Assert.Equal((3, 0, 2), (first.FileCount - first.Unchanged - first.Skipped, first.Unchanged, first.Removed));
        Assert.Equal((0, 3, 0, 0), (second.Updated, second.Unchanged, second.Removed, second.BytesCopied));
        before.AssertSame(TreeListing.Of(_folders["d"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }

    [Fact]
    public void Row_3_where_the_source_cannot_be_read_nothing_is_removed()
    {
        Command.RequireRoot();
        _folders.Shell("chmod 755 .; mkdir -p s/a d/a; echo 1 >s/f; chmod 0 s/a; touch d/a/x d/y; chown -R 65534:65534 .");
        using TreeHostProcess user = TreeHostProcess.Shared(TestHost.PlainUser);

        TreeAnswer answer = user.Sync(_folders.Mirror);

        Assert.Equal("PermissionDenied", Assert.Single(answer.Errors).Id);
        Assert.True(answer.RemovalSkipped, answer.ToString());
        Assert.Equal(0, answer.Removed);
        Assert.Contains(answer.Warnings, warning => warning.StartsWith("No extra items were removed", StringComparison.Ordinal));
        Assert.Equal("a a/x f y", _folders.Paths("d"));
    }

    [Theory]
    [InlineData("chmod 444 s/a")]
    [InlineData("chmod 0 s/a/f")]
    public void Row_3_also_where_it_is_less_than_a_folder(string change)
    {
        Command.RequireRoot();
        _folders.Shell($"chmod 755 .; mkdir -p s/a d/a; touch s/a/f s/g d/a/x d/y; {change}; chown -R 65534:65534 .");
        using TreeHostProcess user = TreeHostProcess.Shared(TestHost.PlainUser);

        TreeAnswer answer = user.Sync(_folders.Mirror);

        Assert.NotEmpty(answer.Errors);
        Assert.True(answer.RemovalSkipped, answer.ToString());
        Assert.Equal("a a/x g y", _folders.Paths("d"));
    }

    [Fact]
    public void Row_3_after_a_full_disk_nothing_is_removed()
    {
        Command.RequireRoot();
        _folders.Shell("mkdir s d; head -c 2M /dev/urandom >s/large; mount -t tmpfs -o size=1M t d; touch d/x");
        try
        {
            SyncOutcome outcome = SyncFolders.Run(_folders.Mirror);

            Assert.Equal(TransferErrorId.DiskFull, Assert.Single(outcome.Errors).Id);
            Assert.True(outcome.Result!.RemovalSkipped);
            Assert.Equal("x", _folders.Paths("d"));
        }
        finally
        {
            Mount.Unmount(_folders["d"]);
        }
    }

    [Fact]
    public void Row_7_and_12_the_same_size_and_time_are_trusted_unless_contents_are_compared()
    {
        _folders.Shell("mkdir s d; echo aaa >s/f; echo bbb >d/f; touch -d @1000000000 s/f d/f");

        Assert.Equal(1, SyncFolders.Complete(_folders.Request).Unchanged);
        Assert.Equal("bbb", _folders.Shell("cat d/f"));
        Assert.Equal(1, SyncFolders.Complete(By(UpdateMode.Content)).Updated);
        Assert.Equal("aaa", _folders.Shell("cat d/f"));
    }

    [Fact]
    public void Row_11_a_nanosecond_is_a_difference()
    {
        _folders.Shell("mkdir s d; echo aaa >s/f; echo bbb >d/f; touch -d @1000000000 s/f; touch -d @1000000000.9 d/f");

        Assert.Equal(1, SyncFolders.Complete(_folders.Request).Updated);
        Assert.Equal("aaa", _folders.Shell("cat d/f"));
    }

    [Fact]
    public void Row_10_times_within_the_tolerance_are_the_same()
    {
        _folders.Shell("mkdir s d; echo aaa >s/f; echo bbb >d/f; touch -d @1000000000 s/f; touch -d @1000003600 d/f");

        SyncRequest request = _folders.Request;
        request = request with { Tree = request.Tree with { Copy = request.Tree.Copy with { TimeTolerance = TimeSpan.FromHours(1) } } };
        Assert.Equal(1, SyncFolders.Complete(request).Unchanged);
        Assert.Equal(1, SyncFolders.Complete(_folders.Request).Updated);
    }

    [Theory]
    [InlineData("128", 0)]
    [InlineData("256", 0)]
    public void Row_10_on_coarse_inodes_nothing_is_copied_forever(string inodeSize, int changed)
    {
        using var mount = Mount.Image("ext4", 16 << 20, "-q", "-I", inodeSize);
        _folders.Shell("mkdir s; echo 1 >s/f; mkdir s/a; ln -s x s/a/l; touch -hd @1000000000.123456789 s/a/l s/a s/f");
        SyncRequest request = _folders.Request;
        request = request with { Tree = request.Tree with { Copy = request.Tree.Copy with { Destination = $"{mount.Folder}/d" } } };

        SyncFolders.Complete(request);

        Assert.Equal(changed, SyncFolders.Complete(request).Updated);
    }

    [Fact]
    public void Row_13_an_older_source_replaces_a_newer_destination()
    {
        _folders.Shell("mkdir s d; echo old >s/f; echo new >d/f; touch -d @1000000000 s/f; touch -d @4000000000 d/f");

        Assert.Equal(1, SyncFolders.Complete(_folders.Request).Updated);
        Assert.Equal("old", _folders.Shell("cat d/f"));
    }

    [Fact]
    public void Row_14_hard_links_get_a_new_inode_and_other_names_keep_the_old()
    {
        _folders.Shell("mkdir s d out; echo 1 >s/a; ln s/a s/b; echo old >out/k; ln out/k d/a");

        SyncFolders.Complete(_folders.Request);

        Assert.Equal("1 1 old", _folders.Shell("echo $(cat d/a) $(cat d/b) $(cat out/k)"));
        Assert.Equal(_folders.Shell("stat -c %i d/a"), _folders.Shell("stat -c %i d/b"));
        Assert.Equal(2, SyncFolders.Complete(_folders.Request).Unchanged);
    }

    [Fact]
    public void Row_14_metadata_of_one_name_do_not_change_the_other_names()
    {
        _folders.Shell("mkdir s d out; for i in a b; do mkfifo s/$i; done; echo 1 >s/f; cp -a s/f d/f; ln d/f out/k; mkfifo d/a; ln d/a d/b");
        _folders.Shell("touch -d @1 s/a; touch -d @2 s/b; chmod 600 s/a; chmod 640 s/b s/f");
        SyncRequest request = _folders.Request;
        request = request with { Tree = request.Tree with { Copy = request.Tree.Copy with { Preserve = PreserveAttributes.All } } };

        SyncFolders.Complete(request);

        Assert.Equal("600\n640\n640\n644", _folders.Shell("stat -c %a d/a d/b d/f out/k"));
        Assert.Equal(3, SyncFolders.Complete(request).Unchanged);
    }

    [Fact]
    public void A_link_replaces_what_it_would_lead_to_only_if_that_is_an_old_copy()
    {
        _folders.Shell("mkdir s d; ln -s x s/x; echo old >d/x; ln -s ../d/y s/y; echo keep >d/y");

        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror);

        Assert.Equal(_folders["d/y"], Assert.Single(outcome.Errors, error => error.Id == TransferErrorId.SameFile).Target);
        Assert.Equal("x keep", _folders.Shell("echo $(readlink d/x) $(cat d/y)"));
    }

    [Fact]
    public void Row_18_a_read_only_folder_is_filled_and_updated_by_its_owner()
    {
        Command.RequireRoot();
        _folders.Shell("chmod 755 .; mkdir -p s/r; echo 1 >s/r/f; chmod 555 s/r; touch -d @1000000000 s/r s; chown -R 65534:65534 .");
        using TreeHostProcess user = TreeHostProcess.Shared(TestHost.PlainUser);

        Assert.True(user.Sync(_folders.Mirror) is { Succeeded: true } first, "the first run failed");
        Assert.Equal("555 1000000000\n755 1000000000", _folders.Shell("stat -c '%a %Y' d/r d"));
        TreeAnswer second = user.Sync(_folders.Mirror);
        Assert.True(second is { Succeeded: true, Updated: 0, Removed: 0, Unchanged: 1 }, second.ToString());

        // A file is replaced and another one removed in it.
        _folders.Shell("chmod 755 s/r d/r; echo 22 >s/r/f; touch d/r/x; chown 65534:65534 s/r/f d/r/x; chmod 555 s/r d/r; touch -d @1000000000 s/r");
        TreeAnswer third = user.Sync(_folders.Mirror);
        Assert.True(third is { Succeeded: true, Updated: 1, Removed: 1 }, third.ToString());
        Assert.Equal("555 1000000000 22", _folders.Shell("echo $(stat -c '%a %Y' d/r) $(cat d/r/f)"));
    }

    [Fact]
    public void Row_23_a_dry_run_lists_what_the_run_does_and_touches_nothing()
    {
        _folders.Shell("""
            mkdir -p s/new/deep s/same d/same d/old/deep s/f2d d/d2f; echo 1 >s/new/deep/f; echo 1 >s/same/f; cp -p s/same/f d/same/f
            echo 1 >s/changed; echo 22 >d/changed; ln -s a s/link; ln -s b d/link; touch d/old/deep/x d/old/y d/z d/d2f/x d/f2d; echo 1 >s/d2f; echo 1 >s/f2d/f
            """);
        var before = TreeListing.Of(_folders.Folder, sync: false);
        SyncRequest request = _folders.Mirror;

        SyncOutcome planned = SyncFolders.Run(request with { Tree = request.Tree with { IsDryRun = true } });
        before.AssertSame(TreeListing.Of(_folders.Folder, sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
        SyncOutcome done = SyncFolders.Run(request);

        Assert.Empty(done.Errors);
        Assert.Equal(done.Changes(_folders["d"]), planned.Changes(_folders["d"]));
        Assert.Equal(
            (done.Result!.Updated, done.Result.Unchanged, done.Result.Skipped, done.Result.FileCount, done.Result.DirectoryCount, done.Result.Removed),
            (planned.Result!.Updated, planned.Result.Unchanged, planned.Result.Skipped, planned.Result.FileCount, planned.Result.DirectoryCount, planned.Result.Removed));
    }

    [Fact]
    public void Row_28_files_that_vanish_are_warnings_and_a_count()
    {
        const int Count = 1800; // all names come with one call, and there are more than reports that may wait
        _folders.Shell($"mkdir s d; cd s; seq {Count} | xargs touch; touch ../d/x");
        SyncRequest request = _folders.Mirror;
        SyncOutcome outcome = new();
        bool isFirst = true;

        outcome.Result = TreeSync.Sync(request with { Tree = request.Tree with { ThrottleLimit = 1 } }, new TreeMonitor(
            _ =>
            {
                if (isFirst)
                {
                    isFirst = false;
                    _folders.Shell("rm -r s/*");
                }
            },
            outcome.Errors.Add,
            outcome.Warnings.Add));

        Assert.Empty(outcome.Errors);
        Assert.InRange(outcome.Result.Vanished, 1, Count);
        Assert.Equal(outcome.Result.Vanished, outcome.Warnings.Count(warning => warning.Contains("vanished", StringComparison.Ordinal)));
        Assert.Equal((Count - outcome.Result.Vanished, 1, false), (outcome.Result.FileCount, outcome.Result.Removed, outcome.Result.RemovalSkipped));
    }

    [Fact]
    public void Only_existing_items_are_updated_and_none_are_with_no_clobber()
    {
        _folders.Shell("mkdir -p s/a s/b d/a; echo 1 >s/a/f; echo 1 >s/a/g; echo 1 >s/b/f; echo 22 >d/a/f");

        SyncOutcome existing = SyncFolders.Run(_folders.Request with { ExistingOnly = true });
        Assert.Equal("Skipped:a/g Updated:a/f", existing.Changes(_folders["d"]));
        Assert.Equal("a a/f", _folders.Paths("d"));

        _folders.Shell("echo 333 >s/a/f");
        SyncRequest request = _folders.Request;
        SyncOutcome added = SyncFolders.Run(request with { Tree = request.Tree with { Copy = request.Tree.Copy with { NoClobber = true } } });
        Assert.Equal("Copied:a/g Copied:b/f Skipped:a/f", added.Changes(_folders["d"]));
        Assert.Equal("1", _folders.Shell("cat d/a/f"));
    }

    [Fact]
    public void A_mount_in_the_source_is_left_out_on_request_with_what_the_destination_has_there()
    {
        Command.RequireRoot();
        _folders.Shell("mkdir -p s/m d/m; echo 1 >s/f; touch d/m/x; mount -t tmpfs t s/m; touch s/m/k");
        try
        {
            SyncRequest request = _folders.Mirror;
            SyncFolders.Complete(request with { Tree = request.Tree with { OneFileSystem = true } });
            Assert.Equal("f m m/x", _folders.Paths("d"));
            Assert.Equal(1, SyncFolders.Complete(request).Removed);
            Assert.Equal("f m m/k", _folders.Paths("d"));
        }
        finally
        {
            Mount.Unmount(_folders["s/m"]);
        }
    }

    [Fact]
    public void A_subvolume_in_the_source_is_left_out_like_a_mount()
    {
        Command.Require("btrfs");
        using var folders = new SyncFolders(fileSystems.NewFolder(FileSystem.Btrfs));
        folders.Shell("mkdir -p s d/volume/inner; btrfs -q subvolume create s/volume; mkdir s/volume/inner; touch s/f s/volume/a d/volume/b d/volume/inner/c");
        SyncRequest request = folders.Mirror;
        try
        {
            SyncFolders.Complete(request with { Tree = request.Tree with { OneFileSystem = true } });
            Assert.Equal("f volume volume/b volume/inner volume/inner/c", folders.Paths("d"));
            SyncFolders.Complete(request);
            Assert.Equal("f volume volume/a volume/inner", folders.Paths("d"));
        }
        finally
        {
            folders.Shell("btrfs -q subvolume delete s/volume");
        }
    }

    [Fact]
    public void A_read_only_folder_is_written_by_several_workers_at_once()
    {
        // The workers share the folder before they reach what is missing, and all find it read-only before one of them changes that.
        Command.RequireRoot();
        string unreadable = _folders.Shell("""
            chmod 755 . && mkdir -p s/r d/r && cd s/r && seq 400 | xargs touch -d @1000000000
            ls -U | awk 'NR <= 200 || NR % 2' | xargs cp -p -t ../../d/r
            ls -U | tail -n 1 | xargs chmod 000
            ls -U | tail -n 1
            cd ../.. && chmod 555 d/r && chown -R 65534:65534 .
            """).Trim();
        using TreeHostProcess user = TreeHostProcess.Shared(TestHost.PlainUser);
        using var attached = new AttachedFault(user, new Fault("fchmod", "delay_enter=500000", "1"));
        SyncRequest request = _folders.Request;

        TreeAnswer answer = user.Sync(request with { Tree = request.Tree with { ThrottleLimit = 8 } });

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("PermissionDenied", _folders[$"s/r/{unreadable}"]), (error.Id, error.Target));
        Assert.Equal((399, 300), (answer.FileCount, answer.Unchanged));
    }

    [Fact]
    public void Cancellation_stops_it_before_anything_is_removed()
    {
        _folders.Shell("mkdir s d; touch s/f d/x");
        using var stop = new CancellationTokenSource();
        stop.Cancel();

        TransferException stopped = Assert.Throws<TransferException>(
            () => TreeSync.Sync(_folders.Mirror, new TreeMonitor(Cancellation: stop.Token)));

        Assert.Equal(TransferErrorId.Cancelled, stopped.Id);
        Assert.Equal("x", _folders.Paths("d"));
    }

    private SyncRequest By(UpdateMode update)
    {
        SyncRequest request = _folders.Request;
        return request with { Tree = request.Tree with { Copy = request.Tree.Copy with { Update = update } } };
    }
}
