using System.Globalization;
using Xunit;

namespace Splice.Tests.Sync;

/// <summary>What a synchronization removes from the destination, and what it keeps.</summary>
public sealed class RemovalTests : IDisposable
{
    private readonly SyncFolders _folders = new();

    public void Dispose() => _folders.Dispose();

    [Fact]
    public void Without_the_option_extras_stay()
    {
        _folders.Shell("mkdir -p s d/a; echo 1 >s/f; touch d/x d/a/y");

        Assert.Equal(0, SyncFolders.Complete(_folders.Request).Removed);
        Assert.Equal("a a/y f x", _folders.Paths("d"));
    }

    [Fact]
    public void Row_4_what_is_excluded_stays_and_the_folders_above_it()
    {
        _folders.Shell("mkdir -p s d/log d/gone/deep; echo 1 >s/a; echo 2 >d/log/x; echo 3 >d/b; echo 4 >d/gone/y; echo 5 >d/gone/deep/k.keep");
        SyncRequest request = Filtered(_folders.Mirror, ["log/", "*.keep"]);

        SyncOutcome outcome = SyncFolders.Run(request);

        Assert.Equal("Copied:a Removed:b Removed:gone", outcome.Changes(_folders["d"]));
        Assert.Equal(2, outcome.Result!.Removed);
        Assert.Empty(outcome.Errors);
        Assert.Equal("a gone gone/deep gone/deep/k.keep log log/x", _folders.Paths("d"));
        Assert.Equal(0, SyncFolders.Complete(request).Removed);

        Assert.Equal(5, SyncFolders.Complete(request with { RemoveExcluded = true }).Removed);
        Assert.Equal("a", _folders.Paths("d"));
    }

    [Fact]
    public void Row_4_what_is_excluded_is_removed_by_its_own_option_though_the_source_has_it()
    {
        _folders.Shell("mkdir s d; touch s/a.tmp s/b d/a.tmp d/c.tmp");

        Assert.Equal(2, SyncFolders.Complete(Filtered(_folders.Mirror, ["*.tmp"]) with { RemoveExcluded = true }).Removed);
        Assert.Equal("b", _folders.Paths("d"));
        Assert.Equal("a.tmp b", _folders.Paths("s"));
    }

    [Fact]
    public void Row_4_with_only_some_files_included_the_others_stay()
    {
        _folders.Shell("mkdir -p s/a d/a d/old; touch s/a/1.css s/a/2.js d/a/3.css d/a/4.js d/old/5.css d/old/6.js");

        Assert.Equal(2, SyncFolders.Complete(Filtered(_folders.Mirror, [], ["*.css"])).Removed);
        Assert.Equal("a a/1.css a/4.js old old/6.js", _folders.Paths("d"));
    }

    [Fact]
    public void Row_5_a_folder_with_items_gives_way_only_where_extras_are_removed()
    {
        _folders.Shell("mkdir -p s d/f/deep d/e; echo new >s/f; ln -s target s/e; echo old >d/f/deep/x; touch d/f/y");

        SyncOutcome refused = SyncFolders.Run(_folders.Request);
        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(refused.Errors).Id);
        Assert.Equal("e f f/deep f/deep/x f/y", _folders.Paths("d"));
        Assert.Equal("target", _folders.Shell("readlink d/e"));

