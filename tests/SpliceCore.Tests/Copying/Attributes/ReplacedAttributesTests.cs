using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Attributes;

/// <summary>What a file that is replaced leaves to the new one.</summary>
public sealed class ReplacedAttributesTests(MountedFileSystems fileSystems)
{
    private const string AccessList = "system.posix_acl_access";
    private const string DefaultList = "system.posix_acl_default";

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void Notes_and_access_control_list_stay(FileSystem type)
    {
        using Workspace folder = Prepare(type);
        byte[] list = List(user: 1234, permissions: 6);
        Set(folder["copy"], "user.note", [1, 2, 3]);
        Set(folder["copy"], AccessList, list);
        File.SetUnixFileMode(folder["source"], (UnixFileMode)0x1F0); // 0760

        TransferResult result = Copy(folder);

        Assert.Empty(result.Warnings);
        Assert.Equal([1, 2, 3], Get(folder["copy"], "user.note"));
        Assert.Equal((UnixFileMode)0x1F0, File.GetUnixFileMode(folder["copy"]));
        Assert.Contains(1234u, UsersOf(Get(folder["copy"], AccessList)!));
    }

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    public void The_folders_default_list_gives_nobody_access_who_had_none(FileSystem type)
    {
        using Workspace folder = Prepare(type);
        Set(folder.Folder, DefaultList, List(user: 4321, permissions: 7));

        Copy(folder);

        Assert.Null(Get(folder["copy"], AccessList));
    }

    [Fact]
    public void Capabilities_go_with_the_content()
    {
        Command.RequireRoot();
        using Workspace folder = Prepare(FileSystem.Ext4);

        // struct vfs_cap_data, revision 2, with CAP_CHOWN permitted (capability.h)
        Set(folder["copy"], "security.capability", [1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

        Copy(folder);

        Assert.Null(Get(folder["copy"], "security.capability"));
    }

    [Fact]
    public void What_cannot_stay_is_told()
    {
        Command.Require("strace");
        using Workspace folder = Prepare(FileSystem.Ext4);
        Set(folder["copy"], "user.note", [1, 2, 3]);

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] },
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsetxattr", "-e", "inject=fsetxattr:error=ENOSPC");

        Assert.Contains(answer.Warnings, warning => warning.Contains("user.note", StringComparison.Ordinal));
        Assert.Equal(File.ReadAllBytes(folder["source"]), File.ReadAllBytes(folder["copy"]));
    }

    private Workspace Prepare(FileSystem type)
    {
        Workspace folder = fileSystems.NewFolder(type);
        folder.WriteRandom("source", 1000);
        folder.WriteRandom("copy", 10, seed: 2);
        return folder;
    }

    private static TransferResult Copy(Workspace folder) => FileCopy.Copy(
        new CopyRequest { Source = folder["source"], Destination = folder["copy"] }, TransferMonitor.None);

    private static void Set(string path, string name, byte[] value)
    {
        using SafeFileHandle file = Posix.OpenRead(path);
        Assert.Equal(Errno.None, LibC.SetAttribute(file, name, value).Errno);
    }

    private static byte[]? Get(string path, string name)
    {
        using SafeFileHandle file = Posix.OpenRead(path);
        return LibC.GetAttribute(file, name, out byte[] value).Ok ? value : null;
    }

    /// <summary>An access control list as the kernel takes it (linux/posix_acl_xattr.h): owner, a user, group, mask, others.</summary>
    private static byte[] List(uint user, ushort permissions)
    {
        (ushort Tag, ushort Permissions, uint Id)[] entries =
            [(1, 6, uint.MaxValue), (2, permissions, user), (4, 4, uint.MaxValue), (16, 7, uint.MaxValue), (32, 4, uint.MaxValue)];
        byte[] list = new byte[4 + (8 * entries.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(list, 2);
        for (int i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(list.AsSpan(4 + (8 * i)), entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(list.AsSpan(6 + (8 * i)), entries[i].Permissions);
            BinaryPrimitives.WriteUInt32LittleEndian(list.AsSpan(8 + (8 * i)), entries[i].Id);
        }

        return list;
    }

    private static IEnumerable<uint> UsersOf(byte[] list) =>
        from start in Enumerable.Range(0, (list.Length - 4) / 8).Select(i => 4 + (8 * i))
        where BinaryPrimitives.ReadUInt16LittleEndian(list.AsSpan(start)) == 2
        select BinaryPrimitives.ReadUInt32LittleEndian(list.AsSpan(start + 4));
}
