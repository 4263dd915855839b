using Microsoft.Win32.SafeHandles;
using Splice.Copying.Trees;
using Xunit;

namespace Splice.Tests.Copying.Trees;

public sealed class TreeRemoverTests(MountedFileSystems fileSystems) : IDisposable
{
    private readonly Workspace _workspace = Workspace.InMemory();

    public void Dispose()
    {
        Command.Run("chattr", "-R", "-i", "-a", _workspace.Folder);
        _workspace.Dispose();
    }

    [Fact]
    public void A_tree_of_all_kinds_goes_and_what_its_links_lead_to_stays()
    {
        RandomTree tree = RandomTree.Make(_workspace["tree"], seed: 7);
        Directory.CreateDirectory(_workspace["outside"]);
        _workspace.Write("outside/file", [1]);
        File.CreateSymbolicLink(_workspace["tree/to-folder"], _workspace["outside"]);
        File.CreateSymbolicLink(_workspace["tree/to-file"], _workspace["outside/file"]);

        (bool isGone, List<TransferException> errors, TreeRemover remover) = Remove("tree");

        Assert.True(isGone);
        Assert.Empty(errors);
        Assert.Equal(tree.Entries + 3, remover.Files + remover.Directories); // the links and the top
        Assert.Equal(["outside"], _workspace.Names);
        Assert.Equal([1], File.ReadAllBytes(_workspace["outside/file"]));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("fifo")]
    public void A_single_item_goes(string name)
    {
        _workspace.Write("file", [1]);
        File.CreateSymbolicLink(_workspace["link"], "file");
        Posix.MakeFifo(_workspace["fifo"]);

        (bool isGone, List<TransferException> errors, _) = Remove(name);

        Assert.True(isGone);
        Assert.Empty(errors);
        Assert.Equal(2, _workspace.Names.Length);
        Assert.DoesNotContain(name, _workspace.Names);
    }

    [Fact]
    public void What_is_missing_is_gone()
    {
        (bool isGone, List<TransferException> errors, _) = Remove("missing");

        Assert.True(isGone);
        Assert.Empty(errors);
    }

    [Fact]
    public void What_is_rejected_stays_with_the_folders_above_it()
    {
        foreach (string folder in new[] { "tree/a/b/c", "tree/a/other", "tree/kept" })
        {
            Directory.CreateDirectory(_workspace[folder]);
            _workspace.Write($"{folder}/file", [1]);
        }

        (bool isGone, List<TransferException> errors, TreeRemover remover) = Remove("tree", entry =>
            entry.Path != _workspace["tree/a/b/c/file"] && entry.Path != _workspace["tree/kept"]);

        Assert.False(isGone);
        Assert.Empty(errors);
        Assert.Equal(["tree", "tree/a", "tree/a/b", "tree/a/b/c", "tree/a/b/c/file", "tree/kept", "tree/kept/file"], Entries());
        Assert.Equal((1, 1), (remover.Files, remover.Directories));
    }

    [Fact]
    public void A_mount_point_stays_with_what_is_in_it()
    {
        Command.RequireRoot();
        Directory.CreateDirectory(_workspace["tree/mount"]);
        Directory.CreateDirectory(_workspace["tree/other"]);
        _workspace.Write("tree/file", [1]);
        _workspace.Write("bound", [1]);
        _workspace.Write("tree/bound", [2]);
        Command.Check("mount", "-t", "tmpfs", "none", _workspace["tree/mount"]);
        Command.Check("mount", "--bind", _workspace["bound"], _workspace["tree/bound"]);
        try
        {
            _workspace.Write("tree/mount/inside", [1]);

            (bool isGone, List<TransferException> errors, _) = Remove("tree");

            Assert.False(isGone);
            Assert.All(errors, error => Assert.Equal(TransferErrorId.MountPoint, error.Id));
            Assert.Equal([_workspace["tree/bound"], _workspace["tree/mount"]], errors.Select(error => error.Target).Order(StringComparer.Ordinal));
            Assert.Equal(["bound", "tree", "tree/bound", "tree/mount", "tree/mount/inside"], Entries());
        }
        finally
        {
            Command.Run("umount", _workspace["tree/mount"]);
            Command.Run("umount", _workspace["tree/bound"]);
        }
    }

