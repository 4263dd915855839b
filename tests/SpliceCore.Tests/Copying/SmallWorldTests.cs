using Xunit;

namespace Splice.Tests.Copying;

/// <summary>Small cases that were wrong, found by random worlds.</summary>
public sealed class SmallWorldTests : IDisposable
{
    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The list's mask must not become the group's rights.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_existing_item_that_loses_its_list_gives_its_group_no_more_than_before(bool isFolder)
    {
        Command.Require("setfacl");
        foreach (string root in new[] { "source", "copy" })
        {
            Directory.CreateDirectory(_folder[isFolder ? $"{root}/item" : root]);
            File.WriteAllText(_folder[isFolder ? $"{root}/item/file" : $"{root}/item"], root);
        }

        Command.Check("setfacl", "--set", "u::rw,u:nobody:rw,g::-,m::rw,o::-", _folder["copy/item"]);
        Assert.Equal("660", Files.Metadata(_folder["copy/item"], "%a"));

        TreeCopies.Copy(_folder["source/."], _folder["copy"], PreserveAttributes.Acl);

        Assert.Equal("600", Files.Metadata(_folder["copy/item"], "%a"));
    }

    [Fact]
    public void A_file_that_is_replaced_with_a_list_keeps_its_mode_in_a_folder_with_a_default_list()
    {
        Command.Require("setfacl");
        _folder.Write("source", "new"u8.ToArray());
        Directory.CreateDirectory(_folder["copy"]);
        _folder.Write("copy/source", "old"u8.ToArray());
        Command.Check("setfacl", "--set", "u::rw,u:nobody:rw,g::-,m::rw,o::-", _folder["copy/source"]);
        Command.Check("setfacl", "-d", "--set", "u::rwx,u:nobody:rwx,g::rwx,m::rwx,o::-", _folder["copy"]);

        FileCopy.Copy(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], Preserve = PreserveAttributes.Acl }, TransferMonitor.None);

        Assert.Equal("600", Files.Metadata(_folder["copy/source"], "%a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_followed_link_to_a_FIFO_becomes_a_FIFO(bool isInFolder)
    {
        Directory.CreateDirectory(_folder["source"]);
        Posix.MakeFifo(_folder["fifo"]);
        File.CreateSymbolicLink(_folder["source/link"], "../fifo");

        TreeCopies.Copy(TreeCopies.Request(_folder[isInFolder ? "source" : "source/link"], _folder["copy"]) with { FollowSymlink = true });

        Assert.Equal("fifo", Files.Metadata(_folder[isInFolder ? "copy/link" : "copy"], "%F"));
    }

    [Fact]
    public void A_special_file_in_the_way_has_no_say_in_the_mode()
    {
        Directory.CreateDirectory(_folder["source"]);
        Directory.CreateDirectory(_folder["copy"]);
        _folder.Write("source/file", "new"u8.ToArray());
        Command.Check("chmod", "0644", _folder["source/file"]);
        Posix.MakeFifo(_folder["copy/file"]);

        TreeCopies.Copy(_folder["source/."], _folder["copy"], PreserveAttributes.None);

        Assert.Equal("644", Files.Metadata(_folder["copy/file"], "%a"));
    }

    /// <summary>Where the first source's folder is the destination of the next, that replaces nothing in it.</summary>
    [Theory]
    [InlineData("copy")]
    [InlineData("copy/inner")]
    public void A_link_does_not_replace_what_an_earlier_source_became(string destination)
    {
        Directory.CreateDirectory(_folder["source/inner"]);
        _folder.Write("source/link", "file"u8.ToArray());
        _folder.Write("source/inner/link", "file"u8.ToArray());
        File.CreateSymbolicLink(_folder["link"], "nowhere");
        var created = new CreatedFiles();
        TreeCopies.Copy(With(_folder["source"], _folder["copy"], created));

        TransferException failure = Assert.Throws<TransferException>(
            () => TreeCopy.Copy(With(_folder["link"], _folder[destination], created), TreeMonitor.None));

        Assert.Equal(TransferErrorId.DestinationExists, failure.Id);
        Assert.Equal("file", File.ReadAllText(_folder[$"{destination}/link"]));
    }

    [Fact]
    public void Sources_are_added_to_each_other_also_where_the_command_made_the_folder()
    {
        var created = new CreatedFiles();
        foreach (string name in new[] { "one", "two" })
        {
            Directory.CreateDirectory(_folder[name]);
            File.WriteAllText(_folder[$"{name}/log"], name);
            TreeRequest request = With(_folder[$"{name}/."], _folder["copy"], created);
            TreeCopies.Copy(request with { Copy = request.Copy with { Append = true } });
        }

        FileCopy.Copy(
            new CopyRequest { Source = _folder["one/log"], Destination = _folder["copy"], Append = true, CreatedFiles = created }, TransferMonitor.None);

        Assert.Equal("onetwoone", File.ReadAllText(_folder["copy/log"]));
    }

    private static TreeRequest With(string source, string destination, CreatedFiles created)
    {
        TreeRequest request = TreeCopies.Request(source, destination);
        return request with { Copy = request.Copy with { CreatedFiles = created } };
    }
}
