using System.Text;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder that a host has in an older version: only what changed is sent.</summary>
public sealed class SendUpdateTests(SshServer server) : IDisposable
{
    private static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => SshServer.Shells;

    /// <summary>All three kinds of lists: of GNU find, of busybox, and compared by content.</summary>
    public static TheoryData<string, UpdateMode> Kinds => new()
    {
        { "bash", UpdateMode.Changed },
        { "dash", UpdateMode.Content },
        { "busybox", UpdateMode.Changed },
        { "busybox", UpdateMode.Content },
        { "busybox", UpdateMode.Newer },
        { "bash", UpdateMode.Size },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_second_run_sends_no_content_and_leaves_every_file(string shell, UpdateMode update)
    {
        SendRequest request = Request(Counting(shell)) with { Update = update };
        SampleTree.Make(request.Source);
        RemoteTransferResult first = Remotes.Result(Remotes.Send(request));
        Assert.Equal((SampleTree.Files, 0, SampleTree.Bytes), (first.FileCount, first.Unchanged, first.BytesSent));
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
        var before = TreeListing.Of(_workspace["target/source"], sync: false);

        RemoteTransferResult second = Remotes.Result(Remotes.Send(request));

        Assert.Equal((SampleTree.Files, SampleTree.Files, 0, 0), (second.FileCount, second.Unchanged, second.Updated, second.BytesSent));
        Assert.Equal((SampleTree.Bytes, SampleTree.Folders), (second.Length, second.DirectoryCount));
        Assert.InRange(new FileInfo(_workspace["wire"]).Length, 1, 100_000);
        var after = TreeListing.Of(_workspace["target/source"], sync: false);
        before.AssertSame(after, TreeAspects.Copied);
        foreach ((ByteString path, TreeEntry entry) in before.Entries.Where(entry => entry.Value.Type != FileTypes.Folder))
        {
            Assert.Equal(entry.Identity, after.Entries[path].Identity);
        }

        Assert.Equal(["source", "target", "wire"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void What_changed_is_sent_and_the_rest_is_not(string shell)
    {
        SendRequest request = Request(Counting(shell)) with { Verify = true };
        Write("source/same", "same content");
        Write("source/size", "short");
        Write("source/time", "time1");
        Write("source/sub/deep/inner", "inner");
        Write("source/mode", "mode of this");
        File.CreateSymbolicLink(_workspace["source/link"], "same");
        Remotes.Result(Remotes.Send(request));
        Write("target/source/extra", "extra");
        Write("source/size", "longer");
        Write("source/time", "time2");
        File.SetLastWriteTimeUtc(_workspace["source/time"], Old);
        Write("source/sub/deep/added", "added");
        Write("source/new/one", "one");
        File.SetUnixFileMode(_workspace["source/mode"], UnixFileMode.UserRead);
        File.Delete(_workspace["source/link"]);
        File.CreateSymbolicLink(_workspace["source/link"], "size");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((8, 2, 4), (result.FileCount, result.Unchanged, result.Updated));
        Assert.Equal("longer".Length + "time2".Length + "added".Length + "one".Length, result.BytesSent);
        Assert.True(result.Verified);
        string wire = Encoding.Latin1.GetString(File.ReadAllBytes(_workspace["wire"]));
        Assert.Contains("time2", wire, StringComparison.Ordinal);
        Assert.DoesNotContain("same content", wire, StringComparison.Ordinal);
        Assert.DoesNotContain("mode of this", wire, StringComparison.Ordinal);
        File.Delete(_workspace["target/source/extra"]);
        Command.Check("touch", "-r", _workspace["source"], _workspace["target/source"]);
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void Folders_get_their_times_and_modes_back(string shell)
    {
        SendRequest request = Request(server.Host(shell));
        Write("source/a/b/c/file", "1");
        Write("source/x/y/file", "1");
        Remotes.Result(Remotes.Send(request));
        Write("source/a/b/c/file", "22");
        File.SetUnixFileMode(_workspace["source/x/y"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        foreach (string folder in new[] { "source/x/y", "source/x", "source/a/b/c", "source/a/b", "source/a", "source" })
        {
            Directory.SetLastWriteTimeUtc(_workspace[folder], Old);
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((1, 1), (result.Updated, result.Unchanged));
        Assert.Empty(result.Warnings);
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void By_content_only_times_are_set_and_bytes_of_the_same_size_are_found(string shell)
    {
        SendRequest request = Request(Counting(shell)) with { Update = UpdateMode.Content };
        Write("source/touched", "as it was");
        Write("source/hidden", "before");
        Write("source/odd\nname\\", "before");
        Write("source/odd\ntoo", "as it was");
        Remotes.Result(Remotes.Send(request));
        DateTime time = File.GetLastWriteTimeUtc(_workspace["source/hidden"]);
        File.SetLastWriteTimeUtc(_workspace["source/touched"], Old);
        File.SetLastWriteTimeUtc(_workspace["source/odd\ntoo"], Old);
        foreach (string name in new[] { "source/hidden", "source/odd\nname\\" })
        {
            Write(name, "after!");
            File.SetLastWriteTimeUtc(_workspace[name], time);
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((4, 0, 12), (result.Updated, result.Unchanged, result.BytesSent));
        Assert.DoesNotContain("as it was", Encoding.Latin1.GetString(File.ReadAllBytes(_workspace["wire"])), StringComparison.Ordinal);
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
        Assert.Equal(4, Remotes.Result(Remotes.Send(request)).Unchanged);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_newer_file_on_the_host_is_skipped(string shell)
    {
        SendRequest request = Request(server.Host(shell)) with { Update = UpdateMode.Newer };
        Write("source/older", "mine");
        Write("source/newer", "mine");
        Remotes.Result(Remotes.Send(request));
        Write("target/source/older", "theirs");
        File.SetLastWriteTimeUtc(_workspace["source/older"], Old);
        Write("target/source/newer", "old");
        File.SetLastWriteTimeUtc(_workspace["target/source/newer"], Old);

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));

        Assert.Equal((1, 1, 1), (result.FileCount, result.Updated, result.Skipped));
        Assert.Equal("theirs", File.ReadAllText(_workspace["target/source/older"]));
        Assert.Equal("mine", File.ReadAllText(_workspace["target/source/newer"]));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void Names_of_one_file_are_updated_together(string shell)
    {
        SendRequest request = Request(server.Host(shell)) with { Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.HardLink };
        Write("source/a/one", "first");
        Write("source/other", "other");
        Command.Check("ln", _workspace["source/a/one"], _workspace["source/two"]);
        Remotes.Result(Remotes.Send(request));
        Assert.Equal(3, Remotes.Result(Remotes.Send(request)).Unchanged);

        Write("source/two", "second!");
        Assert.Equal((2, 1), Counts(Remotes.Result(Remotes.Send(request))));
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");

        // A name more, one that is a file of its own there, and one that is a link there only.
        Command.Check("ln", _workspace["source/two"], _workspace["source/three"]);
        Command.Check("sh", "-c", $"cd '{_workspace["target/source"]}' && cp -p a/one copy && mv copy a/one");
        Assert.Equal((2, 1), Counts(Remotes.Result(Remotes.Send(request))));
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
        Command.Check("sh", "-c", $"cd '{_workspace["source"]}' && cp -p a/one copy && mv copy a/one");
        Remotes.Result(Remotes.Send(request));
        SampleTree.AssertSame(request.Source, _workspace["target/source"], keepsFractions: shell != "busybox");
        Assert.Equal((0, 4), Counts(Remotes.Result(Remotes.Send(request))));
    }

    [Fact]
    public void Each_of_several_hosts_gets_what_it_lacks()
    {
        string[] shells = ["bash", "busybox", "dash"];
        RemoteHost[] hosts =
        [
            .. shells.Select(shell => server.Host($"update-{shell}-{Guid.NewGuid():N}",
                $"cd {Directory.CreateDirectory(_workspace[shell]).FullName}; exec {(shell == "busybox" ? server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"")),
        ];
        SampleTree.Make(_workspace["source"]);
        SendRequest request = Request(hosts[0]) with { Hosts = hosts, Destination = ".", Verify = true, Ssh = server.Options };
        Assert.All(Remotes.Send(request), outcome => Assert.Null(outcome.Error?.Message));
        File.WriteAllText(_workspace["bash/source/large"], "damaged");
        File.Delete(_workspace["busybox/source/some"]);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        Assert.Equal([2_000_003, 300_000, 0], outcomes.Select(outcome => outcome.Result!.BytesSent));
        Assert.Equal([1, 0, 0], outcomes.Select(outcome => outcome.Result!.Updated));
        foreach (string shell in shells)
        {
            SampleTree.AssertSame(_workspace["source"], _workspace[$"{shell}/source"], keepsFractions: shell != "busybox");
        }
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_dry_run_lists_each_file_and_changes_nothing(string shell)
    {
        SendRequest request = Request(server.Host(shell));
        Write("source/same", "same");
        Write("source/sub/changed", "before");
        Assert.Equal(["Copied same", "Copied sub/changed"], Planned(request with { Destination = _workspace["missing/"] }, "missing/source"));
        Assert.False(Directory.Exists(_workspace["missing"]));
        Remotes.Result(Remotes.Send(request));
        Write("source/sub/changed", "after that");
        Write("source/new", "new");
        var before = TreeListing.Of(_workspace["target"], sync: false);

        Assert.Equal(["Copied new", "Unchanged same", "Updated sub/changed"], Planned(request, "target/source"));
        Assert.Equal(["Copied new", "Unchanged same", "Updated sub/changed"], Planned(request with { Update = UpdateMode.Content }, "target/source"));
        before.AssertSame(TreeListing.Of(_workspace["target"], sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }

    [Theory]
    [InlineData("yes", "128 MiB")]
    [InlineData("yes ./a | tr '\\n' '\\0'", "128 MiB")]
    [InlineData("printf '=\\0'; exit 3", "exit code 3")]
    [InlineData("printf 'f 1 x 644 0 0 1 1 1\\0./file\\0\\0f 9999999999999999999999 1 644 0 0 1 1 1\\0./b\\0\\0'; exit 3", "exit code 3")]
    public void A_host_that_sends_anything_as_a_list_is_an_error(string command, string words)
    {
        RemoteHost host = server.Host($"lists-{Guid.NewGuid():N}", $"printf 'splice-ready 0 pax\\nsplice-list find - - 0\\n'; {command}");
        Write("source/file", "x");
        TransferException error = Remotes.Error(Remotes.Send(Request(host) with { Ssh = server.Options }), TransferErrorId.RemoteFailed);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_file_is_refused()
    {
        SendRequest request = Request(server.Host()) with { Source = _workspace.WriteRandom("source", 10) };
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Send(request)).Id);
    }

    public void Dispose() => _workspace.Dispose();

    private static (long Updated, long Unchanged) Counts(RemoteTransferResult result) => (result.Updated, result.Unchanged);

    /// <summary>A host that keeps what it was sent last in the file "wire".</summary>
    private RemoteHost Counting(string shell) => server.Host($"counts-{Guid.NewGuid():N}",
        $"tee {_workspace["wire"]} | {(shell == "busybox" ? server.BusyboxCommand : $"{shell} -c")} \"$SSH_ORIGINAL_COMMAND\"");

    private List<string> Planned(SendRequest request, string target)
    {
        List<string> planned = [];
        RemoteCopy.Send(request with { IsDryRun = true }, TransferMonitor.None, outcome => Assert.True(outcome.Error is null, outcome.Error?.Message), fail: null, (_, item) =>
        {
            Assert.StartsWith(_workspace["source/"], item.Source, StringComparison.Ordinal);
            planned.Add($"{item.Status} {Path.GetRelativePath(_workspace[target], item.Destination)}");
        });
        planned.Sort(StringComparer.Ordinal);
        return planned;
    }

    private SendRequest Request(RemoteHost host) => new()
    {
        Source = _workspace["source"],
        Hosts = [host],
        Destination = Directory.CreateDirectory(_workspace["target"]).FullName,
        Ssh = server.SharedConnection,
        Recurse = true,
        Update = UpdateMode.Changed,
    };

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_workspace[name])!);
        File.WriteAllText(_workspace[name], text);
    }
}
