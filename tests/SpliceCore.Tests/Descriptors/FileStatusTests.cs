using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Descriptors;

public sealed class FileStatusTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void Hard_links_and_symbolic_links_are_one_file_and_copies_are_not()
    {
        string path = _workspace.WriteRandom("file", 10);
        Posix.HardLink(_workspace, "file", "hard");
        File.CreateSymbolicLink(_workspace["symbolic"], path);
        Directory.CreateDirectory(_workspace["folder"]);
        File.CreateSymbolicLink(_workspace["folder/up"], "../symbolic");
        File.Copy(path, _workspace["copy"]);
        Assert.Equal(Of(path), Of(_workspace["hard"]));
        Assert.Equal(Of(path), Of(_workspace["symbolic"]));
        Assert.Equal(Of(path), Of(_workspace["folder/up"]));
        Assert.NotEqual(Of(path), Of(_workspace["copy"]));
    }

    [Fact]
    public void Two_nodes_are_one_device()
    {
        Assert.SkipUnless(Posix.IsRoot, "Only root makes device nodes.");
        Posix.MakeNullDevice(_workspace["null"]);
        Assert.Equal(Of("/dev/null"), Of(_workspace["null"]));
        Assert.NotEqual(Of("/dev/null"), Of("/dev/zero"));
    }

    [Fact]
    public void Holes_show_in_the_blocks()
    {
        using (FileStream sparse = File.Create(_workspace["sparse"]))
        {
            sparse.SetLength(1 << 20);
        }

        FileStatus.TryGet(_workspace["sparse"], followLink: true, out FileStatus? status);
        FileStatus.TryGet(_workspace.WriteRandom("full", 1 << 20), followLink: true, out FileStatus? full);
        Assert.True(status!.IsProbablySparse);
        Assert.False(full!.IsProbablySparse);
    }

    [Fact]
    public void Permissions_keep_all_twelve_bits()
    {
        string path = _workspace.WriteRandom("file", 1);
        File.SetUnixFileMode(path, (UnixFileMode)0xDE8);
        FileStatus.TryGet(path, followLink: true, out FileStatus? status);
        Assert.Equal(0xDE8U, status!.Permissions);
        Assert.Equal(DescriptorKind.Regular, status.Kind);
    }

    [Fact]
    public void A_descriptor_knows_what_it_stands_for()
    {
        using SafeFileHandle file = Posix.OpenRead(_workspace.WriteRandom("file", 10));
        using SafeFileHandle folder = Posix.OpenRead(_workspace.Folder);
        using SafeFileHandle device = Posix.OpenRead("/dev/null");
        using Channel pipe = Channel.Pipe();
        using Channel socket = Channel.UnixSocket();
        var regular = Descriptor.Describe(file, "file");
        Assert.Equal((DescriptorKind.Regular, 10L, 0L), (regular.Kind, regular.Size, regular.Position));
        Assert.True(regular is { IsReadable: true, IsWritable: false, CanBlock: false });
        Assert.Equal(DescriptorKind.Directory, Descriptor.Describe(folder, "folder").Kind);
        Assert.True(Descriptor.Describe(device, "device")
            is { Kind: DescriptorKind.Character, IsSeekable: false });
        Assert.True(Descriptor.Describe(pipe.Input, "pipe")
            is { Kind: DescriptorKind.Fifo, IsReadable: false, IsWritable: true, CanBlock: true });
        Assert.True(Descriptor.Describe(socket.Input, "socket")
            is { Kind: DescriptorKind.Socket, IsReadable: true, IsWritable: true });
    }

    [Fact]
    public void A_path_only_descriptor_is_neither_readable_nor_writable()
    {
        using SafeFileHandle handle = Posix.Open(_workspace.WriteRandom("file", 1), Splice.Interop.LibC.O_PATH);
        Assert.True(Descriptor.Describe(handle, "path") is { IsReadable: false, IsWritable: false });
    }

    public void Dispose() => _workspace.Dispose();

    private static FileIdentity Of(string path)
    {
        Assert.True(FileStatus.TryGet(path, followLink: true, out FileStatus? byPath).Ok);
        using SafeFileHandle handle = Posix.OpenRead(path);
        Assert.True(FileStatus.TryGet(handle, out FileStatus? byHandle).Ok);
        Assert.Equal(byHandle!.Identity, byPath!.Identity);
        return byPath.Identity;
    }
}
