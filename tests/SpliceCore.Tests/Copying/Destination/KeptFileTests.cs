using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>A file that was left as it is, since it is the copy of one source: no other source of the command replaces it.</summary>
public sealed class KeptFileTests : IDisposable
{
    private readonly Workspace _folder = new();
    private readonly CreatedFiles _created = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Another_source_does_not_replace_it(bool isTree, bool hasOtherName)
    {
        Shell($"mkdir one two copy && echo first > one/a && echo second > two/a && cp -p one/a copy/a {(hasOtherName ? "&& ln copy/a copy/other" : string.Empty)}");

        if (isTree)
        {
            Assert.Empty(CopyTree("one"));
            Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(CopyTree("two")).Id);
        }
        else
        {
            Assert.Equal(ItemStatus.Unchanged, CopyFile("one/a").Status);
            Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => CopyFile("two/a")).Id);
        }

        Assert.Equal("first\n", File.ReadAllText(_folder["copy/a"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_source_replaces_another_name_of_it(bool isResume)
    {
        Shell("mkdir one copy && echo first > one/a && echo second > one/b && cp -p one/a copy/a && ln copy/a copy/b");

        Assert.Equal(ItemStatus.Unchanged, CopyFile("one/a", isResume).Status);
        Assert.Equal(ItemStatus.Updated, CopyFile("one/b", isResume).Status);

        Assert.Equal("first\nsecond\n", File.ReadAllText(_folder["copy/a"]) + File.ReadAllText(_folder["copy/b"]));
    }

    /// <summary>Several, since the order in a folder is the file system's.</summary>
    [Fact]
    public void Names_that_were_added_to_it_are_not_replaced()
    {
        Shell("mkdir one two copy && for i in 1 2 3 4 5 6 7 8; do "
            + "echo first > one/a$i && ln one/a$i one/b$i && echo second > two/b$i && cp -p one/a$i copy/a$i && ln copy/a$i copy/other$i || exit; done");

        Assert.Empty(CopyTree("one"));
        List<TransferException> errors = CopyTree("two");

        Assert.Equal(8, errors.Count);
        Assert.All(errors, error => Assert.Equal(TransferErrorId.DestinationExists, error.Id));
        Assert.All(Enumerable.Range(1, 8), i => Assert.Equal("first\n", File.ReadAllText(_folder[$"copy/b{i}"])));
    }

    [Fact]
    public void A_link_that_was_left_is_not_written_through()
    {
        Shell("mkdir -p one two/link copy elsewhere && ln -s ../elsewhere one/link && echo second > two/link/file && cp -a one/link copy/link");

        Assert.Empty(CopyTree("one"));
        TransferException failure = Assert.Throws<TransferException>(() => TreeCopy.Copy(Tree("two/link", "copy"), TreeMonitor.None));

        Assert.Equal(TransferErrorId.DestinationExists, failure.Id);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["elsewhere"]));
    }

    public void Dispose() => _folder.Dispose();

    private TransferResult CopyFile(string source, bool isResume = false) => FileCopy.Copy(
        Request(source, "copy") with { Update = isResume ? UpdateMode.Always : UpdateMode.Changed, Resume = isResume }, TransferMonitor.None);

    private List<TransferException> CopyTree(string source) => TreeCopies.CopyWithErrors(Tree($"{source}/.", "copy")).Errors;

    private TreeRequest Tree(string source, string destination)
    {
        TreeRequest request = TreeCopies.Request(_folder[source], _folder[destination]);
        return request with { Copy = Request(source, destination) with { Preserve = request.Copy.Preserve } };
    }

    private CopyRequest Request(string source, string destination) => new()
    {
        Source = _folder[source],
        Destination = _folder[destination],
        Update = UpdateMode.Changed,
        Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps,
        CreatedFiles = _created,
    };

    private void Shell(string commands) => Command.Check("sh", "-c", $"cd '{_folder.Folder}' && {commands}");
}