    [Theory]
    [InlineData("+i", "tree/a/file", new[] { "tree", "tree/a", "tree/a/file" })]
    [InlineData("+a", "tree/a", new[] { "tree", "tree/a", "tree/a/file" })]
    public void What_is_immutable_stays_and_keeps_its_flag(string flag, string path, string[] left)
    {
        Command.Require("chattr", "lsattr");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Directory.CreateDirectory(folder["tree/a"]);
        folder.Write("tree/a/file", [1]);
        folder.Write("tree/other", [1]);
        Command.Check("chattr", flag, folder[path]);
        try
        {
            (bool isGone, List<TransferException> errors, _) = Remove("tree", folder: folder);

            Assert.False(isGone);
            Assert.Equal(TransferErrorId.PermissionDenied, Assert.Single(errors).Id);
            Assert.Equal(left, Entries(folder));
            Assert.Contains(flag[1], Command.Check("lsattr", "-d", folder[path]).Split(' ')[0]);
        }
        finally
        {
            Command.Check("chattr", "-ia", folder[path]);
        }
    }

    [Fact]
    public void A_user_removes_read_only_folders_of_their_own()
    {
        Command.RequireRoot();
        Command.Check("chmod", "0755", _workspace.Folder);
        Directory.CreateDirectory(_workspace["own/tree/closed/inner"]);
        _workspace.Write("own/tree/closed/inner/file", [1]);
        Command.Check("chmod", "0555", _workspace["own/tree/closed/inner"]);
        Command.Check("chmod", "0000", _workspace["own/tree/closed"]);
        Command.Check("chown", "-R", "65534:65534", _workspace["own"]);

        TreeAnswer answer = RemoveAsUser("own/tree");

        Assert.True(answer.Succeeded, answer.ToString());
        Assert.Equal(["own"], Entries());
    }

