using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder of a host that is here in an older version: only what changed is received.</summary>
public sealed class ReceiveUpdateTests(SshServer server) : UpdateTests(server)
{
    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_second_run_receives_no_content_and_leaves_every_file(string shell, UpdateMode update)
    {
        ReceiveRequest request = ReceiveFrom(Server.Host(shell)) with { Update = update };
        SampleTree.Make(request.Source);

        // The tar of busybox writes no times before 1970.
        File.SetLastWriteTimeUtc(Folder["source/some"], Old);
        RemoteTransferResult first = Remotes.Result(Remotes.Receive(request));
        Assert.Equal((SampleTree.Files, 0, SampleTree.Bytes), (first.FileCount, first.Unchanged, first.BytesSent));
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
        var before = TreeListing.Of(Folder["target/source"], sync: false);

        RemoteTransferResult second = Remotes.Result(Remotes.Receive(request));

        Assert.Equal((SampleTree.Files, SampleTree.Files, 0, 0), (second.FileCount, second.Unchanged, second.Updated, second.BytesSent));
        Assert.Equal((SampleTree.Bytes, SampleTree.Folders), (second.Length, second.DirectoryCount));
        var after = TreeListing.Of(Folder["target/source"], sync: false);
        before.AssertSame(after, TreeAspects.Copied);
        foreach ((ByteString path, TreeEntry entry) in before.Entries.Where(entry => entry.Value.Type != FileTypes.Folder))
        {
            Assert.Equal(entry.Identity, after.Entries[path].Identity);
        }

        Assert.Equal(["source", "target"], Folder.Names);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_changed_is_received_and_the_rest_is_not(string shell)
    {
        ReceiveRequest request = ReceiveFrom(Server.Host(shell)) with { Verify = true };
        Write("source/same", "same content");
        Write("source/size", "short");
        Write("source/time", "time1");
        Write("source/sub/deep/inner", "inner");
        Write("source/mode", "mode of this");
        File.CreateSymbolicLink(Folder["source/link"], "same");
        Remotes.Result(Remotes.Receive(request));
        Write("target/source/extra", "extra");
        Write("source/size", "longer");
        Write("source/time", "time2");
        File.SetLastWriteTimeUtc(Folder["source/time"], Old);
        Write("source/sub/deep/added", "added");
        Write("source/new/one", "one");
        File.SetUnixFileMode(Folder["source/mode"], UnixFileMode.UserRead);
        File.Delete(Folder["source/link"]);
        File.CreateSymbolicLink(Folder["source/link"], "size");

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(request));

        Assert.Equal((8, 2, 4), (result.FileCount, result.Unchanged, result.Updated));
        Assert.Equal("longer".Length + "time2".Length + "added".Length + "one".Length, result.BytesSent);
        Assert.True(result.Verified);
        File.Delete(Folder["target/source/extra"]);
        Command.Check("touch", "-r", Folder["source"], Folder["target/source"]);
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void By_content_only_times_are_set_and_bytes_of_the_same_size_are_found(string shell)
    {
        ReceiveRequest request = ReceiveFrom(Server.Host(shell)) with { Update = UpdateMode.Content };
        Write("source/touched", "as it was");
        Write("source/hidden", "before");
        Write("source/odd\nname\\", "before");
        Write("source/odd\ntoo", "as it was");
        Remotes.Result(Remotes.Receive(request));
        DateTime time = File.GetLastWriteTimeUtc(Folder["source/hidden"]);
        File.SetLastWriteTimeUtc(Folder["source/touched"], Old);
        File.SetLastWriteTimeUtc(Folder["source/odd\ntoo"], Old);
        foreach (string name in new[] { "source/hidden", "source/odd\nname\\" })
        {
            Write(name, "after!");
            File.SetLastWriteTimeUtc(Folder[name], time);
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(request));

        Assert.Equal((4, 0, 12), (result.Updated, result.Unchanged, result.BytesSent));
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
        Assert.Equal(4, Remotes.Result(Remotes.Receive(request)).Unchanged);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_newer_file_here_is_skipped(string shell)
    {
        ReceiveRequest request = ReceiveFrom(Server.Host(shell)) with { Update = UpdateMode.Newer };
        Write("source/older", "theirs");
        Write("source/newer", "theirs");
        Remotes.Result(Remotes.Receive(request));
        Write("target/source/older", "mine");
        File.SetLastWriteTimeUtc(Folder["source/older"], Old);
        Write("target/source/newer", "old");
        File.SetLastWriteTimeUtc(Folder["target/source/newer"], Old);

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(request));

        Assert.Equal((1, 1, 1), (result.FileCount, result.Updated, result.Skipped));
        Assert.Equal("mine", File.ReadAllText(Folder["target/source/older"]));
        Assert.Equal("theirs", File.ReadAllText(Folder["target/source/newer"]));
    }

    [Fact]
    public void Names_of_one_file_are_updated_together()
    {
        ReceiveRequest request = ReceiveFrom(Server.Host()) with { Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.HardLink };
        Write("source/a/one", "first");
        Write("source/other", "other");
        Command.Check("ln", Folder["source/a/one"], Folder["source/two"]);
        Remotes.Result(Remotes.Receive(request));
        Assert.Equal((0, 3), Counts(Remotes.Result(Remotes.Receive(request))));

        Write("source/two", "second!");
        Assert.Equal((2, 1), Counts(Remotes.Result(Remotes.Receive(request))));
        SampleTree.AssertSame(request.Source, Folder["target/source"]);

        // A name more, one that is a file of its own here, and one that is a link here only.
        Command.Check("ln", Folder["source/two"], Folder["source/three"]);
        Command.Check("sh", "-c", $"cd '{Folder["target/source"]}' && cp -p a/one copy && mv copy a/one");
        Assert.Equal((2, 1), Counts(Remotes.Result(Remotes.Receive(request))));
        SampleTree.AssertSame(request.Source, Folder["target/source"]);
        Command.Check("sh", "-c", $"cd '{Folder["source"]}' && cp -p a/one copy && mv copy a/one");
        Remotes.Result(Remotes.Receive(request));
        SampleTree.AssertSame(request.Source, Folder["target/source"]);
        Assert.Equal((0, 4), Counts(Remotes.Result(Remotes.Receive(request))));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_dry_run_lists_each_file_and_changes_nothing(string shell)
    {
        ReceiveRequest request = ReceiveFrom(Server.Host(shell));
        Write("source/same", "same");
        Write("source/sub/changed", "before");
        Assert.Equal(["Copied same", "Copied sub/changed"], Planned(request with { Destination = Folder["missing"] }, "missing"));
        Assert.Equal([".", "sub"], PlannedFolders);
        PlannedFolders.Clear();
        Assert.False(Directory.Exists(Folder["missing"]));
        Remotes.Result(Remotes.Receive(request));
        Write("source/sub/changed", "after that");
        Write("source/new", "new");
        var before = TreeListing.Of(Folder["target"], sync: false);

        Assert.Equal(["Copied new", "Unchanged same", "Updated sub/changed"], Planned(request, "target/source"));
        Assert.Equal(["Copied new", "Unchanged same", "Updated sub/changed"], Planned(request with { Update = UpdateMode.Content }, "target/source"));
        Assert.Empty(PlannedFolders);
        before.AssertSame(TreeListing.Of(Folder["target"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }

    [Fact]
    public void More_files_than_one_command_line_holds_come_from_busybox()
    {
        ReceiveRequest request = ReceiveFrom(Server.Host("busybox"));
        for (int i = 0; i < 400; i++)
        {
            Write($"source/folder{i % 7}/{new string('n', 100)}{i}", $"content {i}");
        }

        Assert.Equal(400, Remotes.Result(Remotes.Receive(request)).FileCount);
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: false);
        Assert.Equal((0, 400), Counts(Remotes.Result(Remotes.Receive(request))));
    }

    [Theory]
    [InlineData("yes", "128 MiB")]
    [InlineData("printf 'f 1 1 644 0 0 1 1 1\\0./../outside\\0\\0=\\0'; sleep 1; exit 3", "leads out")]
    [InlineData("printf 'nonsense\\0./x\\0\\0=\\0'; exit 3", "exit code 3")]
    public void A_host_that_sends_anything_as_a_list_is_an_error(string command, string words)
    {
        RemoteHost host = Server.Host($"lists-{Guid.NewGuid():N}", $"printf 'splice-tree pax getfacl 0\\nsplice-list find - - 0\\n'; {command}");
        RemoteOutcome outcome = Assert.Single(Remotes.Receive(ReceiveFrom(host) with { Ssh = Server.Options }));
        Assert.Contains(words, outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(["target"], Folder.Names);
        Assert.Empty(Directory.GetFileSystemEntries(Folder["target"]));
    }

    /// <summary>The host does not wait for the next part, and the receiver not for the rest of this one.</summary>
    [Theory]
    [InlineData("dash")]
    [InlineData("bash")]
    public void A_host_whose_tar_is_killed_is_an_error(string shell)
    {
        RemoteHost host = Server.Host($"killed-{Guid.NewGuid():N}",
            $$"""
            begin="exec sh -c '"
            tar='tar() { case $* in *--version) command tar --version ;; *) command tar "$@" | head -c 100000; return 137 ;; esac; }; '
            exec {{shell}} -c "$begin$tar${SSH_ORIGINAL_COMMAND#"$begin"}"
            """);
        ReceiveRequest request = ReceiveFrom(host) with { Ssh = Server.Options };
        Folder.WriteRandom(Path.Combine(Directory.CreateDirectory(request.Source).Name, "file"), 500_000);

        Assert.Contains("Not all of", Remotes.Error(Remotes.Receive(request), TransferErrorId.RemoteFailed).Message, StringComparison.Ordinal);

        Assert.Empty(Directory.GetFileSystemEntries(Folder["target"]));
    }
}
