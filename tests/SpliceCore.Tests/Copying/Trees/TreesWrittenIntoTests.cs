using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Trees whose files go into those that are there.</summary>
public sealed class TreesWrittenIntoTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly CreatedFiles _created = new();
    private readonly List<TransferException> _errors = [];

    public TreesWrittenIntoTests()
    {
        Directory.CreateDirectory(_workspace["source"]);
        Directory.CreateDirectory(_workspace["copy/source"]);
    }

    private TreeRequest Request => new()
    {
        Copy = new CopyRequest
        {
            Source = _workspace["source"],
            Destination = _workspace["copy"],
            InPlace = true,
            Preserve = PreserveAttributes.All,
            CreatedFiles = _created,
        },
    };

    [Theory]
    [InlineData(true, "oldnew", "othernew")]
    [InlineData(false, "new", "new")]
    public void A_file_is_not_replaced_by_a_hard_link(bool append, string first, string second)
    {
        MakeLinkedSource();
        File.WriteAllText(_workspace["copy/source/a"], "old");
        File.WriteAllText(_workspace["copy/source/b"], "other");
        string before = Inodes();

        TransferResult result = Copy(append);

        Assert.Equal((2L, 0L), (result.FileCount, result.Failed));
        Assert.Equal((first, second), (File.ReadAllText(_workspace["copy/source/a"]), File.ReadAllText(_workspace["copy/source/b"])));
        Assert.Equal(before, Inodes());
    }

    [Theory]
    [InlineData(true, "oldnew")]
    [InlineData(false, "new")]
    public void Names_of_one_file_are_written_into_once(bool append, string content)
    {
        MakeLinkedSource();
        File.WriteAllText(_workspace["copy/source/a"], "old");
        Command.Check("ln", _workspace["copy/source/a"], _workspace["copy/source/b"]);
        string before = Inodes();

        TransferResult result = Copy(append);

        Assert.Empty(_errors);
        Assert.Equal((2L, 0L), (result.FileCount, result.Failed));
        Assert.Equal(content, File.ReadAllText(_workspace["copy/source/b"]));
        Assert.Equal(before, Inodes());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_is_not_replaced_by_a_link_or_special_file(bool append)
    {
        File.CreateSymbolicLink(_workspace["source/link"], "nowhere");
        Posix.MakeFifo(_workspace["source/fifo"]);
        File.WriteAllText(_workspace["copy/source/link"], "old");
        File.WriteAllText(_workspace["copy/source/fifo"], "old");

        TransferResult result = Copy(append);

        Assert.Equal(2, result.Failed);
        Assert.All(_errors, error => Assert.Equal(TransferErrorId.ConflictingOptions, error.Id));
        Assert.Equal(("old", "old"), (File.ReadAllText(_workspace["copy/source/link"]), File.ReadAllText(_workspace["copy/source/fifo"])));
    }

    [Fact]
    public void A_file_is_not_replaced_by_a_link_that_was_named()
    {
        File.CreateSymbolicLink(_workspace["link"], "nowhere");
        File.WriteAllText(_workspace["copy/link"], "old");

        TransferException error = Assert.Throws<TransferException>(() => TreeCopy.Copy(
            new TreeRequest
            {
                Copy = new CopyRequest { Source = _workspace["link"], Destination = _workspace["copy"], Append = true },
            },
            TreeMonitor.None));

        Assert.Equal(TransferErrorId.ConflictingOptions, error.Id);
        Assert.Equal("old", File.ReadAllText(_workspace["copy/link"]));
    }

    [Theory]
    [InlineData(UpdateMode.Always, false)]
    [InlineData(UpdateMode.Changed, false)]
    [InlineData(UpdateMode.Changed, true)]
    public void Another_file_of_the_source_is_not_overwritten_through_a_hard_link(UpdateMode update, bool isDryRun)
    {
        Shell("echo old >source/log; ln source/log copy/source/log; mv source/log source/log.1; echo newer >source/log");

        TransferResult result = Copy(append: false, update, isDryRun);

        Assert.Equal((1L, 1L), (result.FileCount, result.Failed));
        TransferException error = Assert.Single(_errors);
        Assert.Equal((TransferErrorId.SameFile, _workspace["copy/source/log"]), (error.Id, error.Target));
        Assert.Equal(("old\n", "newer\n"), (File.ReadAllText(_workspace["source/log.1"]), File.ReadAllText(_workspace["source/log"])));
        Assert.Equal(!isDryRun, File.Exists(_workspace["copy/source/log.1"]));
    }

    [Fact]
    public void An_excluded_file_of_the_source_is_not_overwritten_either()
    {
        Shell("echo old >source/keep; ln source/keep copy/source/f; echo new >source/f");

        TransferResult result = Copy(append: false, filter: new PathFilter(["keep"], []));

        Assert.Equal((0L, 1L), (result.FileCount, result.Failed));
        Assert.Equal("old\n", File.ReadAllText(_workspace["source/keep"]));
    }

    [Fact]
    public void The_copy_of_another_source_is_not_overwritten_through_a_hard_link()
    {
        Shell("echo one >source/a; echo two2 >source/b; cp -p source/a copy/source/a; ln copy/source/a copy/source/b");

        TransferResult result = Copy(append: false, UpdateMode.Changed);

        Assert.Equal((1L, 1L), (result.FileCount, result.Failed));
        TransferException error = Assert.Single(_errors);
        Assert.Equal(TransferErrorId.SameFile, error.Id);
        string copied = error.Target as string == _workspace["copy/source/b"] ? "one\n" : "two2\n";
        Assert.Equal(copied, File.ReadAllText(_workspace["copy/source/a"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_source_that_is_copied_later_is_not_overwritten_through_a_hard_link(bool isTree)
    {
        Shell("mkdir -p source/x source/y copy/x; echo old >source/y/g; ln source/y/g copy/x/f; echo new >source/x/f");
        CopyRequest request = Request.Copy with { Source = _workspace[isTree ? "source/x" : "source/x/f"], Destination = _workspace[isTree ? "copy" : "copy/x"] };
        request.CreatedFiles!.AddSource(request.Source, isTree, followLinks: !isTree);
        request.CreatedFiles.AddSource(_workspace[isTree ? "source/y" : "source/y/g"], isTree, followLinks: !isTree);

        if (isTree)
        {
            TreeCopy.Copy(new TreeRequest { Copy = request }, new TreeMonitor(Failed: _errors.Add));
        }
        else
        {
            _errors.Add(Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None)));
        }

        TransferException error = Assert.Single(_errors);
        Assert.Equal((TransferErrorId.SameFile, _workspace["copy/x/f"]), (error.Id, error.Target));
        Assert.Equal("old\n", File.ReadAllText(_workspace["source/y/g"]));
    }

    [Fact]
    public void A_file_in_a_followed_folder_is_not_overwritten_through_a_hard_link()
    {
        Shell("mkdir elsewhere; ln -s ../elsewhere source/link; ln -s ../source elsewhere/loop; "
            + "echo old >elsewhere/f; ln elsewhere/f copy/source/g; echo new >source/g");

        TreeCopy.Copy(Request with { FollowSymlink = true }, new TreeMonitor(Failed: _errors.Add));

        Assert.Contains(_errors, error => error.Id == TransferErrorId.SameFile && error.Target == _workspace["copy/source/g"]);
        Assert.Equal("old\n", File.ReadAllText(_workspace["elsewhere/f"]));
    }

    [Fact]
    public void Where_the_source_cannot_be_searched_for_hard_links_nothing_is_overwritten()
    {
        Command.RequireRoot();
        Shell("mkdir source/sub; echo old >source/sub/f; ln source/sub/f copy/source/g; echo new >source/g");
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(
            host.Id, ["strace", "-f", "-P", _workspace["source/sub"], "-e", "trace=getdents64", "-e", "inject=getdents64:error=EIO"]);

        TreeAnswer answer = host.Copy(Request);

        Assert.True(attached.Detach() > 0, "nothing was injected");
        Assert.Equal("old\n", File.ReadAllText(_workspace["source/sub/f"]));
        Assert.Contains(answer.Errors, error => (error.Errno, error.Target) == ("EIO", _workspace["source/g"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_is_being_written_is_not_written_under_another_name(bool isTree)
    {
        const int Size = 1 << 20;
        Shell("echo old >copy/source/a; ln copy/source/a copy/b; echo other >b");
        _workspace.WriteRandom("source/a", Size);
        CopyRequest slow = Request.Copy with { Method = TransferMethod.ReadWrite, RateLimit = new RateLimiter(Size) };
        Exception? second = null;
        void WriteOther() => second ??= Record.Exception(
            () => FileCopy.Copy(Request.Copy with { Source = _workspace["b"] }, TransferMonitor.None));

        if (isTree)
        {
            TreeCopy.Copy(Request with { Copy = slow }, new TreeMonitor(Progress: now =>
            {
                if (now.BytesCopied > 0)
                {
                    WriteOther();
                }
            }));
        }
        else
        {
            slow = slow with { Source = _workspace["source/a"], Destination = _workspace["copy/source"] };
            FileCopy.Copy(slow, new TransferMonitor(_ => WriteOther()));
        }

        Assert.Equal(TransferErrorId.SameFile, Assert.IsType<TransferException>(second).Id);
        Files.AssertSameBytes(_workspace["source/a"], _workspace["copy/b"]);
    }

    [Fact]
    public void Two_sources_leave_hard_links_of_one_file_unchanged()
    {
        Shell("echo same >source/a; cp -p source/a source/b; cp -p source/a copy/source/a; ln copy/source/a copy/source/b");
        CopyRequest request = Request.Copy with { Update = UpdateMode.Changed, Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps };

        TransferResult result = TreeCopy.Copy(Request with { Copy = request }, new TreeMonitor(Failed: _errors.Add));

        Assert.Empty(_errors);
        Assert.Equal(2L, result.Unchanged);
    }

    [Fact]
    public void An_unchanged_file_is_not_overwritten_through_a_hard_link()
    {
        Shell("echo one >source/a; echo two2 >source/b; cp -p source/a copy/a; ln copy/a copy/b");
        CopyRequest request = Request.Copy with { Source = _workspace["source/a"], Update = UpdateMode.Changed };

        TransferResult first = FileCopy.Copy(request, TransferMonitor.None);
        TransferException error = Assert.Throws<TransferException>(
            () => FileCopy.Copy(request with { Source = _workspace["source/b"] }, TransferMonitor.None));

        Assert.Equal((ItemStatus.Unchanged, TransferErrorId.SameFile), (first.Status, error.Id));
        Assert.Equal("one\n", File.ReadAllText(_workspace["copy/a"]));
    }

    [Fact]
    public void Other_hard_links_see_the_new_content()
    {
        Shell("echo newer >source/a; echo old >copy/other; ln copy/other copy/source/a");

        Copy(append: false, UpdateMode.Changed);

        Assert.Empty(_errors);
        Assert.Equal("newer\n", File.ReadAllText(_workspace["copy/other"]));
    }

    public void Dispose() => _workspace.Dispose();

    private void Shell(string script) => Command.Check("sh", "-ec", $"cd '{_workspace.Folder}'; {script}");

    private void MakeLinkedSource()
    {
        File.WriteAllText(_workspace["source/a"], "new");
        Command.Check("ln", _workspace["source/a"], _workspace["source/b"]);
    }

    private string Inodes() => Command.Check("stat", "-c", "%i", _workspace["copy/source/a"], _workspace["copy/source/b"]);

    private TransferResult Copy(bool append, UpdateMode update = UpdateMode.Always, bool isDryRun = false, PathFilter? filter = null) => TreeCopy.Copy(
        Request with { IsDryRun = isDryRun, Filter = filter, Copy = Request.Copy with { Append = append, InPlace = !append, Update = update } },
        new TreeMonitor(Failed: _errors.Add));
}
