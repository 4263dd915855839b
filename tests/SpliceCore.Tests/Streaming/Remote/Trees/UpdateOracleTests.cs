using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>Random trees that changed since they were transferred are mirrored beside rsync(1) over ssh, and the results compared.</summary>
public sealed class UpdateOracleTests(SshServer server, MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.Allocation;

    /// <summary>rsync takes times of the same second for the same, and leaves entries of some access control lists behind. Names that only the
    /// copies have were separated for it.</summary>
    private const TreeAspects RsyncDiffers = TreeAspects.Nanoseconds | TreeAspects.AccessLists | TreeAspects.Mode | TreeAspects.HardLinks;

    private static readonly int Rounds = FullRun.Rounds(everyday: 4, full: 50);

    [Fact]
    public void An_updated_folder_on_a_host_is_as_rsync_makes_it_and_a_second_run_sends_nothing() => AssertUpdates(TreeKinds.Sockets, isSent: true, folder =>
    {
        var request = new SendRequest
        {
            Source = folder["s"],
            Hosts = [server.Host()],
            Destination = folder["d"],
            Ssh = server.SharedConnection,
            Recurse = true,
            Update = UpdateMode.Changed,
            RemoveExtra = true,
            MaximumRemoval = long.MaxValue,
            AllowEmptySource = true,
            Preserve = PreserveAttributes.All,
            Force = true,
        };
        return (() => Remotes.Send(request), () => Planned(request));
    });

    /// <summary>GNU tar packs each name of a special file as a file of its own.</summary>
    [Fact]
    public void An_updated_folder_of_a_host_is_as_its_source_and_a_second_run_receives_nothing() =>
        AssertUpdates(TreeKinds.Sockets | TreeKinds.Devices | TreeKinds.Fifos, isSent: false, folder =>
        {
            var request = new ReceiveRequest
            {
                Source = folder["s"],
                Hosts = [server.Host()],
                Destination = folder["d"],
                Ssh = server.SharedConnection,
                Recurse = true,
                Update = UpdateMode.Changed,
                RemoveExtra = true,
                MaximumRemoval = long.MaxValue,
                AllowEmptySource = true,
                Preserve = PreserveAttributes.All,
                Force = true,
            };
            return (() => Remotes.Receive(request), () => []);
        });

    /// <param name="open">Returns the transfer of a pair of trees, and the list of its planned actions.</param>
    private void AssertUpdates(
        TreeKinds without, bool isSent, Func<Workspace, (Func<IReadOnlyList<RemoteOutcome>> Transfer, Func<List<string>> Planned)> open)
    {
        SshServer.Require();
        Command.Require("rsync", "getfattr");
        using Workspace workspace = fileSystems.NewFolder(FileSystem.Ext4);
        var random = new Random(FullRun.Seed(output));
        for (int round = 0; round < Rounds; round++)
        {
            int seed = random.Next();
            using var folder = new Workspace(workspace.Folder);
            Make(folder, new Random(seed), without);
            (string here, string there) = (isSent ? folder["s/"] : folder["rsync/"], $"{server.Host().Name}:{(isSent ? folder["rsync/"] : folder["s/"])}");
            Rsync(server.Host(), isSent ? here : there, isSent ? there : here);
            (Func<IReadOnlyList<RemoteOutcome>> transfer, Func<List<string>> planned) = open(folder);

            RemoteOutcome outcome = Assert.Single(transfer());

            string where = $"pair {seed}\n";
            // Holes arrive as zeros.
            string[] warnings = [.. (outcome.Result?.Warnings ?? []).Where(warning => !warning.StartsWith("The holes of ", StringComparison.Ordinal))];
            Assert.True(outcome.Error is null && warnings.Length == 0, $"{where}{outcome.Error?.Message}{string.Join('\n', warnings)}");
            var updated = TreeListing.Of(folder["d/s"], sync: false);
            AssertSame(where, TreeListing.Of(folder["rsync"], sync: false), updated, Aspects & ~RsyncDiffers);
            AssertSame(where, TreeListing.Of(folder["s"], sync: false), updated, Aspects);
            Assert.True(planned() is [], where + string.Join('\n', planned()));
            RemoteTransferResult second = Remotes.Result(transfer());
            Assert.True((second.BytesSent, second.Updated, second.Removed) == (0, 0, 0), $"{where}{second.BytesSent} bytes, {second.Updated} updated, {second.Removed} removed");
            AssertSame(where + "the second run: ", updated, TreeListing.Of(folder["d/s"], sync: false), Aspects);
        }
    }

    /// <summary>Makes a tree that changed, and an old copy of it with entries of its own.</summary>
    internal static void MakePair(Workspace folder, Random random, TreeKinds without)
    {
        TreeKinds kinds = HeldKinds.Of(folder.Folder) & ~without;
        RandomTree.Make(folder["s"], random.Next(), kinds);
        Directory.CreateDirectory(folder["d"]);
        Command.Check("cp", "-a", folder["s"], folder["d"]);
        RandomChanges.Make(folder["s"], random);
        RandomChanges.Make(folder["d/s"], random);
        RemoveConflicts(folder["s"], folder["d/s"], withFolders: false);

        // Temporary files are not mirrored.
        Command.Check("find", folder["s"], folder["d/s"], "-name", ".splice-*", "-prune", "-exec", "rm", "-rf", "{}", "+");
    }

    /// <summary>Makes a pair, and another old copy for rsync.</summary>
    private static void Make(Workspace folder, Random random, TreeKinds without)
    {
        MakePair(folder, random, without);

        // rsync leaves names of one file together that are files of their own in the source, and gives one's metadata to all.
        Command.Check("cp", "-a", "--no-preserve=links", folder["d/s"], folder["rsync"]);

        // It reads the default access control list of a file that is to be a folder, and fails.
        RemoveConflicts(folder["s"], folder["rsync"], withFolders: true);
    }

    /// <summary>Removes what is to be a link: one that leads to itself causes an error.</summary>
    private static void RemoveConflicts(string source, string destination, bool withFolders)
    {
        using SafeFileHandle top = EntryCalls.OpenFolder(destination);
        var wanted = TreeListing.Of(source, sync: false);
        foreach ((ByteString path, TreeEntry entry) in TreeListing.Of(destination, sync: false).Entries.Reverse())
        {
            if (wanted.Entries.TryGetValue(path, out TreeEntry? other) && other.Type != entry.Type
                && (other.Type == FileTypes.SymbolicLink || (withFolders && (entry.Type == FileTypes.Folder || other.Type == FileTypes.Folder))))
            {
                RandomChanges.Remove(top, path, entry);
            }
        }
    }

    /// <summary>Returns the planned actions of a dry run, with the reasons.</summary>
    private static List<string> Planned(SendRequest request)
    {
        List<string> planned = [];
        RemoteCopy.Send(request with { IsDryRun = true }, TransferMonitor.None, _ => { }, fail: null, (_, item) =>
        {
            if (item.Status != ItemStatus.Unchanged && item.DirectoryCount == 0)
            {
                planned.Add($"{item.Status} {item.Source} ({item.Reason})");
            }
        });
        return planned;
    }

    private void Rsync(RemoteHost host, string source, string destination)
    {
        string options = string.Join(' ', server.SharedConnection.Settings.Select(setting => $"-o {setting.Key}={setting.Value}"));
        string ssh = string.Create(CultureInfo.InvariantCulture, $"ssh -F /dev/null -i {server.KeyPath} -p {host.Port} {options}");
        Command.Check("rsync", "-aHAXS", "--delete", "-e", ssh, source, destination);
    }

    internal static void AssertSame(string where, TreeListing expected, TreeListing actual, TreeAspects aspects)
    {
        IReadOnlyList<string> differences = expected.DifferencesTo(actual, aspects);
        Assert.True(differences.Count == 0, where + string.Join('\n', differences.Select(difference => difference.Length > 200 ? $"...{difference[^200..]}" : difference)));
    }
}
