using Xunit;

namespace Splice.Tests.Copying.Attributes;

/// <summary>The group bits of a file with an access control list are the list's mask, and not the group's rights. A copy without
/// the list gives the group what it had (acl(5)).</summary>
public sealed class AccessListModeTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const PreserveAttributes Usual = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    public static TheoryData<FileSystem> Types => [FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Tmpfs];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_group_that_was_shut_out_stays_so(FileSystem type)
    {
        using Workspace folder = Prepare(type, 100_000, "u:nobody:rw,g::-");
        Assert.Equal("660", Mode(folder["source"]));

        Copy(folder, Usual);

        Assert.Equal("600", Mode(folder["copy"]));
        Assert.DoesNotContain("nobody", Lists(folder["copy"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("u:nobody:rw,g::-", "600")]
    [InlineData("u:nobody:rwx,g::r", "640")]
    [InlineData("u:nobody:rwx,g::rwx,m::r", "640")]
    [InlineData("g::rw,g:daemon:rwx,m::rw", "660")]
    [InlineData("g::r", "640")]
    public void The_group_has_its_rights_within_the_mask(string list, string mode)
    {
        using Workspace folder = Prepare(FileSystem.Ext4, 1000, list);

        Copy(folder, Usual);
        Assert.Equal(mode, Mode(folder["copy"]));

        Copy(folder, PreserveAttributes.None, "new");
        Assert.Equal(Convert.ToString(Convert.ToInt32(mode, 8) & ~18, 8), Mode(folder["new"]));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(3 * MiB)]
    public void Every_way_to_make_a_file_does_so(int size)
    {
        using Workspace folder = Prepare(FileSystem.Ext4, size, "u:nobody:rw,g::-");
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"] };

        FileCopy.Copy(request with { Resume = true }, TransferMonitor.None);
        Assert.Equal("600", Mode(folder["copy"]));
        FileCopy.Copy(request with { Resume = true, Preserve = PreserveAttributes.None, Destination = folder["resumed"] }, TransferMonitor.None);
        Assert.Equal("600", Mode(folder["resumed"]));
        File.WriteAllText(folder["replaced"], "old");
        FileCopy.Copy(request with { Destination = folder["replaced"] }, TransferMonitor.None);
        Assert.Equal("600", Mode(folder["replaced"]));
        File.WriteAllText(folder["written"], "old");
        FileCopy.Copy(request with { Destination = folder["written"], InPlace = true }, TransferMonitor.None);
        Assert.Equal("600", Mode(folder["written"]));

        Directory.CreateDirectory(folder["parts"]);
        FileSplit.Split(new SplitRequest { Copy = request with { Destination = folder["parts"] }, PartCount = 2 }, TransferMonitor.None);
        Assert.Equal("600", Mode(folder["parts/source.001"]));
        FileJoin.Join(new JoinRequest { Sources = [folder["source"], folder["copy"]], Copy = request with { Destination = folder["joined"] } }, TransferMonitor.None);
        Assert.Equal("600", Mode(folder["joined"]));
    }

    [Theory]
    [InlineData(Usual)]
    [InlineData(PreserveAttributes.None)]
    [InlineData(PreserveAttributes.Mode | PreserveAttributes.Ownership)]
    [InlineData(PreserveAttributes.Ownership)]
    public void Files_and_folders_of_trees_do_so(PreserveAttributes preserve)
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Command.Require("setfacl");
        Directory.CreateDirectory(folder["source/inner"]);
        folder.WriteRandom("source/inner/file", 1000);
        Command.Check("chmod", "0700", folder["source"], folder["source/inner"]);
        Command.Check("chmod", "0600", folder["source/inner/file"]);
        Command.Check("setfacl", "-R", "-m", "u:nobody:rwX,g::-", folder["source"]);
        Assert.Equal("770", Mode(folder["source/inner"]));

        TreeCopies.Copy(folder["source"], folder["copy"], preserve);

        Assert.Equal(["700", "700", "600"], new[] { "copy", "copy/inner", "copy/inner/file" }.Select(name => Mode(folder[name])));
    }

    [Fact]
    public void A_special_file_does_so_where_the_list_cannot_be_kept()
    {
        Command.RequireRoot();
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Command.Require("setfacl");
        Posix.MakeFifo(folder["fifo"]);
        Command.Check("setfacl", "-m", "u:nobody:rw,g::-", folder["fifo"]);
        using Workspace target = fileSystems.NewFolder(FileSystem.Ramfs);
        var request = new CopyRequest { Source = folder["fifo"], Destination = target["copy"], Preserve = PreserveAttributes.All };

        TransferResult result = TreeCopy.Copy(new TreeRequest { Copy = request }, TreeMonitor.None);

        Assert.Equal("600", Mode(target["copy"]));
        Assert.Contains(result.Warnings, warning => warning.Contains("access control list", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(PreserveAttributes.All)]
    [InlineData(PreserveAttributes.Acl)]
    [InlineData(PreserveAttributes.Mode | PreserveAttributes.Acl)]
    public void So_does_a_file_whose_list_the_file_system_cannot_keep(PreserveAttributes preserve)
    {
        using Workspace folder = Prepare(FileSystem.Ext4, 1000, "u:nobody:rw,g::-");
        using Workspace target = fileSystems.NewFolder(FileSystem.Ramfs);
        var request = new CopyRequest { Source = folder["source"], Destination = target["copy"], Preserve = preserve };

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.Equal("600", Mode(target["copy"]));
        Assert.Contains(result.Warnings, warning => warning.Contains("access control list", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void With_its_list_the_copy_is_as_the_source(FileSystem type)
    {
        using Workspace folder = Prepare(type, 1000, "u:nobody:rw,g::-");

        Copy(folder, Usual | PreserveAttributes.Acl);
        Copy(folder, PreserveAttributes.Acl, "listed");

        Assert.Equal((Mode(folder["source"]), Lists(folder["source"])), (Mode(folder["copy"]), Lists(folder["copy"])));
        Assert.Equal((Mode(folder["source"]), Lists(folder["source"])), (Mode(folder["listed"]), Lists(folder["listed"])));
    }

    /// <summary>The file that is replaced has a list that does not stay, and the source has none.</summary>
    [Fact]
    public void The_mode_of_a_file_that_is_replaced_is_taken_without_its_list()
    {
        using Workspace folder = Prepare(FileSystem.Ext4, 1000, "u::rw");
        folder.WriteRandom("copy", 10);
        Command.Check("chmod", "0600", folder["copy"]);
        Command.Check("setfacl", "-m", "u:nobody:rw,g::-", folder["copy"]);

        Copy(folder, PreserveAttributes.Acl);

        Assert.Equal("600", Mode(folder["copy"]));
    }

    [Fact]
    public void A_file_without_group_bits_is_not_asked_for_a_list()
    {
        using Workspace folder = Prepare(FileSystem.Ext4, 1000, "u::rw");
        using var logs = new Workspace();
        Command.Check("chmod", "0600", folder["source"]);

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] },
            "strace", "-f", "-qq", "-o", logs["trace"], "-e", "trace=getxattr,fgetxattr");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Empty(File.ReadLines(logs["trace"]));
    }

    private Workspace Prepare(FileSystem type, int size, string list)
    {
        Workspace folder = fileSystems.NewFolder(type);
        Command.Require("setfacl", "getfacl");
        folder.WriteRandom("source", size);
        Command.Check("chmod", "0600", folder["source"]);
        Command.Output set = Command.Run("setfacl", "-m", list, folder["source"]);
        Assert.SkipUnless(set.ExitCode == 0, $"no access control lists here: {set.Errors}");
        return folder;
    }

    private static void Copy(Workspace folder, PreserveAttributes preserve, string destination = "copy") => Assert.Empty(FileCopy.Copy(
        new CopyRequest { Source = folder["source"], Destination = folder[destination], Preserve = preserve }, TransferMonitor.None).Warnings);

    private static string Mode(string path) => Files.Metadata(path, "%a");

    private static string Lists(string path) => Command.Check("getfacl", "-cpE", path);
}
