using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

public sealed class DirectoryCallsTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _folder;

    public DirectoryCallsTests() => _folder = Posix.Open(_workspace.Folder, LibC.O_PATH | LibC.O_DIRECTORY);

    [Fact]
    public void OpenAt_makes_a_file_once()
    {
        const int Flags = LibC.O_WRONLY | LibC.O_CREAT | LibC.O_EXCL;
        Assert.True(LibC.OpenAt(_folder, "new", Flags, 0x180, out SafeFileHandle made).Ok);
        made.Dispose();
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(_workspace["new"]));
        Assert.Equal(Errno.EEXIST, LibC.OpenAt(_folder, "new", Flags, 0x180, out SafeFileHandle again).Errno);
        Assert.True(again.IsInvalid);
    }

    [Theory]
    [InlineData("nothing", Errno.ENOENT)]
    [InlineData("file/below", Errno.ENOTDIR)]
    [InlineData("loop", Errno.ELOOP)]
    public void What_cannot_be_opened_says_why(string name, Errno errno)
    {
        _workspace.WriteRandom("file", 1);
        File.CreateSymbolicLink(_workspace["loop"], "loop");
        Assert.Equal(errno, LibC.Open(_workspace[name], LibC.O_RDONLY, out SafeFileHandle byPath).Errno);
        Assert.Equal(errno, LibC.OpenAt(_folder, name, LibC.O_RDONLY, 0, out SafeFileHandle byName).Errno);
        Assert.True(byPath.IsInvalid && byName.IsInvalid);
    }

    [Fact]
    public void An_unnamed_file_gets_a_name_that_is_free()
    {
        int flags = LibC.O_TMPFILE | LibC.O_WRONLY;
        Assert.True(LibC.OpenAt(_folder, ".", flags, 0x180, out SafeFileHandle file).Ok);
        using (file)
        {
            Assert.True(LibC.Write(file, "hello"u8, null).Ok);
            Assert.Empty(_workspace.Names);
            Assert.True(LibC.LinkOpen(file, _folder, "named").Ok);
            Assert.Equal("hello", File.ReadAllText(_workspace["named"]));
            Assert.Equal(Errno.EEXIST, LibC.LinkOpen(file, _folder, "named").Errno);
        }
    }

    [Fact]
    public void RenameAt_replaces_unless_told_not_to()
    {
        File.WriteAllText(_workspace["a"], "a");
        File.WriteAllText(_workspace["b"], "b");
        Assert.Equal(Errno.EEXIST, LibC.RenameAtNoReplace(_folder, "a", _folder, "b").Errno);
        Assert.Equal("b", File.ReadAllText(_workspace["b"]));
        Assert.True(LibC.RenameAt(_folder, "a", "b").Ok);
        Assert.Equal("a", File.ReadAllText(_workspace["b"]));
        Assert.True(LibC.RenameAtNoReplace(_folder, "b", _folder, "c").Ok);
        Assert.Equal(["c"], _workspace.Names);
        Assert.Equal(Errno.ENOENT, LibC.RenameAt(_folder, "a", "b").Errno);
    }

    [Fact]
    public void UnlinkAt_removes_a_name()
    {
        _workspace.WriteRandom("file", 1);
        Assert.True(LibC.UnlinkAt(_folder, "file").Ok);
        Assert.Empty(_workspace.Names);
        Assert.Equal(Errno.ENOENT, LibC.UnlinkAt(_folder, "file").Errno);
    }

    [Fact]
    public void MayWriteAt_asks_for_the_effective_user()
    {
        string path = _workspace.WriteRandom("file", 1);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        Assert.Equal(Posix.IsRoot, LibC.MayWriteAt(_folder, "file").Ok);
        Assert.Equal(Errno.ENOENT, LibC.MayWriteAt(_folder, "nothing").Errno);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _workspace.Dispose();
    }
}
