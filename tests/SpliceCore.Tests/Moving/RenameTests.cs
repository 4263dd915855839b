using Xunit;

namespace Splice.Tests.Moving;

/// <summary>Moves within one file system, by rename(2).</summary>
public sealed class RenameTests : IDisposable
{
    private readonly Workspace _folder = Workspace.InMemory();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("file")]
    [InlineData("tree")]
    [InlineData("link")]
    [InlineData("dangling")]
    [InlineData("fifo")]
    public void An_item_gets_its_new_name_and_stays_the_same_inode(string name)
    {
        Make();
        string inode = Files.Metadata(_folder[name], "%i");

        TransferResult result = Move(name, "new");

        Assert.Equal((ItemStatus.Moved, "renamed", _folder["new"]), (result.Status, result.Reason, result.FullName));
        Assert.Equal(inode, Files.Metadata(_folder["new"], "%i"));
        Assert.DoesNotContain(name, _folder.Names);
        Assert.Equal(0, result.BytesCopied);
    }

    [Theory]
    [InlineData("file", "into")]
    [InlineData("tree", "into")]
    [InlineData("file", "into/")]
    [InlineData("tree", "to-into")]
    public void Into_a_folder_it_keeps_its_name(string name, string destination)
    {
        Make();

        TransferResult result = Move(name, destination);

        Assert.Equal(_folder[$"{destination.TrimEnd('/')}/{name}"], result.Destination);
        Assert.True(Path.Exists(_folder[$"into/{name}"]));
        Assert.False(Path.Exists(_folder[name]));
    }

    [Fact]
    public void A_folder_gets_a_name_with_a_slash_behind_it()
    {
        Make();

        Move("tree/", "new/");

        Assert.True(File.Exists(_folder["new/a/file"]));
    }

    [Fact]
    public void A_file_gets_no_name_with_a_slash_behind_it()
    {
        Make();

        AssertRefused(TransferErrorId.DestinationFolderNotFound, "file", "new/");
    }

    [Theory]
    [InlineData("file", false)]
    [InlineData("link", false)]
    [InlineData("file", true)]
    [InlineData("fifo", true)]
    [InlineData("link", true)]
    public void An_existing_file_is_replaced_only_on_request(string name, bool replace)
    {
        Make();
        _folder.Write("old", [9]);
        if (!replace)
        {
            AssertRefused(TransferErrorId.DestinationExists, name, "old");
            return;
        }

        string inode = Files.Metadata(_folder[name], "%i");
        Move(name, "old", replace);

        Assert.Equal(inode, Files.Metadata(_folder["old"], "%i"));
        Assert.False(Path.Exists(_folder[name]));
    }

    [Fact]
    public void A_device_is_not_replaced()
    {
        Command.RequireRoot();
        Make();
        Posix.MakeNullDevice(_folder["null"]);

        AssertRefused(TransferErrorId.DestinationNotReplaceable, "file", "null", replace: true);
        Move("null", "into");
        Assert.Equal("character special file", Files.Metadata(_folder["into/null"], "%F"));
    }

    [Fact]
    public void An_existing_link_is_replaced_and_its_target_stays()
    {
        Make();

        Move("file", "link", replace: true);

        Assert.Null(new FileInfo(_folder["link"]).LinkTarget);
        Assert.Equal([2], File.ReadAllBytes(_folder["tree/a/file"]));
    }

    [Theory]
    [InlineData("tree", "has-tree")]
    [InlineData("tree", "has-file")]
    [InlineData("file", "has-folder")]
    public void A_folder_is_never_replaced_nor_a_file_by_one(string source, string destination)
    {
        Make();
        Directory.CreateDirectory(_folder["has-tree/tree"]);
        Directory.CreateDirectory(_folder["has-file"]);
        _folder.Write("has-file/tree", [1]);
        Directory.CreateDirectory(_folder["has-folder/file"]);

        AssertRefused(TransferErrorId.DestinationExists, source, destination, replace: true);
    }

    [Theory]
    [InlineData("file", "file")]
    [InlineData("tree", ".")]
    [InlineData("file", "hard")]
    public void Two_names_of_one_file_are_an_error(string source, string destination)
    {
        Make();
        Posix.HardLink(_folder, "file", "hard");

        AssertRefused(TransferErrorId.SameFile, source, destination, replace: true);
    }

    [Theory]
    [InlineData("tree", "tree/a")]
    [InlineData("tree", "tree")]
    [InlineData("tree", "tree/new")]
    [InlineData("tree", "to-inside")]
    public void A_folder_does_not_go_into_itself(string source, string destination)
    {
        Make();
        File.CreateSymbolicLink(_folder["to-inside"], "tree/a");

        AssertRefused(TransferErrorId.CopyIntoItself, source, destination);
    }

    [Theory]
    [InlineData("tree/.")]
    [InlineData("tree/a/..")]
    [InlineData("/")]
    public void A_path_without_a_name_is_an_error(string source)
    {
        Make();

        AssertRefused(TransferErrorId.InvalidPath, source, "new");
    }

    [Theory]
    [InlineData("missing", "new", TransferErrorId.SourceNotFound)]
    [InlineData("file/x", "new", TransferErrorId.SourceNotFound)]
    [InlineData("file", "missing/new", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("tree", "file/new", TransferErrorId.DestinationFolderNotFound)]
    public void What_is_missing_is_an_error(string source, string destination, TransferErrorId id)
    {
        Make();

        AssertRefused(id, source, destination);
    }

    [Fact]
    public void A_link_does_not_replace_what_it_leads_to()
    {
        Make();

        AssertRefused(TransferErrorId.SameFile, "to-file", "file", replace: true);
    }

    [Fact]
    public void A_source_does_not_replace_an_earlier_one_of_the_command()
    {
        foreach (string name in new[] { "a", "b", "into" })
        {
            Directory.CreateDirectory(_folder[name]);
        }

        _folder.Write("a/x", [1]);
        _folder.Write("b/x", [2]);
        var created = new CreatedFiles();
        MoveRequest request = Request("a/x", "into", replace: true) with { CreatedFiles = created };
        ItemMove.Move(request, TreeMonitor.None);

        TransferException error = Assert.Throws<TransferException>(() => ItemMove.Move(request with { Source = _folder["b/x"] }, TreeMonitor.None));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal([1], File.ReadAllBytes(_folder["into/x"]));
        Assert.Equal([2], File.ReadAllBytes(_folder["b/x"]));
    }

    [Fact]
    public void A_mount_point_is_not_moved_and_a_folder_with_one_in_it_is()
    {
        Command.RequireRoot();
        Directory.CreateDirectory(_folder["tree/mount"]);
        Command.Check("mount", "-t", "tmpfs", "none", _folder["tree/mount"]);
        string mount = "tree/mount";
        try
        {
            AssertRefused(TransferErrorId.MountPoint, mount, "new");

            Move("tree", "new");
            mount = "new/mount";
            Assert.Equal("tmpfs", Command.Check("stat", "-f", "-c", "%T", _folder[mount]));
        }
        finally
        {
            Mount.Unmount(_folder[mount]);
        }
    }

    [Fact]
    public void The_preview_changes_nothing()
    {
        Make();
        string before = string.Join(' ', _folder.Names);

        MovePreview preview = ItemMove.Preview(Request("file", "into"));

        Assert.Equal(new MovePreview(_folder["into/file"], Copies: false, Replaces: false), preview);
        Assert.Throws<TransferException>(() => ItemMove.Preview(Request("file", "fifo")));
        Assert.Equal(before, string.Join(' ', _folder.Names));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["into"]));
    }

    [Fact]
    public void An_item_that_cannot_lose_its_old_name_is_not_moved()
    {
        Command.RequireRoot();
        Make();
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host.Id,
            ["strace", "-f", "-e", "trace=renameat2,unlinkat", "-e", "inject=renameat2:error=EINVAL", "-e", "inject=unlinkat:error=EPERM:when=1"]);

        TreeAnswer answer = host.Move(new MoveRequest { Source = _folder["file"], Destination = _folder["new"] });

        Assert.Equal("PermissionDenied", answer.Error);
        Assert.True(File.Exists(_folder["file"]));
        Assert.False(Path.Exists(_folder["new"]));
    }

    private void Make()
    {
        Directory.CreateDirectory(_folder["tree/a"]);
        Directory.CreateDirectory(_folder["into"]);
        _folder.Write("file", [1]);
        _folder.Write("tree/a/file", [2]);
        File.CreateSymbolicLink(_folder["link"], "tree/a/file");
        File.CreateSymbolicLink(_folder["to-file"], "file");
        File.CreateSymbolicLink(_folder["to-into"], "into");
        File.CreateSymbolicLink(_folder["dangling"], "nowhere");
        Posix.MakeFifo(_folder["fifo"]);
    }

    private MoveRequest Request(string source, string destination, bool replace = false) => new()
    {
        Source = source.StartsWith('/') ? source : $"{_folder.Folder}/{source}",
        Destination = $"{_folder.Folder}/{destination}",
        Replace = replace,
    };

    private TransferResult Move(string source, string destination, bool replace = false) =>
        ItemMove.Move(Request(source, destination, replace), TreeMonitor.None);

    private void AssertRefused(TransferErrorId id, string source, string destination, bool replace = false)
    {
        var before = TreeListing.Of(_folder.Folder, sync: false);

        TransferException error = Assert.Throws<TransferException>(() => Move(source, destination, replace));

        Assert.Equal(id, error.Id);
        before.AssertSame(TreeListing.Of(_folder.Folder, sync: false), TreeAspects.Untouched & ~TreeAspects.AccessTime);
    }
}
