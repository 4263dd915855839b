using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Trees that go into folders that are there already.</summary>
public sealed class TreeMergeTests(MountedFileSystems fileSystems)
{
    [Theory]
    [InlineData(FileSystem.Ext4, 1)]
    [InlineData(FileSystem.Ext4, 8)]
    [InlineData(FileSystem.Xfs, 2)]
    [InlineData(FileSystem.Btrfs, 2)]
    [InlineData(FileSystem.Overlay, 2)]
    [InlineData(FileSystem.Tmpfs, 2)]
    public void An_older_copy_becomes_the_same_and_keeps_what_else_is_there(FileSystem type, int threads)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        for (int seed = 0; seed < FullRun.Count(everyday: 2, full: 5); seed++)
        {
            RandomTree.Make(folder["source"], seed);
            Command.Check("cp", "-a", folder["source"], folder["copy"]);

            // Same names, other contents, links, owners and times.
            Command.Check("find", folder["copy"], "-type", "f", "-exec", "sh", "-c", "for f; do echo old > \"$f\"; done", "sh", "{}", "+");
            Command.Check("find", folder["copy"], "-type", "l", "-exec", "ln", "-sfn", "old-target", "{}", ";");
            Command.Check("find", folder["copy"], "-exec", "touch", "-h", "-d", "2001-01-01", "{}", "+");
            folder.WriteRandom("copy/of the old tree only", 1000);

            TreeCopies.Copy(folder["source/."], folder["copy"], PreserveAttributes.All, threads);

            Assert.Equal(Workspace.RandomBytes(1000), File.ReadAllBytes(folder["copy/of the old tree only"]));
            File.Delete(folder["copy/of the old tree only"]);
            TreeListing.Of(folder["source"]).AssertSame(
                TreeListing.Of(folder["copy"]), TreeAspects.Copied & ~TreeAspects.ModificationTime & ~TreeAspects.Allocation);
            Command.Check("rm", ["-rf", .. folder.Paths]);
        }
    }

    [Fact]
    public void Folders_and_files_do_not_take_each_others_place()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["source/folder"]);
        Directory.CreateDirectory(folder["copy/file"]);
        folder.WriteRandom("source/folder/inner", 10);
        folder.WriteRandom("source/file", 10);
        folder.WriteRandom("source/rest", 10);
        folder.WriteRandom("copy/folder", 20, seed: 2);

        (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(TreeCopies.Request(folder["source/."], folder["copy"]));

        Assert.Equal(2, result.Failed);
        Assert.All(errors, error => Assert.Equal(TransferErrorId.DestinationExists, error.Id));
        Assert.Equal(Workspace.RandomBytes(20, seed: 2), File.ReadAllBytes(folder["copy/folder"]));
        Assert.True(Directory.Exists(folder["copy/file"]));
        Assert.Equal(Workspace.RandomBytes(10), File.ReadAllBytes(folder["copy/rest"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_to_a_folder_is_no_folder(bool dangling)
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["source/inner"]);
        Directory.CreateDirectory(folder["copy"]);
        Directory.CreateDirectory(folder["outside"]);
        folder.WriteRandom("source/inner/file", 10);
        File.CreateSymbolicLink(folder["copy/inner"], dangling ? "nowhere" : "../outside");

        (_, List<TransferException> errors) = TreeCopies.CopyWithErrors(TreeCopies.Request(folder["source/."], folder["copy"]));

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(errors).Id);
        Assert.Empty(Directory.GetFileSystemEntries(folder["outside"]));
    }

    [Fact]
    public void A_source_that_ends_in_two_dots_goes_into_the_destination_and_not_beside_it()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["source/inner"]);
        Directory.CreateDirectory(folder["outer/copy"]);
        folder.WriteRandom("source/file", 10);

        TreeCopies.Copy(folder["source/inner/.."], folder["outer/copy"], PreserveAttributes.All);

        Assert.Equal([folder["outer/copy"]], Directory.GetFileSystemEntries(folder["outer"]));
        Assert.True(File.Exists(folder["outer/copy/file"]));
    }

    [Fact]
    public void A_tree_is_not_copied_over_itself_by_way_of_its_name_in_the_destination()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["a/a/a"]);
        folder.WriteRandom("a/a/file", 10, seed: 1);
        folder.WriteRandom("a/a/a/file", 20, seed: 2);

        (_, List<TransferException> errors) = TreeCopies.CopyWithErrors(TreeCopies.Request(folder["a/a"], folder.Folder));

        Assert.Equal(TransferErrorId.CopyIntoItself, Assert.Single(errors).Id);
        Assert.Equal(Workspace.RandomBytes(10, seed: 1), File.ReadAllBytes(folder["a/a/file"]));
        Assert.Equal(Workspace.RandomBytes(10, seed: 1), File.ReadAllBytes(folder["a/file"]));
    }

    [Fact]
    public void Two_sources_of_one_command_do_not_replace_each_others_links()
    {
        using var folder = new Workspace();
        var created = new CreatedFiles();
        foreach (string root in new[] { "one", "two" })
        {
            Directory.CreateDirectory(folder[root]);
            File.CreateSymbolicLink(folder[$"{root}/link"], root);
            folder.WriteRandom($"{root}/file", 10, seed: root.Length);
            Posix.HardLink(folder, $"{root}/file", $"{root}/hard");
        }

        Directory.CreateDirectory(folder["copy"]);
        foreach (string root in new[] { "one", "two" })
        {
            TreeRequest request = TreeCopies.Request(folder[$"{root}/."], folder["copy"]);
            (_, List<TransferException> errors) = TreeCopies.CopyWithErrors(request with { Copy = request.Copy with { CreatedFiles = created } });
            Assert.Equal(root == "one" ? 0 : 3, errors.Count);
            Assert.All(errors, error => Assert.Equal(TransferErrorId.DestinationExists, error.Id));
        }

        Assert.Equal("one", new FileInfo(folder["copy/link"]).LinkTarget);
    }
}
