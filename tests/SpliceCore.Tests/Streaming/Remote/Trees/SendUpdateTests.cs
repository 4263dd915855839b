using System.Text;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder that a host has in an older version: only what changed is sent.</summary>
public sealed class SendUpdateTests(SshServer server) : UpdateTests(server)
{
    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_second_run_sends_no_content_and_leaves_every_file(string shell, UpdateMode update)
    {
        SendRequest request = SendTo(Counting(shell)) with { Update = update };
        SampleTree.Make(request.Source);
        RemoteTransferResult first = Remotes.Result(Remotes.Send(request));
        Assert.Equal((SampleTree.Files, 0, SampleTree.Bytes), (first.FileCount, first.Unchanged, first.BytesSent));
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
        var before = TreeListing.Of(Folder["target/source"], sync: false);

        RemoteTransferResult second = Remotes.Result(Remotes.Send(request));

        Assert.Equal((SampleTree.Files, SampleTree.Files, 0, 0), (second.FileCount, second.Unchanged, second.Updated, second.BytesSent));
        Assert.Equal((SampleTree.Bytes, SampleTree.Folders), (second.Length, second.DirectoryCount));
        Assert.InRange(new FileInfo(Folder["wire"]).Length, 1, 100_000);
        before.AssertSame(TreeListing.Of(Folder["target/source"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
        Assert.Equal(["source", "target", "wire"], Folder.Names);
    }

    [Fact]
    public void Only_folders_with_changes_are_read_again_to_send_them()
    {
        RemoteHost host = Server.Host();
        foreach (string name in new[] { "a/changed", "a/same", "b/same", "b/sub/same" })
        {
            Write($"source/{name}", name);
        }

        Remotes.Result(Remotes.Send(SendTo(host)));
        Write("source/a/changed", "longer");

        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-y", "-o", Folder["trace"], "-e", "trace=statx"],
            ["--transfer", "send,tree,update", Folder["source"], Folder["target"], Server.KeyPath, Server.Options.Settings["UserKnownHostsFile"], host.Text]);

        Assert.True(output.ExitCode == 0, $"{output}");
        Assert.Equal("longer", File.ReadAllText(Folder["target/source/a/changed"]));
        Assert.Equal((2, 1, 1), (Looks("a", "same"), Looks("b", "same"), Looks("b/sub", "same")));

        int Looks(string folder, string name) =>
            File.ReadLines(Folder["trace"]).Count(line => line.Contains($"<{Folder[$"source/{folder}"]}>, \"{name}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_host_that_connects_the_folder_is_not_read()
    {
        Write("source/a/same", "same");

        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-y", "-o", Folder["trace"], "-e", "trace=statx"],
            ["--transfer", "send,tree,update", Folder["source"], Folder["target"], Server.KeyPath, Server.Options.Settings["UserKnownHostsFile"], "host.invalid"]);

        Assert.Contains("host.invalid", $"{output}", StringComparison.Ordinal);
        Assert.DoesNotContain(File.ReadLines(Folder["trace"]), line => line.Contains("\"same\"", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_changed_is_sent_and_the_rest_is_not(string shell)
    {
        SendRequest request = SendTo(Counting(shell)) with { Verify = true };
        Write("source/same", "same content");
        Write("source/size", "short");
        Write("source/time", "time1");
        Write("source/sub/deep/inner", "inner");
        Write("source/mode", "mode of this");
        File.CreateSymbolicLink(Folder["source/link"], "same");
        Remotes.Result(Remotes.Send(request));
        Write("target/source/extra", "extra");
        Write("source/size", "longer");
        Write("source/time", "time2");
        File.SetLastWriteTimeUtc(Folder["source/time"], Old);
        Write("source/sub/deep/added", "added");
        Write("source/new/one", "one");
        File.SetUnixFileMode(Folder["source/mode"], UnixFileMode.UserRead);
        File.Delete(Folder["source/link"]);
        File.CreateSymbolicLink(Folder["source/link"], "size");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((8, 2, 4), (result.FileCount, result.Unchanged, result.Updated));
        Assert.Equal("longer".Length + "time2".Length + "added".Length + "one".Length, result.BytesSent);
        Assert.True(result.Verified);
        string wire = Encoding.Latin1.GetString(File.ReadAllBytes(Folder["wire"]));
        Assert.Contains("time2", wire, StringComparison.Ordinal);
        Assert.DoesNotContain("same content", wire, StringComparison.Ordinal);
        Assert.DoesNotContain("mode of this", wire, StringComparison.Ordinal);
        File.Delete(Folder["target/source/extra"]);
        Command.Check("touch", "-r", Folder["source"], Folder["target/source"]);
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void Folders_get_their_times_and_modes_back(string shell)
    {
        SendRequest request = SendTo(Server.Host(shell));
        Write("source/a/b/c/file", "1");
        Write("source/x/y/file", "1");
        Remotes.Result(Remotes.Send(request));
        Write("source/a/b/c/file", "22");
        File.SetUnixFileMode(Folder["source/x/y"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        foreach (string folder in new[] { "source/x/y", "source/x", "source/a/b/c", "source/a/b", "source/a", "source" })
        {
            Directory.SetLastWriteTimeUtc(Folder[folder], Old);
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((1, 1), (result.Updated, result.Unchanged));
        Assert.Empty(result.Warnings);
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void By_content_only_times_are_set_and_bytes_of_the_same_size_are_found(string shell)
    {
        SendRequest request = SendTo(Counting(shell)) with { Update = UpdateMode.Content };
        Write("source/touched", "as it was");
        Write("source/hidden", "before");
        Write("source/odd\nname\\", "before");
        Write("source/odd\ntoo", "as it was");
        Remotes.Result(Remotes.Send(request));
        DateTime time = File.GetLastWriteTimeUtc(Folder["source/hidden"]);
        File.SetLastWriteTimeUtc(Folder["source/touched"], Old);
        File.SetLastWriteTimeUtc(Folder["source/odd\ntoo"], Old);
        foreach (string name in new[] { "source/hidden", "source/odd\nname\\" })
        {
            Write(name, "after!");
            File.SetLastWriteTimeUtc(Folder[name], time);
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((4, 0, 12), (result.Updated, result.Unchanged, result.BytesSent));
        Assert.DoesNotContain("as it was", Encoding.Latin1.GetString(File.ReadAllBytes(Folder["wire"])), StringComparison.Ordinal);
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
        Assert.Equal(4, Remotes.Result(Remotes.Send(request)).Unchanged);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_newer_file_on_the_host_is_skipped(string shell)
    {
        SendRequest request = SendTo(Server.Host(shell)) with { Update = UpdateMode.Newer };
        Write("source/older", "mine");
        Write("source/newer", "mine");
        Remotes.Result(Remotes.Send(request));
        Write("target/source/older", "theirs");
        File.SetLastWriteTimeUtc(Folder["source/older"], Old);
        Write("target/source/newer", "old");
        File.SetLastWriteTimeUtc(Folder["target/source/newer"], Old);

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((1, 1, 1), (result.FileCount, result.Updated, result.Skipped));
        Assert.Equal("theirs", File.ReadAllText(Folder["target/source/older"]));
        Assert.Equal("mine", File.ReadAllText(Folder["target/source/newer"]));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void Names_of_one_file_are_updated_together(string shell)
    {
        SendRequest request = SendTo(Server.Host(shell)) with { Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.HardLink };
        Write("source/a/one", "first");
        Write("source/other", "other");
        Command.Check("ln", Folder["source/a/one"], Folder["source/two"]);
        Remotes.Result(Remotes.Send(request));
        Assert.Equal(3, Remotes.Result(Remotes.Send(request)).Unchanged);

        Write("source/two", "second!");
        Assert.Equal((2, 1), Counts(Remotes.Result(Remotes.Send(request))));
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");

        // A name more, one that is a file of its own there, and one that is a link there only.
        Command.Check("ln", Folder["source/two"], Folder["source/three"]);
        Command.Check("sh", "-c", $"cd '{Folder["target/source"]}' && cp -p a/one copy && mv copy a/one");
        Assert.Equal((2, 1), Counts(Remotes.Result(Remotes.Send(request))));
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
        Command.Check("sh", "-c", $"cd '{Folder["source"]}' && cp -p a/one copy && mv copy a/one");
        Remotes.Result(Remotes.Send(request));
        SampleTree.AssertSame(request.Source, Folder["target/source"], keepsFractions: shell != "busybox");
        Assert.Equal((0, 4), Counts(Remotes.Result(Remotes.Send(request))));
    }

    [Fact]
    public void Each_of_several_hosts_gets_what_it_lacks()
    {
        string[] shells = ["bash", "busybox", "dash"];
        RemoteHost[] hosts =
        [
            .. shells.Select(shell => Server.Host($"update-{shell}-{Guid.NewGuid():N}",
                $"cd {Directory.CreateDirectory(Folder[shell]).FullName}; exec {(shell == "busybox" ? Server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"")),
        ];
        SampleTree.Make(Folder["source"]);
        SendRequest request = SendTo(hosts[0]) with { Hosts = hosts, Destination = ".", Verify = true, Ssh = Server.Options };
        Assert.All(Remotes.Send(request), outcome => Assert.Null(outcome.Error?.Message));
        File.WriteAllText(Folder["bash/source/large"], "damaged");
        File.Delete(Folder["busybox/source/some"]);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        Assert.Equal([2_000_003, 300_000, 0], outcomes.Select(outcome => outcome.Result!.BytesSent));
        Assert.Equal([1, 0, 0], outcomes.Select(outcome => outcome.Result!.Updated));
        foreach (string shell in shells)
        {
            SampleTree.AssertSame(Folder["source"], Folder[$"{shell}/source"], keepsFractions: shell != "busybox");
        }
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_dry_run_lists_each_file_and_changes_nothing(string shell)
    {
        SendRequest request = SendTo(Server.Host(shell));
        Write("source/same", "same");
        Write("source/sub/changed", "before");
        Assert.Equal(["Copied same", "Copied sub/changed"], Planned(request with { Destination = Folder["missing/"] }, "missing/source"));
        Assert.Equal([".", "sub"], PlannedFolders);
        PlannedFolders.Clear();
        Assert.False(Directory.Exists(Folder["missing"]));
        Remotes.Result(Remotes.Send(request));
        Write("source/sub/changed", "after that");
        Write("source/new", "new");
        var before = TreeListing.Of(Folder["target"], sync: false);

        Assert.Equal(["Copied new", "Unchanged same", "Updated sub/changed"], Planned(request, "target/source"));
        Assert.Equal(["Copied new", "Unchanged same", "Updated sub/changed"], Planned(request with { Update = UpdateMode.Content }, "target/source"));
        Assert.Empty(PlannedFolders);
        before.AssertSame(TreeListing.Of(Folder["target"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }

    [Theory]
    [InlineData("yes", "128 MiB")]
    [InlineData("yes ./a | tr '\\n' '\\0'", "128 MiB")]
    [InlineData("printf '=\\0'; exit 3", "exit code 3")]
    [InlineData("printf 'f 1 x 644 0 0 1 1 1\\0./file\\0\\0f 9999999999999999999999 1 644 0 0 1 1 1\\0./b\\0\\0'; exit 3", "exit code 3")]
    public void A_host_that_sends_anything_as_a_list_is_an_error(string command, string words)
    {
        RemoteHost host = Server.Host($"lists-{Guid.NewGuid():N}", $"printf 'splice-ready 0 pax\\nsplice-list find - - 0\\n'; {command}");
        Write("source/file", "x");
        TransferException error = Remotes.Error(Remotes.Send(SendTo(host) with { Ssh = Server.Options }), TransferErrorId.RemoteFailed);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    /// <summary>A host that keeps what it was sent last in the file "wire".</summary>
    private RemoteHost Counting(string shell) => Server.Host($"counts-{Guid.NewGuid():N}",
        $"tee {Folder["wire"]} | {(shell == "busybox" ? Server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"");
}
