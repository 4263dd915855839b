using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

public sealed class MeasuredFolderTests(MountedFileSystems fileSystems)
{
    private static readonly string[] Mounts =
    [
        "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
        @"36 22 98:0 /a /mnt/two\040words\134 rw,noatime shared:1 master:2 - xfs /dev/disk\011one rw,errors=continue",
        "40 22 0:5 / /odd rw -",
    ];

    [Theory]
    [InlineData("22", "ext4", "/dev/vda", "/")]
    [InlineData("36", "xfs", "/dev/disk\tone", @"/mnt/two words\")]
    [InlineData("40", null, null, null)]
    [InlineData("99", null, null, null)]
    public void A_mount_is_found_by_its_number(string id, string? type, string? device, string? mountPoint) =>
        Assert.Equal(new MeasuredFolder("/some", type, device, mountPoint), MeasuredFolder.Parse("/some", id, Mounts));

    [Theory]
    [InlineData(FileSystem.Xfs, "xfs")]
    [InlineData(FileSystem.Tmpfs, "tmpfs")]
    [InlineData(FileSystem.Overlay, "overlay")]
    public void A_folder_knows_what_it_is_on(FileSystem type, string name)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        using var opened = TestFolder.Open(folder.Folder);

        var known = MeasuredFolder.Of(opened);

        Assert.Equal(name, known.FileSystem);
        Assert.Equal(Path.GetDirectoryName(folder.Folder), known.MountPoint);
        Assert.Equal(Command.Check("findmnt", "--noheadings", "--output", "SOURCE", "--target", folder.Folder), known.Device);
    }
}