        Assert.Equal(4, SyncFolders.Complete(_folders.Mirror).Removed);
        Assert.Equal("e f", _folders.Paths("d"));
        Assert.Equal("new", _folders.Shell("cat d/f"));
    }

    [Fact]
    public void Row_5_a_folder_stays_where_excluded_items_are_in_it()
    {
        _folders.Shell("mkdir -p s d/f; echo new >s/f; touch d/f/x.keep d/f/y; touch d/z");

        SyncOutcome outcome = SyncFolders.Run(Filtered(_folders.Mirror, ["*.keep"]));

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(outcome.Errors).Id);
        Assert.Equal("f f/x.keep f/y", _folders.Paths("d"));
    }

    [Fact]
    public void Row_5_and_9_what_is_in_a_folder_that_a_file_replaces_counts()
    {
        _folders.Shell("mkdir -p s d/f; echo new >s/f; cd d/f; for i in $(seq 20); do touch $i; done");

        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror with { MaximumRemoval = 19 });

        Assert.Equal(TransferErrorId.TooManyRemovals, outcome.End?.Id);
        Assert.Equal(20, Directory.GetFiles(_folders["d/f"]).Length);
        SyncFolders.Complete(_folders.Mirror with { MaximumRemoval = 20 });
        Assert.Equal("new", File.ReadAllText(_folders["d/f"]).Trim());
    }

    [Fact]
    public void Row_6_a_link_is_replaced_and_removed_and_never_followed()
    {
        _folders.Shell("mkdir -p s/l out d; echo 1 >s/l/f; echo k >out/k; ln -s ../out d/l; ln -s ../out d/extra; ln -s ../out/k d/extra2");

        Assert.Equal(2, SyncFolders.Complete(_folders.Mirror).Removed);
        Assert.Equal("l l/f", _folders.Paths("d"));
        Assert.Equal("k", _folders.Paths("out"));
        Assert.Equal("directory", _folders.Shell("stat -c %F d/l"));
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("bind")]
    [InlineData("file")]
    public void Row_7_a_mount_is_not_entered_and_reported(string kind)
    {
        Command.RequireRoot();
        _folders.Shell("mkdir -p s d/p/m other; touch d/p/n other/k d/x other/file");
        _folders.Shell(kind switch
        {
            "tmpfs" => "mount -t tmpfs t d/p/m; touch d/p/m/k",
            "bind" => "mount --bind other d/p/m",
            _ => "touch d/p/m/k; mount --bind other/file d/p/m/k",
        });
        try
        {
            SyncOutcome outcome = SyncFolders.Run(_folders.Mirror with { AllowEmptySource = true });

            TransferException error = Assert.Single(outcome.Errors);
            Assert.Equal(TransferErrorId.MountPoint, error.Id);
            Assert.StartsWith(_folders["d/p/m"], error.Target, StringComparison.Ordinal);
            Assert.Equal(2, outcome.Result!.Removed);
            Assert.True(File.Exists(_folders["d/p/m/k"]));
        }
        finally
        {
            Mount.Unmount(_folders[kind == "file" ? "d/p/m/k" : "d/p/m"]);
        }
    }

    [Fact]
    public void Row_7_extras_in_a_mount_that_the_source_has_as_a_folder_stay()
    {
        Command.RequireRoot();
        _folders.Shell("mkdir -p s/m d/m; echo 1 >s/m/f; mount -t tmpfs t d/m; touch d/m/k");
        try
        {
            SyncFolders.Complete(_folders.Mirror);
            Assert.Equal("m m/f m/k", _folders.Paths("d"));
        }
        finally
        {
            Mount.Unmount(_folders["d/m"]);
        }
    }

    [Fact]
    public void Row_7_a_subvolume_stays_with_the_command_that_deletes_it_and_extras_in_one_are_removed()
    {
        Command.Require("btrfs");
        using var mount = Mount.Image("btrfs", 256 << 20, "-q");
        _folders.Shell($"mkdir -p s/both; touch s/f s/both/f; cd '{mount.Folder}'; btrfs -q subvolume create both; btrfs -q subvolume create extra; mkdir both/x; touch both/x/y extra/z");
        SyncRequest request = _folders.Mirror;
        request = request with { Tree = request.Tree with { Copy = request.Tree.Copy with { Destination = mount.Folder } } };

        SyncOutcome outcome = SyncFolders.Run(request);

        TransferException error = Assert.Single(outcome.Errors);
        Assert.Equal((TransferErrorId.MountPoint, Path.Combine(mount.Folder, "extra")), (error.Id, error.Target));
        Assert.Contains("btrfs subvolume delete", error.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(2, outcome.Result!.Removed);
        Assert.False(Directory.Exists(Path.Combine(mount.Folder, "both/x")));
        Assert.True(File.Exists(Path.Combine(mount.Folder, "extra/z")));
    }

    [Fact]
    public void Row_8_another_spelling_is_renamed_and_not_removed()
    {
        using var mount = Mount.Image("vfat", 4 << 20);
        _folders.Shell($"mkdir s s/Docs; echo 1 >s/Readme; touch s/Docs/f; cd '{mount.Folder}'; mkdir DOCS; echo 1 >README; touch DOCS/F DOCS/x y");
        SyncRequest request = _folders.Mirror;
        request = request with
        {
            Tree = request.Tree with { Copy = request.Tree.Copy with { Destination = mount.Folder, Preserve = PreserveAttributes.Timestamps } },
        };

        Assert.Equal(2, SyncFolders.Complete(request).Removed);
        Assert.Equal("Docs Docs/f Readme", Command.Check("sh", "-c", $"cd '{mount.Folder}' && find . -mindepth 1 | cut -c3- | LC_ALL=C sort | xargs"));
    }

    [Fact]
    public void Row_9_over_the_limit_nothing_at_all_is_changed()
    {
        _folders.Shell("mkdir -p s d/tree/deep; echo new >s/f; echo old >d/f; cd d/tree/deep; for i in $(seq 40); do touch $i; done");
        var before = TreeListing.Of(_folders["d"], sync: false);

        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror);

        Assert.Equal(TransferErrorId.TooManyRemovals, outcome.End?.Id);
        Assert.Contains("42 of 43", outcome.End!.Message, StringComparison.Ordinal);
        before.AssertSame(TreeListing.Of(_folders["d"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
        Assert.Equal(42, SyncFolders.Complete(_folders.Mirror with { MaximumRemoval = 42 }).Removed);
    }

    [Theory]
    [InlineData(20, 10, true)]
    [InlineData(21, 10, false)]
    [InlineData(100, 50, true)]
    [InlineData(101, 50, false)]
    [InlineData(10, 0, true)]
    [InlineData(11, 0, false)]
    public void Row_9_the_limit_is_half_of_the_entries_and_at_least_ten(int extras, int kept, bool isAllowed)
    {
        _folders.Shell(string.Create(CultureInfo.InvariantCulture,
            $"mkdir s d; touch s/only; for i in $(seq {kept}); do echo $i >s/k$i; echo $i >d/k$i; done; for i in $(seq {extras - kept}); do touch d/x$i; done"));

        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror);

        Assert.Equal(isAllowed ? null : TransferErrorId.TooManyRemovals, outcome.End?.Id);
    }

    [Fact]
    public void Row_17_temporary_files_are_not_mirrored_and_swept_unless_in_use()
    {
        Command.Require("flock");
        _folders.Shell("""
            mkdir s d; touch s/f s/.splice-0123456789abcdef.tmp s/a.0123456789abcdef.splice-partial
            touch d/.splice-00000000000000aa.tmp d/.splice-00000000000000bb.tmp d/b.0123456789abcdef.splice-partial s/.splice-other.tmp
            """);
        using var writer = new ChildProcess("flock", _folders["d/.splice-00000000000000bb.tmp"], "sh", "-c", "echo locked; read line");
        Assert.Equal("locked", writer.ReadLine());

        Assert.Equal(2, SyncFolders.Complete(_folders.Mirror).Removed);
        Assert.Equal(".splice-00000000000000bb.tmp .splice-other.tmp f", _folders.Paths("d"));
        writer.CloseInput();
        writer.WaitForExit();
        Assert.Equal(1, SyncFolders.Complete(_folders.Mirror).Removed);
        Assert.Equal(".splice-other.tmp f", _folders.Paths("d"));
    }

    [Fact]
    public void Row_17_the_folder_in_which_a_move_builds_its_copy_is_neither_mirrored_nor_entered()
    {
        Command.Require("flock");
        _folders.Shell("""
            mkdir -p s/.splice-0123456789abcdef.move d/.splice-00000000000000aa.move/sub d/.splice-00000000000000bb.move/sub
            touch s/f s/.splice-0123456789abcdef.move/x d/.splice-00000000000000aa.move/x.img d/.splice-00000000000000bb.move/sub/x
            touch d/.splice-00000000000000aa.move/sub/notes
            """);
        using var mover = new ChildProcess("flock", _folders["d/.splice-00000000000000aa.move"], "sh", "-c", "echo locked; read line");
        Assert.Equal("locked", mover.ReadLine());
        SyncRequest request = _folders.Mirror with { Tree = _folders.Mirror.Tree with { Filter = new PathFilter(["*.img"], []) } };

        Assert.Equal(3, SyncFolders.Complete(request).Removed);
        Assert.Equal(
            ".splice-00000000000000aa.move .splice-00000000000000aa.move/sub .splice-00000000000000aa.move/sub/notes"
            + " .splice-00000000000000aa.move/x.img f", _folders.Paths("d"));
        mover.CloseInput();
        mover.WaitForExit();
    }

    [Fact]
    public void Row_18_folders_have_their_times_after_removals()
    {
        _folders.Shell("mkdir -p s/a/b d/a/b; touch s/a/b/f d/a/b/x d/a/y d/z; touch -d @1000000000.123456789 s/a/b s/a s");

        Assert.Equal(3, SyncFolders.Complete(_folders.Mirror).Removed);
        TreeListing.Of(_folders["s"], sync: false).AssertSame(TreeListing.Of(_folders["d"], sync: false));
    }

    [Fact]
    public void Row_20_what_is_immutable_stays_with_an_error_and_the_rest_goes_on()
    {
        Command.RequireRoot();
        Command.Require("chattr");
        _folders.Shell("mkdir -p s d/i d/a; touch s/f d/i/1 d/i/2 d/a/1 d/a/2 d/x; chattr +i d/i/1 && chattr +a d/a");
        try
        {
            SyncOutcome outcome = SyncFolders.Run(_folders.Mirror);

            Assert.Equal(["1", "1", "2"], outcome.Errors.Select(error => Path.GetFileName(error.Target)).Order());
            Assert.All(outcome.Errors, error => Assert.Equal(TransferErrorId.PermissionDenied, error.Id));
            Assert.Equal("a a/1 a/2 f i i/1", _folders.Paths("d"));
            Assert.Contains("i", _folders.Shell("lsattr d/i/1 | cut -d' ' -f1"), StringComparison.Ordinal);
        }
        finally
        {
            _folders.Shell("chattr -i d/i/1; chattr -a d/a");
        }
    }

    [Theory]
    [InlineData("echo more >>d/x/f", "f x x/f x/g y y/f y/g")]
    [InlineData("touch d/x/new", "f x x/f x/g x/new y y/f y/g")]
    [InlineData("rm -r d/x; mkdir d/x; touch d/x/f", "f x x/f y y/f y/g")]
    [InlineData("mv d/x d/y/", "f y y/f y/g y/x y/x/f y/x/g")]
    public void What_changes_between_the_plan_and_the_removal_stays(string change, string left)
    {
        _folders.Shell("mkdir -p s/y d/x d/y; touch s/f s/y/f s/y/g d/x/f d/x/g d/y/f d/y/g");
        bool isFirst = true;

        // When the first file arrives, what is to be removed is known.
        SyncOutcome outcome = new();
        outcome.Result = TreeSync.Sync(_folders.Mirror, new TreeMonitor(
            _ =>
            {
                if (isFirst)
                {
                    isFirst = false;
                    _folders.Shell(change);
                }
            },
            outcome.Errors.Add));

        Assert.Equal(left, _folders.Paths("d"));
        Assert.Equal(0, outcome.Result.Removed);
        Assert.All(outcome.Errors, error => Assert.Equal(TransferErrorId.DestinationChanged, error.Id));
        Assert.Equal(change.StartsWith("mv", StringComparison.Ordinal) ? 0 : 1, outcome.Errors.Count);
    }

    [Fact]
    public void Row_14_an_extra_whose_other_name_is_updated_meanwhile_is_removed()
    {
        _folders.Shell("mkdir -p s d/x; echo 1 >s/f; cp s/f d/f; ln d/f d/x/1; ln d/f d/y; touch -d @1000000000 s/f");

        Assert.Equal(3, SyncFolders.Complete(By(_folders.Mirror, UpdateMode.Content)).Removed);
        Assert.Equal("f", _folders.Paths("d"));
    }

    [Fact]
    public void What_gets_a_source_between_the_plan_and_the_removal_stays()
    {
        _folders.Shell("mkdir s d; touch s/f d/x; touch -d @1000000000 d/x");
        SyncOutcome outcome = new();
        outcome.Result = TreeSync.Sync(_folders.Mirror, new TreeMonitor(_ => _folders.Shell("cp -p d/x s/x"), outcome.Errors.Add));

        Assert.Empty(outcome.Errors);
        Assert.Equal("f x", _folders.Paths("d"));
    }

    [Fact]
    public void A_removal_that_is_declined_is_not_done()
    {
        _folders.Shell("mkdir -p s d/a/b; touch s/f d/a/b/1 d/a/2 d/x");
        List<string> asked = [];

        SyncOutcome outcome = SyncFolders.Run(_folders.Mirror, item =>
        {
            asked.Add($"{Path.GetFileName(item.Destination)}:{item.Removed}");
            return item.Removed == 1;
        });

        Assert.Equal(["a:4", "x:1"], asked.Order());
        Assert.Equal(1, outcome.Result!.Removed);
        Assert.Equal("a a/2 a/b a/b/1 f", _folders.Paths("d"));
    }

    [Fact]
    public void Names_of_any_bytes_are_removed()
    {
        using var folder = new Workspace();
        RandomTree.Make(folder["d"], seed: 3, HeldKinds.Of(folder.Folder) & ~TreeKinds.Owners, mostEntries: 200);
        folder.Write("f", [1]);
        Directory.CreateDirectory(folder["s"]);
        File.Move(folder["f"], folder["s/f"]);
        SyncRequest request = _folders.Mirror;
        request = request with
        {
            MaximumRemoval = long.MaxValue,
            Tree = request.Tree with { Copy = request.Tree.Copy with { Source = folder["s"], Destination = folder["d"] } },
        };

        SyncFolders.Complete(request);

        Assert.Equal(["f"], Directory.GetFileSystemEntries(folder["d"]).Select(Path.GetFileName));
    }

    [Fact]
    public void A_tree_of_any_depth_is_removed_with_few_descriptors()
    {
        _folders.Shell("mkdir s d; touch s/f");
        Command.Require("prlimit");
        DeepTree.Make(_folders["d/deep"], levels: 3000);
        using var host = new TreeHostProcess("prlimit", "--nofile=150");

        TreeAnswer answer = host.Sync(_folders.Mirror with { MaximumRemoval = long.MaxValue });

        Assert.True(answer is { Succeeded: true, Removed: > 3000 }, answer.ToString());
        Assert.Equal("f", _folders.Paths("d"));
    }

    private static SyncRequest By(SyncRequest request, UpdateMode update) =>
        request with { Tree = request.Tree with { Copy = request.Tree.Copy with { Update = update } } };

    private static SyncRequest Filtered(SyncRequest request, string[] exclude, string[]? include = null) =>
        request with { Tree = request.Tree with { Filter = new PathFilter(exclude, include ?? []) } };
}
