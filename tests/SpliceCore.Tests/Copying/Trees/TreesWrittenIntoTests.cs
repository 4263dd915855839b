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

    public void Dispose() => _workspace.Dispose();

    private void MakeLinkedSource()
    {
        File.WriteAllText(_workspace["source/a"], "new");
        Command.Check("ln", _workspace["source/a"], _workspace["source/b"]);
    }

    private string Inodes() => Command.Check("stat", "-c", "%i", _workspace["copy/source/a"], _workspace["copy/source/b"]);

    private TransferResult Copy(bool append) => TreeCopy.Copy(
        new TreeRequest
        {
            Copy = new CopyRequest
            {
                Source = _workspace["source"],
                Destination = _workspace["copy"],
                Append = append,
                InPlace = !append,
                Preserve = PreserveAttributes.All,
                CreatedFiles = new CreatedFiles(),
            },
        },
        new TreeMonitor(Failed: _errors.Add));
}
