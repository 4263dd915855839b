using Xunit;

namespace Splice.Tests.Copying.Destination;

public sealed class ReplaceTests(MountedFileSystems fileSystems) : IDisposable
{
    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Overlay)]
    public void Whoever_has_the_old_file_open_still_reads_it_whole(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 200_000);
        folder.WriteRandom("copy", 100_000, seed: 2);
        using FileStream reader = File.OpenRead(folder["copy"]);

        FileCopy.Copy(new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, TransferMonitor.None);

        byte[] read = new byte[100_000];
        reader.ReadExactly(read);
        Assert.Equal(Workspace.RandomBytes(100_000, seed: 2), read);
        Assert.Equal(-1, reader.ReadByte());
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Fact]
    public void A_link_stays_a_link_and_its_target_is_replaced()
    {
        _folder.WriteRandom("source", 1000);
        _folder.WriteRandom("target", 2000, seed: 2);
        Command.Check("ln", "-s", "target", _folder["link"]);
        Command.Check("ln", "-s", "link", _folder["link to a link"]);

        Copy("link to a link");

        Assert.Equal("link", new FileInfo(_folder["link to a link"]).LinkTarget);
        Assert.Equal("target", new FileInfo(_folder["link"]).LinkTarget);
        Assert.Null(new FileInfo(_folder["target"]).LinkTarget);
        Files.AssertSameBytes(_folder["source"], _folder["target"]);
    }

    [Fact]
    public void A_dangling_link_gets_its_target()
    {
        _folder.WriteRandom("source", 1000);
        Directory.CreateDirectory(_folder["folder"]);
        Command.Check("ln", "-s", "folder/missing", _folder["link"]);

        Copy("link");

        Assert.Equal("folder/missing", new FileInfo(_folder["link"]).LinkTarget);
        Files.AssertSameBytes(_folder["source"], _folder["folder/missing"]);
    }

    [Fact]
    public void A_dangling_link_into_a_folder_that_is_not_there_is_an_error()
    {
        _folder.WriteRandom("source", 1000);
        Command.Check("ln", "-s", "nowhere/missing", _folder["link"]);

        Assert.Equal(TransferErrorId.DestinationFolderNotFound, Fails("link").Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_above_a_linked_folder_means_what_the_kernel_says(bool isThere)
    {
        _folder.WriteRandom("source", 1000);
        Directory.CreateDirectory(_folder["a/b"]);
        Command.Check("ln", "-s", "a/b", _folder["shortcut"]);
        Command.Check("ln", "-s", "../target", _folder["a/b/link"]);
        if (isThere)
        {
            _folder.WriteRandom("a/target", 10);
        }

        Copy("shortcut/link");

        Files.AssertSameBytes(_folder["source"], _folder["a/target"]);
        Assert.False(File.Exists(_folder["target"]));
    }

    [Fact]
    public void A_link_that_leads_to_itself_is_an_error()
    {
        _folder.WriteRandom("source", 1000);
        Command.Check("ln", "-s", "link", _folder["link"]);

        Assert.Equal(TransferErrorId.InvalidPath, Fails("link").Id);
    }

    [Fact]
    public void A_link_to_a_folder_takes_the_sources_name()
    {
        _folder.WriteRandom("source", 1000);
        Directory.CreateDirectory(_folder["folder"]);
        Command.Check("ln", "-s", "folder", _folder["link"]);

        Copy("link");

        Files.AssertSameBytes(_folder["source"], _folder["folder/source"]);
    }

    [Fact]
    public void A_link_to_the_source_is_the_source()
    {
        _folder.WriteRandom("source", 1000);
        Command.Check("ln", "-s", "source", _folder["link"]);

        Assert.Equal(TransferErrorId.SameFile, Fails("link").Id);
        Assert.Equal(Workspace.RandomBytes(1000), File.ReadAllBytes(_folder["source"]));
    }

    [Fact]
    public void Another_name_of_the_replaced_file_keeps_the_old_content()
    {
        _folder.WriteRandom("source", 1000);
        _folder.WriteRandom("copy", 2000, seed: 2);
        Command.Check("ln", _folder["copy"], _folder["other name"]);

        Copy("copy");

        Files.AssertSameBytes(_folder["source"], _folder["copy"]);
        Assert.Equal(Workspace.RandomBytes(2000, seed: 2), File.ReadAllBytes(_folder["other name"]));
    }

    [Fact]
    public void The_replaced_files_owner_is_kept()
    {
        Command.RequireRoot();
        _folder.WriteRandom("source", 1000);
        _folder.WriteRandom("copy", 10);
        Command.Check("chown", "1234:5678", _folder["copy"]);
        Command.Check("chmod", "0640", _folder["source"]);

        TransferResult result = Copy("copy");

        Assert.Equal("640 1234:5678", Files.Metadata(_folder["copy"], "%a %u:%g"));
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_range_keeps_the_replaced_files_mode()
    {
        _folder.WriteRandom("source", 1000);
        _folder.WriteRandom("copy", 10);
        Command.Check("chmod", "0640", _folder["copy"]);

        FileCopy.Copy(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], Count = 100 }, TransferMonitor.None);

        Assert.Equal("640", Files.Metadata(_folder["copy"], "%a"));
        Assert.Equal(Workspace.RandomBytes(1000)[..100], File.ReadAllBytes(_folder["copy"]));
    }

    [Fact]
    public void Set_id_bits_do_not_travel()
    {
        _folder.WriteRandom("source", 1000);
        Command.Check("chmod", "6755", _folder["source"]);

        Copy("copy");

        Assert.Equal("755", Files.Metadata(_folder["copy"], "%a"));
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("it's \"quoted\" and `back`")]
    [InlineData("Grüße 漢字 🧵")]
    [InlineData("[a-z]*?{}$HOME\\")]
    [InlineData("-rf")]
    [InlineData(" ")]
    [InlineData("...")]
    public void Names_are_taken_as_they_are(string name)
    {
        _folder.WriteRandom("source", 1000);
        Directory.CreateDirectory(_folder[name]);
        _folder.WriteRandom(Path.Combine(name, name), 10);

        Copy(Path.Combine(name, name));
        FileCopy.Copy(
            new CopyRequest { Source = _folder[Path.Combine(name, name)], Destination = _folder["back"] }, TransferMonitor.None);

        Files.AssertSameBytes(_folder["source"], _folder["back"]);
        Assert.Equal([name], Directory.GetFileSystemEntries(_folder[name]).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void A_name_may_be_as_long_as_the_file_system_takes_and_no_longer()
    {
        _folder.WriteRandom("source", 1000);

        Copy(new string('n', 255));

        Files.AssertSameBytes(_folder["source"], _folder[new string('n', 255)]);
        Assert.Equal(TransferErrorId.InvalidPath, Fails(new string('n', 256)).Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_appears_meanwhile_is_not_replaced(bool noClobber)
    {
        _folder.WriteRandom("source", 1000);
        var monitor = new TransferMonitor(_ => File.WriteAllText(_folder["copy"], "somebody else's"));

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], NoClobber = noClobber }, monitor));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal("somebody else's", File.ReadAllText(_folder["copy"]));
        Assert.Equal(["copy", "source"], _folder.Names);
    }

    [Fact]
    public void A_folder_that_appears_meanwhile_is_an_error_and_leaves_no_litter()
    {
        _folder.WriteRandom("source", 1000);
        var monitor = new TransferMonitor(_ => Directory.CreateDirectory(_folder["copy"]));

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"] }, monitor));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["copy"]));
        Assert.Equal(["copy", "source"], _folder.Names);
    }

    [Fact]
    public void A_mounted_file_is_written_into_and_not_replaced()
    {
        Command.RequireRoot();
        Command.Require("mount");
        _folder.WriteRandom("source", 1000);
        _folder.WriteRandom("behind", 2000, seed: 2);
        _folder.WriteRandom("copy", 10);
        Assert.SkipUnless(
            Command.Run("mount", "--bind", _folder["behind"], _folder["copy"]).ExitCode == 0, "bind mounts are not permitted here");
        try
        {
            Assert.Equal(TransferErrorId.DestinationNotReplaceable, Fails("copy").Id);

            FileCopy.Copy(
                new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], DestinationOffset = 0 },
                TransferMonitor.None);
            Assert.Equal(
                [.. Workspace.RandomBytes(1000), .. Workspace.RandomBytes(2000, seed: 2)[1000..]],
                File.ReadAllBytes(_folder["behind"]));
        }
        finally
        {
            Mount.Unmount(_folder["copy"]);
        }
    }

    private TransferResult Copy(string to) => FileCopy.Copy(
        new CopyRequest { Source = _folder["source"], Destination = _folder[to] }, TransferMonitor.None);

    /// <summary>A copy that must fail and leave everything as it is.</summary>
    private TransferException Fails(string to)
    {
        string[] before = [.. Directory.GetFileSystemEntries(_folder.Folder, "*", SearchOption.AllDirectories).Order()];
        TransferException error = Assert.Throws<TransferException>(() => Copy(to));
        Assert.Equal(before, Directory.GetFileSystemEntries(_folder.Folder, "*", SearchOption.AllDirectories).Order());
        return error;
    }
}
