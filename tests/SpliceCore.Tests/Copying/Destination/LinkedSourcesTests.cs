using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>Files that must not be written in place, since they have other names.</summary>
public sealed class LinkedSourcesTests : IDisposable
{
    private readonly Workspace _folder = new();
    private readonly CreatedFiles _created = new();

    public LinkedSourcesTests() => Command.Check(
        "sh", "-ec", $"cd '{_folder.Folder}'; mkdir tree; touch tree/a d; ln tree/a b; ln tree/a c; ln d e");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tree", true, true)]
    [InlineData("tree", false, false)]
    [InlineData("b", false, true)]
    [InlineData("d", false, false)]
    [InlineData("missing", true, false)]
    public void A_file_with_another_name_in_a_source_is_known(string source, bool isTree, bool isKnown)
    {
        _created.AddSource(_folder[source], isTree, followLinks: false);

        Assert.Equal(isKnown, _created.IsSource(Look("c"), CancellationToken.None));
    }

    [Fact]
    public void A_source_that_could_not_be_read_is_read_again()
    {
        string link = _folder["link"];
        File.CreateSymbolicLink(link, new string('x', 300));
        _created.AddSource(link, isTree: true, followLinks: true);

        var error = Assert.Throws<TransferException>(() => _created.IsSource(Look("c"), CancellationToken.None));

        Assert.Equal(Errno.ENAMETOOLONG, error.Errno);
        File.Delete(link);
        File.CreateSymbolicLink(link, "tree");
        Assert.True(_created.IsSource(Look("c"), CancellationToken.None));
    }

    [Fact]
    public void A_file_is_written_under_one_name_and_by_one_source()
    {
        FileStatus file = Look("b");
        FileIdentity source = Look("d").Inode;

        Assert.True(_created.TryWrite(file, source, "b"));
        Assert.True(_created.TryWrite(file, source, "b"));
        Assert.False(_created.TryWrite(file, source, "c"));
        Assert.False(_created.TryWrite(file, file.Inode, "b"));
        Assert.False(_created.TryKeep(file));
    }

    [Fact]
    public void A_file_that_is_left_as_it_is_is_not_written()
    {
        FileStatus file = Look("b");

        Assert.True(_created.TryKeep(file));
        Assert.True(_created.TryKeep(file));
        Assert.False(_created.TryWrite(file, Look("d").Inode, "b"));
    }

    private FileStatus Look(string name)
    {
        Assert.True(FileStatus.TryGet(_folder[name], followLink: false, out FileStatus? status).Ok);
        return status!;
    }
}
