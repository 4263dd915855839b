using System.Globalization;
using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Each choice of what to keep, and links that are followed, beside cp(1).</summary>
public sealed class TreePreserveTests(MountedFileSystems fileSystems)
{
    private static readonly int Trees = FullRun.Count(everyday: 3, full: 6);

    // Set-id bits without the owner would be another's, and special files are made by All only.
    private const TreeKinds Special = TreeKinds.Fifos | TreeKinds.Sockets | TreeKinds.Devices;

    public static TheoryData<PreserveAttributes, string, TreeAspects> Choices => new()
    {
        { PreserveAttributes.Mode | PreserveAttributes.Timestamps, "mode,timestamps", TreeAspects.ModificationTime | TreeAspects.Nanoseconds },
        { PreserveAttributes.None, "", TreeAspects.Owner | TreeAspects.Mode },
        { PreserveAttributes.Timestamps, "timestamps", TreeAspects.ModificationTime | TreeAspects.Nanoseconds | TreeAspects.Owner },
        { PreserveAttributes.Ownership, "ownership", TreeAspects.Owner },
        { PreserveAttributes.Xattr, "xattr", TreeAspects.Attributes | TreeAspects.Owner },
        { PreserveAttributes.HardLink, "links", TreeAspects.HardLinks | TreeAspects.Owner },
        { PreserveAttributes.Mode | PreserveAttributes.Acl, "mode", TreeAspects.AccessLists | TreeAspects.Mode },
        { PreserveAttributes.Mode | PreserveAttributes.Ownership, "mode,ownership", TreeAspects.Owner | TreeAspects.Mode },
    };

    [Theory]
    [MemberData(nameof(Choices))]
    public void A_choice_is_kept_as_by_cp(PreserveAttributes preserve, string option, TreeAspects aspects)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        TreeKinds kinds = HeldKinds.Of(folder.Folder) & ~Special;
        if (!preserve.HasFlag(PreserveAttributes.Ownership))
        {
            kinds &= ~TreeKinds.Modes;
        }

        if (aspects.HasFlag(TreeAspects.Mode) && !preserve.HasFlag(PreserveAttributes.Acl))
        {
            // cp(1) gives the group what the mask of a list grants others, or keeps the list with the mode.
            kinds &= ~TreeKinds.AccessLists;
        }

