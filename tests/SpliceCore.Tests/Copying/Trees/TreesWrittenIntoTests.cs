using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Trees whose files go into those that are there.</summary>
public sealed class TreesWrittenIntoTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly List<TransferException> _errors = [];

    public TreesWrittenIntoTests()
    {
        Directory.CreateDirectory(_workspace["source"]);
        Directory.CreateDirectory(_workspace["copy/source"]);
    }

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
        Shell("echo old >source/log; ln source/log copy/source/log; mv source/log source/log.1; echo new >source/log");

        TransferResult result = Copy(append: false, update, isDryRun);

        Assert.Equal((1L, 1L), (result.FileCount, result.Failed));
        TransferException error = Assert.Single(_errors);
        Assert.Equal((TransferErrorId.SameFile, _workspace["copy/source/log"]), (error.Id, error.Target));
        Assert.Equal(("old\n", "new\n"), (File.ReadAllText(_workspace["source/log.1"]), File.ReadAllText(_workspace["source/log"])));
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

    [Fact]
    public void An_unchanged_file_is_not_overwritten_through_a_hard_link()
    {
        Shell("echo one >source/a; echo two2 >source/b; cp -p source/a copy/a; ln copy/a copy/b");
        var request = new CopyRequest
        {
            Source = _workspace["source/a"],
            Destination = _workspace["copy"],
            InPlace = true,
            Update = UpdateMode.Changed,
            CreatedFiles = new CreatedFiles(),
        };

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
        new TreeRequest
        {
            IsDryRun = isDryRun,
            Filter = filter,
            Copy = new CopyRequest
            {
                Source = _workspace["source"],
                Destination = _workspace["copy"],
                Append = append,
                InPlace = !append,
                Update = update,
                Preserve = PreserveAttributes.All,
                CreatedFiles = new CreatedFiles(),
            },
        },
        new TreeMonitor(Failed: _errors.Add));
}
