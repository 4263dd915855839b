using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>An update with hosts removes what a synchronization here removes.</summary>
public sealed class HostRemovalTests(SshServer server) : UpdateTests(server)
{
    private string Mirror => Folder["target/source"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_the_source_does_not_have_is_removed(bool isSent, string shell)
    {
        MakeFolders();
        Shell("mkdir out && echo keep > out/file && ln -s ../../out target/source/link && ln -s ../../../out target/source/extra/link");
        TransferResult local = Synchronize(filter: null);

        RemoteTransferResult result = Remotes.Result(Run(Mirroring(isSent, shell)));

        Assert.Equal(Paths("local"), Paths("target/source"));
        Assert.Equal(Paths("source"), Paths("target/source"));
        Assert.Equal((local.Removed, false), (result.Removed, result.RemovalSkipped));
        Assert.Equal("keep\n", File.ReadAllText(Folder["out/file"]));
        SampleTree.AssertSame(Folder["source"], Mirror, keepsFractions: shell != "busybox");
        RemoteTransferResult second = Remotes.Result(Run(Mirroring(isSent, shell)));
        Assert.Equal((0, 0, 0), (second.Removed, second.BytesSent, second.Updated));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_file_with_a_time_before_1970_is_removed(bool isSent, string shell)
    {
        Shell("mkdir -p source target/source && echo 1 > source/a && echo x > target/source/x && touch -d @-1.5 target/source/x");

        Assert.Equal(1, Remotes.Result(Run(Mirroring(isSent, shell))).Removed);

        Assert.Equal(Paths("source"), Paths("target/source"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_the_filter_does_not_select_is_not_removed_unless_requested(bool isSent, string shell)
    {
        foreach ((string[] exclude, string[] include) in new (string[], string[])[] { (["*.log", "/extra/deep/"], []), ([], ["*.css"]), (["sub/"], ["*.css", "extra/"]) })
        {
            Shell("rm -rf source target local");
            MakeFolders();
            var filter = new PathFilter(exclude, include);
            TransferResult local = Synchronize(filter);

            RemoteTransferResult result = Remotes.Result(Run(Mirroring(isSent, shell) with { Filter = filter }));

            Assert.Equal(Paths("local"), Paths("target/source"));
            Assert.Equal(local.Removed, result.Removed);
        }

        Remotes.Result(Run(Mirroring(isSent, shell) with { Filter = new PathFilter(["*.log"], []), RemoveExcluded = true }));
        Assert.DoesNotContain(".log", Paths("target/source"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Files_replace_folders_and_folders_replace_files(bool isSent, string shell)
    {
        Shell("mkdir -p source/b/c target/source/a/deep/er target/source/empty && echo 1 > source/a && echo 2 > source/b/c/f && echo 3 > source/empty"
            + " && ln -s a source/l && mkdir target/source/l && echo x > target/source/a/deep/er/f && echo x > target/source/l/f && echo x > target/source/b");

        RemoteTransferResult result = Remotes.Result(Run(Mirroring(isSent, shell)));

        Assert.Equal(Paths("source"), Paths("target/source"));
        Assert.Equal("1\n2\n3\n1", Shell("cd target/source && cat a b/c/f empty l"));
        Assert.Equal(6, result.Removed);
        SampleTree.AssertSame(Folder["source"], Mirror, keepsFractions: shell != "busybox");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_folder_in_which_something_stays_is_not_replaced(bool isSent, string shell)
    {
        Shell("mkdir -p source target/source/a && echo 1 > source/a && echo 2 > source/b && echo x > target/source/a/f.log");

        IReadOnlyList<RemoteOutcome> outcomes = Run(Mirroring(isSent, shell) with { Filter = new PathFilter(["*.log"], []) });

        Assert.Contains(outcomes, outcome => outcome.Error?.Id == TransferErrorId.DestinationExists);
        Assert.Contains(outcomes, outcome => outcome.Result is not null);
        Assert.Equal("a a/f.log b", Paths("target/source"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Too_many_removals_and_an_empty_source_change_nothing(bool isSent, string shell)
    {
        Shell("mkdir -p source target/source/d && echo 1 > source/new && for i in 1 2 3 4 5 6 7 8 9 10; do echo $i > target/source/d/$i; done");
        string before = Paths("target");

        TransferException error = Remotes.Error(Run(Mirroring(isSent, shell) with { MaximumRemoval = null }), TransferErrorId.TooManyRemovals);
        Assert.Contains("11 of 11 items", error.Message, StringComparison.Ordinal);
        Remotes.Error(Run(Mirroring(isSent, shell) with { MaximumRemoval = 10 }), TransferErrorId.TooManyRemovals);
        Assert.Equal(before, Paths("target"));

        File.Delete(Folder["source/new"]);
        RemoteRequest request = Mirroring(isSent, shell) with { MaximumRemoval = 11 };
        if (isSent)
        {
            Assert.Equal(TransferErrorId.EmptySource, Assert.Throws<TransferException>(() => Run(request)).Id);
        }
        else
        {
            Remotes.Error(Run(request), TransferErrorId.EmptySource);
        }

        Assert.Equal(before, Paths("target"));
        Assert.Equal(11, Remotes.Result(Run(request with { AllowEmptySource = true })).Removed);
        Assert.Equal("", Paths("target/source"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_dry_run_lists_the_removals(bool isSent, string shell)
    {
        MakeFolders();
        var before = TreeListing.Of(Folder["target"], sync: false);

        List<string> planned = Planned(Mirroring(isSent, shell), "target/source").FindAll(line => line.StartsWith("Removed", StringComparison.Ordinal));

        Assert.Equal(["Removed -rf", "Removed a'b $(x)\"", "Removed end ", "Removed extra", "Removed odd name\\", "Removed sub/old.css", "Removed sub/old.log"],
            planned.Select(line => line.Replace('\n', ' ')));
        before.AssertSame(TreeListing.Of(Folder["target"], sync: false), TreeAspects.Copied);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_is_declined_stays(bool isSent, string shell)
    {
        MakeFolders();
        Shell("mkdir target/source/same2 && echo 1 > source/same2 && echo 2 > target/source/same2/f");
        List<string> asked = [];

        IReadOnlyList<RemoteOutcome> outcomes = Run(Mirroring(isSent, shell), item =>
        {
            asked.Add(Path.GetRelativePath(Mirror, item.Destination));
            return item.Destination.EndsWith(".css", StringComparison.Ordinal);
        });

        Assert.Contains("extra", asked);
        Assert.Contains(outcomes, outcome => outcome.Error?.Id == TransferErrorId.DestinationExists);
        Assert.Equal(1, Assert.Single(outcomes, outcome => outcome.Result is not null).Result!.Removed);
        Assert.False(File.Exists(Folder["target/source/sub/old.css"]));
        Assert.True(File.Exists(Folder["target/source/same2/f"]) && File.Exists(Folder["target/source/extra/deep/er/f"]));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_changed_since_it_was_listed_stays(bool isSent, string shell)
    {
        Shell("mkdir -p source out/in target/source/file target/source/folder target/source/link/in target/source/gone && echo 1 > source/s && echo keep > out/in/f"
            + " && for f in a file/b folder/c link/in/f; do echo old > target/source/$f; done");
        bool isFirst = true;

        IReadOnlyList<RemoteOutcome> outcomes = Run(Mirroring(isSent, shell), item =>
        {
            if (isFirst)
            {
                isFirst = false;
                Shell("cd target/source && echo more >> a && echo new > folder/new && rm -r link && ln -s ../../out link && rmdir gone");
            }

            return true;
        });

        Assert.Contains(outcomes, outcome => outcome.Error is not null);
        Assert.Equal("keep\n", File.ReadAllText(Folder["out/in/f"]));
        Assert.Equal("old\nmore\n", File.ReadAllText(Folder["target/source/a"]));
        Assert.Equal("new\n", File.ReadAllText(Folder["target/source/folder/new"]));
        Assert.False(Directory.Exists(Folder["target/source/file"]));
        Remotes.Result(Run(Mirroring(isSent, shell)));
        Assert.Equal("s", Paths("target/source"));
        Assert.Equal("keep\n", File.ReadAllText(Folder["out/in/f"]));
    }

    [Fact]
    public void A_folder_here_that_gets_an_item_while_others_arrive_is_not_replaced()
    {
        Shell("mkdir -p source target/source/e && echo 1 > source/e && head -c 3000000 /dev/urandom > source/large");
        List<RemoteOutcome> outcomes = [];
        bool isFirst = true;
        var monitor = new TransferMonitor(progress =>
        {
            if (isFirst && progress.BytesCopied > 0)
            {
                isFirst = false;
                Shell("echo new > target/source/e/new");
            }
        });

        RemoteCopy.Receive((ReceiveRequest)Mirroring(false, "dash") with { RateLimit = new RateLimiter(2_000_000) }, monitor, outcomes.Add);

        Assert.False(isFirst);
        Assert.Contains(outcomes, outcome => outcome.Error?.Id == TransferErrorId.DestinationChanged);
        Assert.Equal("new\n", File.ReadAllText(Folder["target/source/e/new"]));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_vanishes_before_it_is_sent_replaces_nothing(string shell)
    {
        Shell("mkdir -p source/b/c target/source/a/deep target/source/d && echo 1 > source/a && echo 2 > source/b/c/f && echo 3 > source/d && echo 4 > source/stays"
            + " && for f in a/deep/f b extra; do echo old > target/source/$f; done");

        IReadOnlyList<RemoteOutcome> outcomes = Run(Mirroring(isSent: true, shell), _ =>
        {
            Shell("rm -rf source/a source/b source/d");
            return true;
        });

        Assert.Equal(1, Remotes.Result(outcomes).Removed);
        Assert.Equal("a a/deep a/deep/f b d stays", Paths("target/source"));
        Assert.Equal("old\nold", Shell("cat target/source/a/deep/f target/source/b"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Mount_points_stay_with_what_is_in_them(bool isSent, string shell)
    {
        Command.RequireRoot();
        Shell("mkdir -p source/both target/source/both 'target/source/e x/m' target/source/bind out && echo 1 > source/s && echo keep > out/f && echo x > 'target/source/e x/f'");
        Shell("mount -t tmpfs t 'target/source/e x/m' && mount --bind out target/source/bind && mount --bind out target/source/both && echo keep > 'target/source/e x/m/f'");
        try
        {
            IReadOnlyList<RemoteOutcome> outcomes = Run(Mirroring(isSent, shell));

            Assert.Equal(2, outcomes.Count(outcome => outcome.Error?.Id == TransferErrorId.MountPoint));
            Assert.Equal("bind bind/f both both/f e x e x/m e x/m/f s", Paths("target/source"));
        }
        finally
        {
            Mount.Unmount(Folder["target/source/e x/m"]);
            Mount.Unmount(Folder["target/source/bind"]);
            Mount.Unmount(Folder["target/source/both"]);
        }
    }

    [Fact]
    public void Nothing_is_removed_if_the_host_cannot_list_its_folder()
    {
        RemoteHost host = Server.Host($"partial-{Guid.NewGuid():N}",
            "find() { command find \"$@\"; return 1; }; eval \"$(echo \"$SSH_ORIGINAL_COMMAND\" | sed 's/^exec sh -c //; s/^.//; s/.$//')\"");
        Shell("mkdir -p source target/source && echo 1 > source/new && echo old > target/source/old");

        IReadOnlyList<RemoteOutcome> outcomes = Run((ReceiveRequest)Mirroring(false, "dash") with { Hosts = [host], Ssh = Server.Options });

        Assert.Contains(outcomes, outcome => outcome.Error?.Id == TransferErrorId.ReadFailed);
        RemoteTransferResult result = Assert.Single(outcomes, outcome => outcome.Result is not null).Result!;
        Assert.Equal((true, 0), (result.RemovalSkipped, result.Removed));
        Assert.Contains(result.Warnings, warning => warning.StartsWith("No extra items were removed", StringComparison.Ordinal));
        Assert.Equal("new old", Paths("target/source"));
    }

    private static List<RemoteOutcome> Run(RemoteRequest request, Func<TransferResult, bool>? mayRemove = null)
    {
        List<RemoteOutcome> outcomes = [];
        if (request is SendRequest sent)
        {
            RemoteCopy.Send(sent, TransferMonitor.None, outcomes.Add, mayRemove: mayRemove is null ? null : (_, item) => mayRemove(item));
        }
        else
        {
            RemoteCopy.Receive((ReceiveRequest)request, TransferMonitor.None, outcomes.Add, mayRemove: mayRemove is null ? null : (_, item) => mayRemove(item));
        }

        return outcomes;
    }

    private RemoteRequest Mirroring(bool isSent, string shell) => Request(isSent, shell) with { RemoveExtra = true, MaximumRemoval = 100 };

    /// <summary>Makes the source, the target with more, and a copy of the target.</summary>
    private void MakeFolders()
    {
        Shell("mkdir -p source/sub target/source/sub target/source/extra/deep/er target/source/extra/empty"
            + " && for f in same a.css x.log sub/b.css sub/y.log; do echo $f > source/$f; done && cp -a source/same target/source"
            + " && for f in sub/old.css sub/old.log extra/c.css extra/z.log extra/deep/er/f extra/deep/er/q.log; do echo old > target/source/$f; done"
            + " && cd target/source && echo old > ./-rf && echo old > \"a'b \\$(x)\\\"\" && echo old > 'end ' && printf old > 'odd\nname\\'");
    }

    /// <summary>Makes a copy of the target as the source is, without hosts.</summary>
    private TransferResult Synchronize(PathFilter? filter)
    {
        Shell("cp -a target/source local");
        return TreeSync.Sync(
            new SyncRequest
            {
                Tree = new TreeRequest
                {
                    Copy = new CopyRequest { Source = Folder["source"], Destination = Folder["local"], Update = UpdateMode.Changed },
                    Filter = filter,
                },
                RemoveExtra = true,
                MaximumRemoval = 100,
            },
            TreeMonitor.None);
    }

    private string Shell(string commands) => Command.Check("sh", "-c", $"cd '{Folder.Folder}' && {commands}");

    private string Paths(string name) => Shell($"cd '{name}' && find . -mindepth 1 | cut -c3- | LC_ALL=C sort | tr '\\n' ' '").Trim();
}
