using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder on a host is synchronized as one here is: its contents, with the guards of Sync-ItemZeroCopy.</summary>
public sealed class HostSyncTests(SshServer server, MountedFileSystems fileSystems, ITestOutputHelper output) : UpdateTests(server)
{
    private const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.Allocation;

    private static readonly int Rounds = FullRun.Rounds(everyday: 6, full: 100);

    [Fact]
    public void A_random_folder_becomes_as_a_synchronization_here_makes_it_and_a_second_run_sends_nothing()
    {
        SshServer.Require();
        Command.Require("getfattr");
        using Workspace workspace = fileSystems.NewFolder(FileSystem.Ext4);
        var random = new Random(FullRun.Seed(output));
        for (int round = 0; round < Rounds; round++)
        {
            int seed = random.Next();
            using var folder = new Workspace(workspace.Folder);
            UpdateOracleTests.MakePair(folder, new Random(seed), TreeKinds.Sockets);
            Command.Check("cp", "-a", folder["d/s"], folder["local"]);
            var request = new SendRequest
            {
                Source = folder["s"],
                Hosts = [Server.Host()],
                Destination = folder["d/s"],
                Ssh = Server.SharedConnection,
                Recurse = true,
                ContentsOnly = true,
                Update = UpdateMode.Changed,
                RemoveExtra = true,
                MaximumRemoval = long.MaxValue,
                AllowEmptySource = true,
                Preserve = PreserveAttributes.All,
                Force = true,
            };
            TransferResult local = SyncFolders.Complete(new SyncRequest
            {
                Tree = new TreeRequest
                {
                    Copy = new CopyRequest { Source = folder["s"], Destination = folder["local"], Update = UpdateMode.Changed, Preserve = request.Preserve, Force = true },
                },
                RemoveExtra = true,
                MaximumRemoval = long.MaxValue,
                AllowEmptySource = true,
            });

            RemoteOutcome outcome = Assert.Single(Remotes.Send(request));

            string where = $"pair {seed}\n";
            Assert.True(outcome.Error is null, where + outcome.Error?.Message);
            Assert.True((local.FileCount, local.Removed) == (outcome.Result!.FileCount, outcome.Result.Removed),
                $"{where}{local.FileCount} files, {local.Removed} removed here; {outcome.Result.FileCount} and {outcome.Result.Removed} there");
            var updated = TreeListing.Of(folder["d/s"], sync: false);
            UpdateOracleTests.AssertSame(where, TreeListing.Of(folder["local"], sync: false), updated, Aspects);
            RemoteTransferResult second = Remotes.Result(Remotes.Send(request));
            Assert.True((second.BytesSent, second.Updated, second.Removed) == (0, 0, 0), $"{where}{second.BytesSent} bytes, {second.Updated} updated, {second.Removed} removed");
            UpdateOracleTests.AssertSame(where + "the second run: ", updated, TreeListing.Of(folder["d/s"], sync: false), Aspects);
        }
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void The_contents_go_into_a_missing_folder_an_existing_one_and_a_linked_one(string shell)
    {
        Shell("mkdir -p source/sub existing/extra real && echo 1 > source/sub/f && echo 2 > source/g && echo old > existing/g && ln -s real linked");
        foreach (string name in new[] { "missing", "existing", "linked" })
        {
            Remotes.Result(Remotes.Send(Mirror(shell, name)));

            Assert.Equal("g sub sub/f", Paths($"{name}/."));
            Assert.Equal("2\n", File.ReadAllText(Folder[$"{name}/g"]));
        }

        Assert.True(new DirectoryInfo(Folder["linked"]).LinkTarget is not null);
        Remotes.Error(Remotes.Send(Mirror(shell, "no/such")), TransferErrorId.DestinationFolderNotFound);
        Remotes.Error(Remotes.Send(Mirror(shell, "existing/g")), TransferErrorId.DestinationExists);
        Assert.Equal("g sub sub/f", Paths("existing"));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void The_root_folder_is_refused_by_any_name(string shell)
    {
        Shell("mkdir source && echo 1 > source/splice-root-test && ln -s / root");
        foreach (string name in new[] { "/", "//", "/.", "/usr/..", Folder["root"] })
        {
            TransferException error = Remotes.Error(Remotes.Send(Mirror(shell, "x") with { Destination = name, RemoveExtra = false }), TransferErrorId.InvalidPath);

            Assert.Contains("root folder", error.Problem, StringComparison.Ordinal);
        }

        Assert.False(File.Exists("/splice-root-test"));
    }

    [Fact]
    public void An_empty_or_missing_source_and_a_file_are_refused_before_a_connection()
    {
        Shell("mkdir -p source existing && echo 1 > file && echo 1 > existing/f");
        SendRequest request = Mirror("bash", "existing") with { Ssh = new SshOptions { ConfigFile = Folder["none"] } };
        foreach ((string name, bool removes, TransferErrorId id) in new[]
        {
            ("source", true, TransferErrorId.EmptySource),
            ("source", false, TransferErrorId.EmptySource),
            ("none", true, TransferErrorId.SourceNotFound),
            ("file", true, TransferErrorId.SourceNotFolder),
        })
        {
            Assert.Equal(id, Assert.Throws<TransferException>(() => Remotes.Send(request with { Source = Folder[name], RemoveExtra = removes })).Id);
        }

        Assert.Equal(1, Remotes.Result(Remotes.Send(Mirror("bash", "existing") with { AllowEmptySource = true })).Removed);
        Assert.Empty(Paths("existing"));
    }

    private SendRequest Mirror(string shell, string destination) => SendTo(Server.Host(shell)) with
    {
        Destination = Folder[destination],
        ContentsOnly = true,
        RemoveExtra = true,
    };

    private string Shell(string commands) => Command.Check("sh", "-c", $"cd '{Folder.Folder}' && {commands}");

    private string Paths(string name) => Shell($"cd '{name}' && find . -mindepth 1 | cut -c3- | LC_ALL=C sort | tr '\\n' ' '").Trim();
}