    [Fact]
    public void A_read_only_folder_that_stays_keeps_its_mode()
    {
        Command.RequireRoot();
        Command.Check("chmod", "0755", _workspace.Folder);
        Directory.CreateDirectory(_workspace["own/tree/closed/theirs"]);
        _workspace.Write("own/tree/closed/file", [1]);
        _workspace.Write("own/tree/closed/theirs/file", [1]);
        Command.Check("chmod", "0555", _workspace["own/tree/closed"]);
        Command.Check("chown", "-R", "65534:65534", _workspace["own"]);
        Command.Check("chown", "0:0", _workspace["own/tree/closed/theirs"]);

        TreeAnswer answer = RemoveAsUser("own/tree");

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("PermissionDenied", _workspace["own/tree/closed/theirs/file"]), (error.Id, error.Target));
        Assert.Equal(["own", "own/tree", "own/tree/closed", "own/tree/closed/theirs", "own/tree/closed/theirs/file"], Entries());
        Assert.Equal("555", Files.Metadata(_workspace["own/tree/closed"], "%a"));
    }

    [Fact]
    public void A_folder_that_is_not_opened_after_all_keeps_its_mode()
    {
        Command.RequireRoot();
        Command.Check("chmod", "0755", _workspace.Folder);
        Directory.CreateDirectory(_workspace["own/tree/closed"]);
        Command.Check("chmod", "0000", _workspace["own/tree/closed"]);
        Command.Check("chown", "-R", "65534:65534", _workspace["own"]);
        using var host = new TreeHostProcess(TestHost.PlainUser);

        // The first is refused, and the second is that by which the mode is changed.
        using var fault = new AttachedFault(host.Id, ["strace", "-f", "-P", "closed", "-e", "trace=openat", "-e", "inject=openat:error=EIO:when=3"]);
        TreeAnswer answer = host.Remove(_workspace["own/tree"]);

        Assert.Equal(1, fault.Detach());
        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("EIO", _workspace["own/tree/closed"]), (error.Errno, error.Target));
        Assert.Equal("0", Files.Metadata(_workspace["own/tree/closed"], "%a"));
    }

    [Fact]
    public void Deep_and_wide_trees_go_with_few_open_files()
    {
        Command.Require("prlimit");
        DeepTree.Make(_workspace["tree"], levels: 5_000);
        WideFolder.Make(_workspace["tree/d/wide"], FullRun.Count(everyday: 20_000, full: 100_000));
        using var host = new TreeHostProcess();
        Command.Check("prlimit", "--pid", host.Id, $"--nofile={host.State().Descriptors + 10}");

        TreeAnswer answer = host.Remove(_workspace["tree"]);

        Assert.True(answer.Succeeded, answer.ToString());
        Assert.Empty(_workspace.Names);
    }

    [Fact]
    public void What_appears_meanwhile_goes_too()
    {
        Directory.CreateDirectory(_workspace["tree/a"]);
        _workspace.Write("tree/a/file", [1]);

        (bool isGone, List<TransferException> errors, _) = Remove("tree", removed: entry =>
        {
            if (entry.Name.ToString() == "file")
            {
                _workspace.Write("tree/a/new", [1]);
            }
        });

        Assert.True(isGone);
        Assert.Empty(errors);
    }

    [Fact]
    public void A_folder_that_never_gets_empty_is_an_error()
    {
        int number = 0;
        Directory.CreateDirectory(_workspace["tree/a"]);
        _workspace.Write("tree/a/file", [1]);

        (bool isGone, List<TransferException> errors, _) = Remove("tree", removed: _ => _workspace.Write($"tree/a/{number++}", [1]));

        Assert.False(isGone);
        Assert.Equal((TransferErrorId.FolderChanged, _workspace["tree/a"]), (Assert.Single(errors).Id, errors[0].Target));
    }

    [Fact]
    public void It_stops_between_two_entries()
    {
        Directory.CreateDirectory(_workspace["tree/a"]);
        _workspace.Write("tree/a/1", [1]);
        _workspace.Write("tree/a/2", [1]);
        using var stop = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() => Remove("tree", removed: _ => stop.Cancel(), stop: stop));

        Assert.Single(Directory.GetFiles(_workspace["tree/a"]));
    }

    [Fact]
    public void A_link_put_in_place_of_a_folder_is_not_followed()
    {
        foreach (string folder in new[] { "source/one/deep", "source/two" })
        {
            Directory.CreateDirectory(_workspace[folder]);
            WideFolder.Make(_workspace[$"{folder}/many"], entries: 50);
        }

        var canary = Canary.Make(_workspace["outside"], _workspace["source"]);
        for (int round = 0; round < FullRun.Count(everyday: 50, full: 1_000); round++)
        {
            string tree = $"tree{round}";
            TreeCopies.Copy(_workspace["source"], _workspace[tree], PreserveAttributes.All);
            using SymlinkSwapper swapper = new SymlinkSwapper(_workspace[tree], _workspace[$"store{round}"])
                .WithLink("one", Path.Combine(canary.Folder, "one"))
                .WithLink("two/many", Path.Combine(canary.Folder, "two/many"))
                .Start();
            swapper.WaitFor(1);
            Remove(tree);
        }

        Assert.Empty(canary.Changes());
    }

    private (bool IsGone, List<TransferException> Errors, TreeRemover Remover) Remove(
        string name,
        Func<RemovalEntry, bool>? removes = null,
        Action<RemovalEntry>? removed = null,
        Workspace? folder = null,
        CancellationTokenSource? stop = null)
    {
        folder ??= _workspace;
        List<TransferException> errors = [];
        var remover = new TreeRemover(removes, errors.Add, stop?.Token ?? default) { Removed = removed };
        using SafeFileHandle handle = Posix.OpenRead(folder.Folder);
        return (remover.Remove(handle, name, folder.Folder), errors, remover);
    }

    private TreeAnswer RemoveAsUser(string name)
    {
        using var host = new TreeHostProcess(TestHost.PlainUser);
        return host.Remove(_workspace[name]);
    }

    private string[] Entries(Workspace? folder = null)
    {
        folder ??= _workspace;
        return [.. Directory.GetFileSystemEntries(folder.Folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder.Folder, path)).Order(StringComparer.Ordinal)];
    }
}
