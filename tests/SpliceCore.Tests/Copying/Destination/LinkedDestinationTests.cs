using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>Symbolic links that are copied as links, and what they lead to: no content that there is once is lost.</summary>
public sealed class LinkedDestinationTests : IDisposable
{
    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("foo")]
    [InlineData("./foo")]
    [InlineData("other/../foo")]
    [InlineData("absolute")]
    [InlineData("second")]
    public void A_link_does_not_replace_what_it_leads_to(string target)
    {
        Directory.CreateDirectory(_folder["other"]);
        File.CreateSymbolicLink(_folder["second"], "foo");
        File.CreateSymbolicLink(_folder["link"], target == "absolute" ? _folder["foo"] : target);
        File.WriteAllText(_folder["foo"], "XYZ");

        TransferException error = Assert.Throws<TransferException>(() => Copy("link", "foo"));

        Assert.Equal(TransferErrorId.SameFile, error.Id);
        Assert.Equal("XYZ", File.ReadAllText(_folder["foo"]));
        Assert.Null(new FileInfo(_folder["foo"]).LinkTarget);
    }

    [Fact]
    public void A_link_does_not_replace_another_name_of_what_it_leads_to()
    {
        Directory.CreateDirectory(_folder["far/away"]);
        File.WriteAllText(_folder["foo"], "XYZ");
        Posix.HardLink(_folder, "foo", "far/away/foo");
        File.CreateSymbolicLink(_folder["link"], "foo");

        Assert.Equal(TransferErrorId.SameFile, Assert.Throws<TransferException>(() => Copy("link", "far/away/foo")).Id);

        Assert.Equal("XYZ", File.ReadAllText(_folder["far/away/foo"]));
    }

    [Fact]
    public void A_link_does_not_replace_a_link_that_it_leads_through()
    {
        File.WriteAllText(_folder["foo"], "XYZ");
        File.CreateSymbolicLink(_folder["second"], "foo");
        File.CreateSymbolicLink(_folder["first"], "second");

        Assert.Equal(TransferErrorId.SameFile, Assert.Throws<TransferException>(() => Copy("first", "second")).Id);

        Assert.Equal("foo", new FileInfo(_folder["second"]).LinkTarget);
    }

    [Fact]
    public void A_link_does_not_replace_what_its_text_leads_to_from_the_new_place()
    {
        // From where it is the link leads nowhere.
        Directory.CreateDirectory(_folder["from"]);
        Directory.CreateDirectory(_folder["to"]);
        File.WriteAllText(_folder["to/conf"], "keep");
        File.CreateSymbolicLink(_folder["from/conf"], "conf");

        Assert.Equal(TransferErrorId.SameFile, Assert.Throws<TransferException>(() => Copy("from/conf", "to")).Id);

        Assert.Equal("keep", File.ReadAllText(_folder["to/conf"]));
    }

    [Theory]
    [InlineData("../dst/conf", PreserveAttributes.Mode)]
    [InlineData("../dst/conf", PreserveAttributes.All)]
    [InlineData("../dst/inner/../conf", PreserveAttributes.All)]
    public void A_link_in_a_tree_does_not_replace_what_it_leads_to(string target, PreserveAttributes preserve)
    {
        Directory.CreateDirectory(_folder["src/inner"]);
        Directory.CreateDirectory(_folder["dst/inner"]);
        File.WriteAllText(_folder["dst/conf"], "keep");
        File.WriteAllText(_folder["src/other"], "other");
        File.CreateSymbolicLink(_folder["src/conf"], target);

        (TransferResult result, List<TransferException> errors) =
            TreeCopies.CopyWithErrors(TreeCopies.Request(_folder["src/."], _folder["dst"], preserve));

        Assert.Equal(TransferErrorId.SameFile, Assert.Single(errors).Id);
        Assert.Equal("keep", File.ReadAllText(_folder["dst/conf"]));
        Assert.Equal("other", File.ReadAllText(_folder["dst/other"]));
        Assert.Equal(1, result.FileCount);
    }

    [Fact]
    public void Two_names_of_a_link_in_a_tree_do_not_replace_what_they_lead_to()
    {
        Directory.CreateDirectory(_folder["src"]);
        Directory.CreateDirectory(_folder["dst"]);
        File.WriteAllText(_folder["dst/one"], "keep one");
        File.WriteAllText(_folder["dst/two"], "keep two");
        File.CreateSymbolicLink(_folder["src/one"], "../dst/two");
        Posix.HardLink(_folder, "src/one", "src/two");

        (_, List<TransferException> errors) =
            TreeCopies.CopyWithErrors(TreeCopies.Request(_folder["src/."], _folder["dst"], PreserveAttributes.All));

        // Whichever comes first: "one" may become the link, and "two" must stay what it leads to.
        Assert.All(errors, error => Assert.Equal(TransferErrorId.SameFile, error.Id));
        Assert.NotEmpty(errors);
        Assert.Equal("keep two", File.ReadAllText(_folder["dst/two"]));
    }

    [Fact]
    public void A_tree_with_links_may_be_copied_over_its_older_copy()
    {
        Directory.CreateDirectory(_folder["src/inner"]);
        File.WriteAllText(_folder["src/file"], "file");
        File.CreateSymbolicLink(_folder["src/to-file"], "file");
        File.CreateSymbolicLink(_folder["src/absolute"], _folder["src/file"]);
        File.CreateSymbolicLink(_folder["src/inner/up"], "../file");
        File.CreateSymbolicLink(_folder["src/loop"], "loop");
        File.CreateSymbolicLink(_folder["src/nowhere"], "missing");
        File.CreateSymbolicLink(_folder["src/to-folder"], "inner");
        File.CreateSymbolicLink(_folder["src/changed"], "changed");
        TreeCopies.Copy(_folder["src"], _folder["dst"], PreserveAttributes.All);
        File.Delete(_folder["dst/changed"]);
        File.CreateSymbolicLink(_folder["dst/changed"], "older");

        TransferResult again = TreeCopies.Copy(_folder["src/."], _folder["dst"], PreserveAttributes.All);

        Assert.Equal(0, again.Failed);
        Assert.Equal("file", new FileInfo(_folder["dst/to-file"]).LinkTarget);
        Assert.Equal("loop", new FileInfo(_folder["dst/loop"]).LinkTarget);
    }

    [Theory]
    [InlineData("../t", false)]
    [InlineData("../missing", false)]
    [InlineData("../t", true)]
    public void No_file_is_written_through_a_link_that_the_same_command_made(string target, bool append)
    {
        Directory.CreateDirectory(_folder["a"]);
        Directory.CreateDirectory(_folder["b"]);
        Directory.CreateDirectory(_folder["c"]);
        File.CreateSymbolicLink(_folder["a/1"], target);
        File.WriteAllText(_folder["b/1"], "payload");
        File.WriteAllText(_folder["t"], "keep");
        var created = new CreatedFiles();

        Copy("a/1", "c", created, append);
        TransferException error = Assert.Throws<TransferException>(() => Copy("b/1", "c", created, append));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal("keep", File.ReadAllText(_folder["t"]));
        Assert.Equal(target, new FileInfo(_folder["c/1"]).LinkTarget);
        Assert.False(File.Exists(_folder["missing"]));
    }

    [Theory]
    [InlineData("c/link")]
    [InlineData("c/link/inner")]
    [InlineData("way/inner")]
    public void Nothing_goes_into_a_folder_through_a_link_that_the_same_command_made(string destination)
    {
        Directory.CreateDirectory(_folder["a"]);
        Directory.CreateDirectory(_folder["c"]);
        Directory.CreateDirectory(_folder["outside/inner"]);
        File.CreateSymbolicLink(_folder["a/link"], "../outside");
        File.CreateSymbolicLink(_folder["way"], "c/link");
        File.WriteAllText(_folder["file"], "payload");
        Directory.CreateDirectory(_folder["tree"]);
        var created = new CreatedFiles();

        Copy("a/link", "c", created);
        Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => Copy("file", destination, created)).Id);
        Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => Copy("tree", destination, created)).Id);

        Assert.Equal(["inner"], Directory.GetFileSystemEntries(_folder["outside"]).Select(Path.GetFileName));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["outside/inner"]));
    }

    [Fact]
    public void Nothing_is_written_through_a_link_in_a_tree_that_the_same_command_made()
    {
        Directory.CreateDirectory(_folder["tree"]);
        File.CreateSymbolicLink(_folder["tree/link"], "../outside");
        File.WriteAllText(_folder["outside"], "keep");
        File.WriteAllText(_folder["file"], "payload");
        var created = new CreatedFiles();

        Copy("tree", "copy", created);
        Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => Copy("file", "copy/link", created)).Id);

        Assert.Equal("keep", File.ReadAllText(_folder["outside"]));
    }

    [Fact]
    public void Links_that_were_there_before_are_followed()
    {
        Directory.CreateDirectory(_folder["c"]);
        Directory.CreateDirectory(_folder["outside"]);
        File.CreateSymbolicLink(_folder["c/old"], "../outside");
        File.CreateSymbolicLink(_folder["c/file"], "../outside/target");
        File.CreateSymbolicLink(_folder["link"], "somewhere");
        File.WriteAllText(_folder["file"], "payload");
        var created = new CreatedFiles();

        Copy("link", "c", created);
        Copy("file", "c/old", created);
        Copy("file", "c", created);

        Assert.Equal("payload", File.ReadAllText(_folder["outside/file"]));
        Assert.Equal("payload", File.ReadAllText(_folder["outside/target"]));
    }

    [Fact]
    public void A_special_file_that_the_same_command_made_is_not_written_into()
    {
        Directory.CreateDirectory(_folder["a"]);
        Directory.CreateDirectory(_folder["b"]);
        Directory.CreateDirectory(_folder["c"]);
        Command.Check("mkfifo", _folder["a/1"]);
        File.WriteAllText(_folder["b/1"], "payload");
        var created = new CreatedFiles();

        Copy("a/1", "c", created);

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => Copy("b/1", "c", created)).Id);
    }

    private TransferResult Copy(string source, string destination, CreatedFiles? created = null, bool append = false)
    {
        TreeRequest request = TreeCopies.Request(_folder[source], _folder[destination]);
        return TreeCopy.Copy(request with { Copy = request.Copy with { CreatedFiles = created, Append = append } }, TreeMonitor.None);
    }
}
