using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Trees of which only some files are copied: those that changed, or that a filter selects.</summary>
public sealed class TreeUpdateTests : IDisposable
{
    private readonly Workspace _folder = new();

    public TreeUpdateTests() => Shell("mkdir s d");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(UpdateMode.Changed, "aaa", "kept", "aaa", "aaa")]
    [InlineData(UpdateMode.Newer, "aaa", "kept", "bbb", "aaa")]
    [InlineData(UpdateMode.Size, "bbb", "kept", "bbb", "bbb")]
    [InlineData(UpdateMode.Content, "aaa", "aaaa", "aaa", "aaa")]
    [InlineData(UpdateMode.Always, "aaa", "aaaa", "aaa", "aaa")]
    public void Only_what_is_not_up_to_date_is_replaced(UpdateMode update, string older, string same, string newer, string fraction)
    {
        Shell("""
            for f in older newer fraction; do printf aaa >s/$f; printf bbb >d/$f; done; printf aaaa >s/same; printf kept >d/same; echo 1 >s/missing
            touch -d @1000000000 s/* d/*; touch -d @999999999 d/older; touch -d @1000000001 d/newer; touch -d @999999999.9 d/fraction
            """);

        TransferResult result = Copy(update);

        Assert.Equal((older, same, newer, fraction), (Read("older"), Read("same"), Read("newer"), Read("fraction")));
        Assert.Equal(5, result.FileCount + result.Skipped);
        Assert.True(File.Exists(_folder["d/missing"]));
    }

    [Fact]
    public void Equal_content_gets_the_times_of_its_source_and_no_other_inode()
    {
        Shell("printf aaa >s/f; printf aaa >d/f; touch -d @5 s/f");
        string before = Shell("stat -c %i d/f");

        TransferResult result = Copy(UpdateMode.Content);

        Assert.Equal((1, 0L), (result.Updated, result.BytesCopied));
        Assert.Equal($"{before} 5", Shell("stat -c '%i %Y' d/f"));
    }

    [Fact]
    public void What_gets_only_metadata_is_not_verified()
    {
        Shell("echo 1 >s/f; cp -p s/f d/f; chmod 600 s/f");

        TransferResult changed = Copy(UpdateMode.Changed, request => request with { Copy = request.Copy with { Verify = true } });
        Shell("chmod 640 s/f");
        TransferResult content = Copy(UpdateMode.Content, request => request with { Copy = request.Copy with { Verify = true } });

        Assert.Equal((1, 0L, false), (changed.Updated, changed.BytesCopied, changed.Verified));
        Assert.Equal((1, 0L, true), (content.Updated, content.BytesCopied, content.Verified));
    }

    [Fact]
    public void What_is_left_as_it_is_is_not_flushed()
    {
        Shell("echo 1 >s/f; echo 2 >s/g");
        TransferResult Flush() => Copy(UpdateMode.Changed, request => request with { Copy = request.Copy with { Flush = true } });

        Assert.True(Flush().Flushed);
        Assert.False(Flush().Flushed);
        Shell("chmod 600 s/f s/g");
        Assert.True(Flush().Flushed);
    }

    [Fact]
    public void Where_a_file_is_skipped_not_all_is_verified_and_flushed()
    {
        Shell("echo 1 >s/f; echo 2 >s/g; echo newer >d/f; touch -d @5 s/f");

        TransferResult result = Copy(UpdateMode.Newer, request => request with { Copy = request.Copy with { Verify = true, Flush = true } });

        Assert.Equal((1, 1, false, false), (result.FileCount, result.Skipped, result.Verified, result.Flushed));
    }

    [Fact]
    public void A_second_run_leaves_everything()
    {
        Shell("mkdir s/a; echo 1 >s/a/f; echo 2 >s/g; ln s/g s/h; ln -s g s/l; mkfifo s/p");
        Copy(UpdateMode.Changed);
        string before = Shell("cd d; stat -c '%n %i %z' . a a/* *");

        TransferResult result = Copy(UpdateMode.Changed);

        Assert.Equal((5, 5, 0), (result.FileCount, result.Unchanged, result.Updated));
        Assert.Equal(before, Shell("cd d; stat -c '%n %i %z' . a a/* *"));
    }

    [Fact]
    public void In_a_new_folder_nothing_is_queried_twice()
    {
        Shell("mkdir s/a; for i in $(seq 50); do echo $i >s/a/$i; done");
        long all = Copy(UpdateMode.Always).SystemCalls;
        Shell("rm -r d; mkdir d");

        Assert.Equal(all, Copy(UpdateMode.Changed).SystemCalls);
    }

    [Fact]
    public void Links_are_replaced_where_their_targets_differ()
    {
        Shell("ln -s one s/a; ln -s two s/b; ln -s one d/a; ln -s other d/b; touch -h -d @5 s/* d/*");

        TransferResult result = Copy(UpdateMode.Changed);

        Assert.Equal((1, 1), (result.Unchanged, result.Updated));
        Assert.Equal("two", new FileInfo(_folder["d/b"]).LinkTarget);
    }

    [Fact]
    public void A_tolerance_makes_times_the_same()
    {
        Shell("printf aaa >s/f; printf bbb >d/f; touch -d @1000 s/f; touch -d @1002 d/f");

        TransferResult tolerant = Copy(UpdateMode.Changed, request => request with { Copy = request.Copy with { TimeTolerance = TimeSpan.FromSeconds(2) } });
        TransferResult strict = Copy(UpdateMode.Changed, request => request with { Copy = request.Copy with { TimeTolerance = TimeSpan.FromSeconds(1) } });

        Assert.Equal((1, 0, 0, 1), (tolerant.Unchanged, tolerant.Updated, strict.Unchanged, strict.Updated));
    }

    [Fact]
    public void Whole_seconds_of_the_destination_are_not_copied_for_ever()
    {
        using var mount = Mount.Image("ext4", 8 << 20, "-q", "-F", "-I", "128");
        Shell("echo 1 >s/f; touch -d @1000000000.5 s/f");
        TreeRequest Into(TreeRequest request) => request with { Copy = request.Copy with { Destination = Path.Combine(mount.Folder, "copy") } };

        TreeCopies.Copy(Into(Request(UpdateMode.Changed)));
        TreeRequest again = Into(Request(UpdateMode.Changed));
        TransferResult second = TreeCopies.Copy(again with { Copy = again.Copy with { Source = _folder["s/."] } });
        Shell("echo 2 >s/f; touch -d @1000000001.5 s/f");
        TransferResult changed = TreeCopies.Copy(again with { Copy = again.Copy with { Source = _folder["s/."] } });

        Assert.Equal((1, 0), (second.Unchanged, second.Updated));
        Assert.Equal((0, 1), (changed.Unchanged, changed.Updated));
    }

    [Fact]
    public void Names_that_become_hard_links_keep_what_else_has_the_old_file()
    {
        Shell("echo 1 >s/a; ln s/a s/b; mkdir out; echo old >out/k; ln out/k d/a");

        Copy(UpdateMode.Changed);

        Assert.Equal("old", Shell("cat out/k"));
        Assert.Equal("1", Shell("test d/a -ef d/b && cat d/b"));
    }

    [Fact]
    public void Excluded_folders_are_not_entered_and_empty_ones_not_left()
    {
        Shell("mkdir -p s/node_modules/x s/src/deep s/img s/docs/sub; touch s/node_modules/x/a.css s/src/a.css s/src/deep/b.js s/img/c.png s/docs/sub/d.txt s/e.css");

        TransferResult excluded = Copy(UpdateMode.Always, request => request with { Filter = new PathFilter(["node_modules/", "/img"], []) });
        Assert.Equal("d d/docs d/docs/sub d/docs/sub/d.txt d/e.css d/src d/src/a.css d/src/deep d/src/deep/b.js", Listing());
        Assert.Equal((4, 5), (excluded.FileCount, excluded.DirectoryCount));

        Shell("rm -r d; mkdir d");
        TransferResult included = Copy(UpdateMode.Always, request => request with { Filter = new PathFilter(["node_modules"], ["*.css", "docs/"]) });
        Assert.Equal("d d/docs d/docs/sub d/docs/sub/d.txt d/e.css d/src d/src/a.css", Listing());
        Assert.Equal((3, 4), (included.FileCount, included.DirectoryCount));
    }

    [Fact]
    public void A_mount_point_is_copied_as_an_empty_folder()
    {
        Shell("mkdir s/m s/n; touch s/n/x");
        using var mount = Mount.Memory("tmpfs", "size=1M");
        Shell($"touch '{mount.Folder}/inside'; mount --bind '{mount.Folder}' s/m; mount --bind s/n s/n");
        try
        {
            Copy(UpdateMode.Always, request => request with { OneFileSystem = true });
            Assert.Equal("d d/m d/n", Listing());
            Copy(UpdateMode.Always);
            Assert.Equal("d d/m d/m/inside d/n d/n/x", Listing());
        }
        finally
        {
            Mount.Unmount(_folder["s/m"]);
            Mount.Unmount(_folder["s/n"]);
        }
    }

    [Theory]
    [InlineData(UpdateMode.Always, false)]
    [InlineData(UpdateMode.Changed, false)]
    [InlineData(UpdateMode.Newer, false)]
    [InlineData(UpdateMode.Content, false)]
    [InlineData(UpdateMode.Changed, true)]
    public void A_dry_run_reports_what_the_run_does_and_writes_nothing(UpdateMode update, bool isSync)
    {
        Shell("""
            mkdir -p s/a/b s/t s/x d/a d/q; echo 1 >s/a/b/f; echo 2 >s/a/g; echo old >d/a/g; echo 3 >s/h; cp -p s/h d/h; ln s/h s/i; ln -s h s/l
            mkdir d/l; touch d/l/y; echo 4 >s/t/u; echo file >d/t; ln -s nowhere d/x; echo 5 >s/x/z; echo 6 >s/ro; echo 7 >d/ro; touch -d @5 d/a/g
            cp s/a/b/f d/q/f; cp -r s/a/b s/q
            """);
        List<TransferResult> planned = [];
        List<TransferResult> done = [];
        List<string?> plannedFailures = [];
        List<string?> failures = [];
        TreeRequest request = Request(update) with { PerFile = true, Sync = isSync ? new CollectingSync { Removes = true } : null };
        request = isSync ? request with { Copy = request.Copy with { Source = _folder["s"] } } : request;
        string before = Shell("find d s -printf '%p %i %C@ %s\n' | sort");

        TransferResult plan = TreeCopy.Copy(request with { IsDryRun = true }, new TreeMonitor(planned.Add, error => plannedFailures.Add(error.Message)));
        string after = Shell("find d s -printf '%p %i %C@ %s\n' | sort");
        TransferResult result = TreeCopy.Copy(request, new TreeMonitor(done.Add, error => failures.Add(error.Message)));

        Assert.Equal(before, after);
        Assert.Equal(Describe(done), Describe(planned));
        Assert.Equal(failures.Order(StringComparer.Ordinal), plannedFailures.Order(StringComparer.Ordinal));
        Assert.Equal(
            (result.FileCount, result.Updated, result.Unchanged, result.Skipped, result.Failed, result.DirectoryCount, result.BytesCopied),
            (plan.FileCount, plan.Updated, plan.Unchanged, plan.Skipped, plan.Failed, plan.DirectoryCount, plan.BytesMoved));
    }

    [Fact]
    public void A_dry_run_of_a_new_tree_makes_no_folder()
    {
        Shell("rmdir d; mkdir -p s/a; echo 1 >s/a/f; echo 1 >s/g; ln s/g s/h");
        List<TransferResult> planned = [];
        List<TransferResult> folders = [];
        TreeRequest request = Request(UpdateMode.Always) with { PerFile = true, IsDryRun = true };

        TreeCopy.Copy(request with { Copy = request.Copy with { Source = _folder["s"] } }, new TreeMonitor(planned.Add) { FolderPlanned = folders.Add });

        Assert.False(Directory.Exists(_folder["d"]));
        Assert.Equal(["d/a/f Copied ", "d/g Copied ", "d/h Copied "], Describe(planned));
        Assert.Equal(["d/a Copied "], Describe(folders));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_dry_run_reports_the_folders_that_the_copy_creates(bool isSync)
    {
        Shell("mkdir -p s/old/new/deep s/empty s/skipped d/old; echo 1 >s/old/new/deep/f; echo 1 >s/skipped/x; echo 1 >s/old/g");
        List<TransferResult> folders = [];
        TreeRequest request = Request(UpdateMode.Changed) with
        {
            PerFile = true,
            Sync = isSync ? new CollectingSync { Removes = true } : null,
            Filter = new PathFilter(["skipped"], []),
        };
        request = isSync ? request with { Copy = request.Copy with { Source = _folder["s"] } } : request;
        string before = Shell("find d -type d | sort");

        TreeCopy.Copy(request with { IsDryRun = true }, new TreeMonitor { FolderPlanned = folders.Add });
        TreeCopy.Copy(request, new TreeMonitor { FolderPlanned = _ => Assert.Fail("The copy is not a dry run.") });

        Assert.Equal(
            Shell("find d -type d | sort").Split('\n').Except(before.Split('\n')).Select(path => $"{path} Copied ").Order(StringComparer.Ordinal),
            Describe(folders));
        Assert.All(folders, folder => Assert.Equal((0L, 1L), (folder.FileCount, folder.DirectoryCount)));
    }

    private IEnumerable<string> Describe(IEnumerable<TransferResult> results) => results
        .Select(result => $"{Path.GetRelativePath(_folder.Folder, result.Destination)} {result.Status} {result.Reason}").Order(StringComparer.Ordinal);

    private TreeRequest Request(UpdateMode update)
    {
        TreeRequest request = TreeCopies.Request(_folder["s/."], _folder["d"]);
        return request with { ThrottleLimit = 1, Copy = request.Copy with { Update = update } };
    }

    private TransferResult Copy(UpdateMode update, Func<TreeRequest, TreeRequest>? change = null)
    {
        TreeRequest request = Request(update);
        return TreeCopies.Copy(change?.Invoke(request) ?? request);
    }

    private string Read(string name) => File.ReadAllText(_folder[$"d/{name}"]);

    private string Listing() => Shell("find d | sort").ReplaceLineEndings(" ");

    private string Shell(string script) => Command.Check("sh", "-ec", $"cd '{_folder.Folder}'; {script}");
}