        string[] keep = option.Length == 0 ? [] : [$"--preserve={option}"];
        for (int seed = 0; seed < Trees; seed++)
        {
            RandomTree.Make(folder["source"], seed, kinds);
            Command.Check("cp", ["-r", .. keep, folder["source"], folder["cp"]]);

            TransferResult result = TreeCopies.Copy(folder["source"], folder["copy"], preserve, threads: 1 + (seed % 3));

            var copy = TreeListing.Of(folder["copy"], sync: false);
            TreeListing.Of(folder["cp"], sync: false).AssertSame(copy, aspects);
            Assert.Equal(copy.Entries.Values.Count(entry => entry.Type == FileTypes.Folder), result.DirectoryCount);
            Assert.Equal(copy.Entries.Count, result.DirectoryCount + result.FileCount);
            Command.Check("rm", ["-rf", .. folder.Paths]);
        }
    }

    [Theory]
    [InlineData("022")]
    [InlineData("077")]
    [InlineData("0777")]
    [InlineData("0")]
    public void Without_modes_the_umask_takes_its_share(string umask)
    {
        Assert.SkipWhen(umask == "0777" && !Posix.IsRoot, "only root gets into folders that are closed to all");
        using var folder = new Workspace();
        TreeKinds closed = Posix.IsRoot ? TreeKinds.ClosedModes : TreeKinds.None;
        RandomTree.Make(folder["source"], seed: 3, TreeKinds.Modes | closed);
        Command.Check("chmod", "-R", "-st", folder["source"]);
        Command.Check("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"umask {umask}; cp -r {folder["source"]} {folder["cp"]}"));

        using var host = new TreeHostProcess("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"umask {umask}; exec \"$@\""), "sh");
        Assert.True(host.Copy(TreeCopies.Request(folder["source"], folder["copy"], PreserveAttributes.None)).Succeeded);

        TreeListing.Of(folder["cp"]).AssertSame(TreeListing.Of(folder["copy"]), TreeAspects.Mode);
    }

    /// <summary>A file whose folder gives it the mode that it asks for is not set it again; one that gets less is.</summary>
    [Theory]
    [InlineData("022", false)]
    [InlineData("077", false)]
    [InlineData("0", false)]
    [InlineData("022", true)]
    [InlineData("0", true)]
    public void Modes_are_those_of_the_source_whatever_a_new_file_would_get(string umask, bool hasDefaultList)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Command.Require("setfacl");
        RandomTree.Make(folder["source"], seed: 5, TreeKinds.Modes);
        Command.Check("chmod", "-R", "-st", folder["source"]);
        if (hasDefaultList)
        {
            Command.Check("setfacl", "-m", "d:u::rw,d:g::r,d:o::-,d:u:4321:rwx,d:m::rx", folder.Folder);
        }

        using var host = new TreeHostProcess("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"umask {umask}; exec \"$@\""), "sh");
        Assert.True(host.Copy(TreeCopies.Request(folder["source"], folder["copy"], PreserveAttributes.Mode)).Succeeded);

        TreeListing.Of(folder["source"]).AssertSame(TreeListing.Of(folder["copy"]), TreeAspects.Mode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Links_are_followed_as_by_cp(int threads)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        foreach (string name in new[] { "source/a/b", "source/c", "outside/x" })
        {
            Directory.CreateDirectory(folder[name]);
        }

        foreach (string name in new[] { "source/top", "source/a/file", "source/a/b/deep", "outside/one", "outside/x/two" })
        {
            folder.WriteRandom(name, 10_000, seed: name.Length);
        }

        foreach ((string link, string target) in new[]
        {
            ("source/to-file", "top"), ("source/c/to-folder", "../a"), ("source/c/outside", "../../outside"), ("source/c/chain", "to-folder"),
            ("source/a/b/outside-file", folder["outside/one"]), ("source/self", "self"), ("source/none", "not-there"),
            ("source/a/loop", "../a"),
        })
        {
            File.CreateSymbolicLink(folder[link], target);
        }

        // What leads nowhere or in circles is an error for both.
        Assert.NotEqual(0, Command.Run("cp", "-rL", "--preserve=mode,timestamps", folder["source"], folder["cp"]).ExitCode);
        var request = TreeCopies.Request(folder["source"], folder["copy"], PreserveAttributes.Mode | PreserveAttributes.Timestamps) with
        {
            FollowSymlink = true,
            ThrottleLimit = threads,
        };

        (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(request);

        Assert.Contains(errors, error => error.Id == TransferErrorId.SourceNotFound && error.Target == folder["source/none"]);
        Assert.Contains(errors, error => error.Errno == Errno.ELOOP && error.Target == folder["source/self"]);
        Assert.Contains(errors, error => error.Id == TransferErrorId.CopyIntoItself && error.Target == folder["source/a/loop"]);
        Assert.Equal(errors.Count, result.Failed);
        var copy = TreeListing.Of(folder["copy"]);
        Assert.DoesNotContain(copy.Entries.Values, entry => entry.Type == FileTypes.SymbolicLink);

        // cp may go round a circle once more than we do.
        var reference = TreeListing.Of(folder["cp"]);
        Assert.All(copy.Entries, entry => Assert.Equal(reference.Entries[entry.Key].Hash, entry.Value.Hash));
        foreach (string name in new[] { "to-file", "c/to-folder/b/deep", "c/outside/x/two", "c/chain/file", "a/b/outside-file" })
        {
            Assert.True(copy.Entries.ContainsKey(name), name);
        }
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Btrfs)]
    public void Followed_random_trees_are_as_by_cp(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        TreeKinds kinds = HeldKinds.Of(folder.Folder) & ~Special & ~TreeKinds.Modes & ~TreeKinds.SymbolicLinks;
        for (int seed = 0; seed < Trees; seed++)
        {
            RandomTree.Make(folder["source"], seed, kinds);

            folder.WriteRandom("source/target", 100_000, seed);
            File.CreateSymbolicLink(folder["source/link"], "target");
            Command.Check("cp", "-rL", "--preserve=timestamps", folder["source"], folder["cp"]);

            TreeCopies.Copy(TreeCopies.Request(folder["source"], folder["copy"], PreserveAttributes.Timestamps) with { FollowSymlink = true });

            TreeListing.Of(folder["cp"]).AssertSame(TreeListing.Of(folder["copy"]), TreeAspects.ModificationTime | TreeAspects.Nanoseconds);
            Command.Check("rm", ["-rf", .. folder.Paths]);
        }
    }

    /// <summary>A followed link is one more name of a file than its link count has.</summary>
    [Fact]
    public void All_names_of_a_file_are_one_copy_where_links_are_followed()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["source/c"]);
        File.WriteAllText(folder["source/b"], "2");
        Posix.HardLink(folder, "source/b", "source/c/a");
        File.CreateSymbolicLink(folder["source/c/b"], "a");
        File.CreateSymbolicLink(folder["source/a"], "b");

        TreeCopies.Copy(TreeCopies.Request(folder["source"], folder["copy"]) with { FollowSymlink = true, ThrottleLimit = 1 });

        string[] names = ["a", "b", "c/a", "c/b"];
        Assert.Single(names.Select(name => FileStatus.TryGet(folder[$"copy/{name}"], followLink: false, out FileStatus? status).Ok ? status!.Inode : default).Distinct());
    }
}
