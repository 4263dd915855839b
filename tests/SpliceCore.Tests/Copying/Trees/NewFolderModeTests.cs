using System.Globalization;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>New folders have the mode of any new folder where the source's is not preserved, also while others are shut out of
/// them until they have their owner or their access control list.</summary>
public sealed class NewFolderModeTests(MountedFileSystems fileSystems)
{
    private static readonly PreserveAttributes[] Choices =
    [
        PreserveAttributes.None, PreserveAttributes.Timestamps, PreserveAttributes.Acl, PreserveAttributes.Ownership,
        PreserveAttributes.Xattr, PreserveAttributes.Acl | PreserveAttributes.Ownership | PreserveAttributes.Xattr,
    ];

    private static readonly (string Name, string Mode)[] Folders = [("open", "755"), ("wide", "777"), ("closed", "500"), ("private", "700")];

    [Theory]
    [InlineData("022")]
    [InlineData("027")]
    [InlineData("0")]
    public void They_are_as_cp_makes_them(string umask)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        MakeSource(folder);
        Command.Check("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"umask {umask}; cp -r {folder["source"]} {folder["cp"]}"));
        var expected = TreeListing.Of(folder["cp"]);
        using TreeHostProcess host = Host(umask);

        foreach (PreserveAttributes preserve in Choices)
        {
            Copy(host, folder["source"], folder[$"{preserve}"], preserve);

            expected.AssertSame(TreeListing.Of(folder[$"{preserve}"]), TreeAspects.Mode);
        }
    }

    /// <summary>The default list of the folder that takes the tree in decides instead of the umask (acl(5)). cp(1) takes group and
    /// world write permission away all the same, since it makes folders without it at first.</summary>
    [Fact]
    public void A_default_list_decides_as_with_mkdir()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Command.Require("setfacl", "getfacl");
        MakeSource(folder);
        Command.Check("setfacl", "-m", "d:u::rwx,d:g::rx,d:o::-,d:u:4321:rwx,d:m::rwx", folder.Folder);
        foreach ((string name, string mode) in Folders.Prepend((string.Empty, "755")))
        {
            Command.Check("python3", "-c", $"import os; os.umask(0o22); os.mkdir('{folder["mkdir"]}/{name}', 0o{mode})");
        }

        using TreeHostProcess host = Host("022");
        foreach (PreserveAttributes preserve in Choices.Where(choice => !choice.HasFlag(PreserveAttributes.Acl)))
        {
            Copy(host, folder["source"], folder[$"{preserve}"], preserve);

            TreeListing.Of(folder["mkdir"]).AssertSame(TreeListing.Of(folder[$"{preserve}"]), TreeAspects.Mode | TreeAspects.AccessLists);
        }
    }

    [Fact]
    public void With_lists_each_folder_has_the_sources_and_those_without_one_none()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Command.Require("setfacl", "getfacl");
        MakeSource(folder);
        Command.Check("setfacl", "-m", "u:4321:rwx,d:u:4321:rwx", folder["source/open"]);
        Command.Check("setfacl", "-m", "d:u:1234:rwx", folder.Folder);

        using TreeHostProcess host = Host("022");
        Copy(host, folder["source"], folder["copy"], PreserveAttributes.Acl);

        Assert.Equal(
            Command.Check("getfacl", "-cpE", folder["source/open"]), Command.Check("getfacl", "-cpE", folder["copy/open"]));
        Assert.Equal("user::rwx\ngroup::r-x\nother::r-x", Command.Check("getfacl", "-cpE", folder["copy/wide"]));
    }

    [Fact]
    public void The_bit_that_hands_the_group_on_is_inherited()
    {
        Command.RequireRoot();
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        MakeSource(folder);
        Directory.CreateDirectory(folder["shared"]);
        Command.Check("chgrp", "4321", folder["shared"]);
        Command.Check("chmod", "2775", folder["shared"]);

        using TreeHostProcess host = Host("022");
        foreach (PreserveAttributes preserve in Choices)
        {
            Copy(host, folder["source"], folder[$"shared/{preserve}"], preserve);

            Assert.Equal("2755", Files.Metadata(folder[$"shared/{preserve}/open"], "%a"));
        }
    }

    private static void MakeSource(Workspace folder)
    {
        foreach ((string name, string mode) in Folders)
        {
            string path = Directory.CreateDirectory(folder[$"source/{name}"]).FullName;
            Command.Check("chmod", mode, path);
        }
    }

    private static void Copy(TreeHostProcess host, string source, string destination, PreserveAttributes preserve)
    {
        TreeAnswer answer = host.Copy(TreeCopies.Request(source, destination, preserve) with { AppliesToExistingFolders = false });
        Assert.True(answer.Succeeded, answer.Message);
    }

    private static TreeHostProcess Host(string umask) =>
        new("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"umask {umask}; exec \"$@\""), "sh");
}
