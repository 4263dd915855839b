using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

public sealed class FileCallsTests : IDisposable
{
    private const int Block = 64 * 1024;

    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _device = Posix.OpenRead("/dev/null");
    private readonly SafeFileHandle _none = new(-1, ownsHandle: false);

    public FileCallsTests() => _file = Posix.OpenWrite(_workspace.Write("file", "0123456789"u8.ToArray()));

    [Fact]
    public void Read_and_write_take_an_offset_or_move_the_position()
    {
        byte[] buffer = new byte[3];
        Assert.Equal(3, LibC.Read(_file, buffer, 7).Value);
        Assert.Equal("789"u8, buffer);
        Assert.Equal(3, LibC.Read(_file, buffer, null).Value);
        Assert.Equal("012"u8, buffer);
        Assert.Equal(2, LibC.Write(_file, "ab"u8, null).Value);
        Assert.Equal(2, LibC.Write(_file, "yz"u8, 8).Value);
        Assert.Equal("012ab567yz", File.ReadAllText(_workspace["file"]));
        AssertErrno(Errno.EINVAL, LibC.Read(_file, buffer, -1));
        AssertErrno(Errno.EBADF, LibC.Write(_device, buffer, null));
        AssertErrno(Errno.EBADF, LibC.Read(_none, buffer, null));
    }

    [Fact]
    public void CopyFileRange_copies_at_offsets_and_moves_no_position()
    {
        using SafeFileHandle other = Posix.OpenWrite(_workspace["other"]);
        Assert.Equal(4, LibC.CopyFileRange(_file, 6, other, 2, 100).Value);
        Assert.Equal("\0\06789", File.ReadAllText(_workspace["other"]));
        Assert.Equal(0, LibC.Seek(_file, 0, SeekOrigin.Current).Value);
        Assert.Equal(0, LibC.CopyFileRange(_file, 10, other, 0, 100).Value);
        AssertErrno(Errno.EINVAL, LibC.CopyFileRange(_file, 0, _file, 1, 5));
        AssertErrno(Errno.EBADF, LibC.CopyFileRange(_file, 0, _none, 0, 1));
    }

    [Fact]
    public void SendFile_reads_at_an_offset_and_writes_at_the_position()
    {
        using SafeFileHandle other = Posix.OpenWrite(_workspace["other"]);
        Assert.Equal(4, LibC.SendFile(other, _file, 6, 100).Value);
        Assert.Equal("6789", File.ReadAllText(_workspace["other"]));
        Assert.Equal(4, LibC.Seek(other, 0, SeekOrigin.Current).Value);
        Assert.Equal(0, LibC.Seek(_file, 0, SeekOrigin.Current).Value);
        AssertErrno(Errno.EBADF, LibC.SendFile(_none, _file, 0, 1));
    }

    [Fact]
    public void Seek_moves_the_position_where_there_is_one()
    {
        Assert.Equal(4, LibC.Seek(_file, 4, SeekOrigin.Begin).Value);
        Assert.Equal(5, LibC.Seek(_file, 1, SeekOrigin.Current).Value);
        AssertErrno(Errno.EINVAL, LibC.Seek(_file, -1, SeekOrigin.Begin));
        (SafeFileHandle readEnd, SafeFileHandle writeEnd) = Posix.Pipe();
        using (readEnd)
        using (writeEnd)
        {
            AssertErrno(Errno.ESPIPE, LibC.Seek(readEnd, 0, SeekOrigin.Current));
        }
    }

    [Fact]
    public void Data_and_holes_are_found_and_holes_punched()
    {
        Assert.True(LibC.Truncate(_file, 0).Ok);
        Assert.Equal(Block, LibC.Write(_file, Workspace.RandomBytes(Block), 2 * Block).Value);
        Assert.True(LibC.Truncate(_file, 5 * Block).Ok);
        Assert.Equal(2 * Block, LibC.SeekData(_file, 0).Value);
        Assert.Equal(3 * Block, LibC.SeekHole(_file, 2 * Block).Value);
        AssertErrno(Errno.ENXIO, LibC.SeekData(_file, 3 * Block));
        AssertErrno(Errno.ENXIO, LibC.SeekHole(_file, 5 * Block));
        Assert.True(LibC.PunchHole(_file, 2 * Block, Block).Ok);
        AssertErrno(Errno.ENXIO, LibC.SeekData(_file, 0));
        Assert.All(File.ReadAllBytes(_workspace["file"]), one => Assert.Equal(0, one));
        Assert.Equal(5 * Block, new FileInfo(_workspace["file"]).Length);
        AssertErrno(Errno.EINVAL, LibC.PunchHole(_file, 0, 0));
    }

    [Fact]
    public void Files_and_folders_are_flushed_and_the_cache_dropped()
    {
        using SafeFileHandle folder = Posix.OpenRead(_workspace.Folder);
        Assert.True(LibC.Flush(_file).Ok);
        Assert.True(LibC.Flush(folder).Ok);
        AssertErrno(Errno.EINVAL, LibC.Flush(_device));
        AssertErrno(Errno.EBADF, LibC.Flush(_none));
        Assert.True(LibC.AdviseSequential(_file).Ok);
        AssertErrno(Errno.EBADF, LibC.AdviseSequential(_none));
        Assert.True(LibC.DropCache(_file, 0, 10).Ok);
        AssertErrno(Errno.EBADF, LibC.DropCache(_none, 0, 10));
        Assert.Equal("0123456789", File.ReadAllText(_workspace["file"]));
    }

    [Fact]
    public void Cached_pages_are_counted()
    {
        int pages = 10;
        using SafeFileHandle file = Posix.OpenRead(_workspace.WriteRandom("cached", pages * Environment.SystemPageSize));
        Assert.Equal(pages, LibC.CountCachedPages(file, 0, pages * Environment.SystemPageSize).Value);
        Assert.Equal(2, LibC.CountCachedPages(file, 4 * Environment.SystemPageSize, (2 * Environment.SystemPageSize) - 1).Value);
        AssertErrno(Errno.EBADF, LibC.CountCachedPages(_none, 0, 1));
    }

    [Fact]
    public void A_lock_is_for_one()
    {
        using SafeFileHandle other = Posix.OpenRead(_workspace["file"]);
        Assert.True(LibC.Lock(_file).Ok);
        Assert.True(LibC.Lock(_file).Ok);
        AssertErrno(Errno.EAGAIN, LibC.Lock(other));
        AssertErrno(Errno.EBADF, LibC.Lock(_none));
        Assert.True(LibC.Unlock(_file).Ok);
        Assert.True(LibC.Lock(other).Ok);
        AssertErrno(Errno.EAGAIN, LibC.Lock(_file));
    }

    [Fact]
    public void Truncate_sets_the_size_both_ways()
    {
        Assert.True(LibC.Truncate(_file, 3).Ok);
        Assert.Equal("012", File.ReadAllText(_workspace["file"]));
        Assert.True(LibC.Truncate(_file, 5).Ok);
        Assert.Equal("012\0\0", File.ReadAllText(_workspace["file"]));
        AssertErrno(Errno.EINVAL, LibC.Truncate(_file, -1));
    }

    [Fact]
    public void Times_are_set_to_the_nanosecond()
    {
        var access = new LibC.StatxTimestamp { Seconds = 1_000_000_000, Nanoseconds = 123_456_789 };
        var modification = new LibC.StatxTimestamp { Seconds = -1, Nanoseconds = 999_999_999 };
        Assert.True(LibC.ChangeTimes(_file, access, modification).Ok);
        Assert.True(LibC.Statx(_file, out LibC.StatxBuffer status).Ok);
        Assert.Equal(access, status.AccessTime);
        Assert.Equal(modification, status.ModificationTime);
        AssertErrno(Errno.EINVAL, LibC.ChangeTimes(_file, access, new LibC.StatxTimestamp { Nanoseconds = 1_000_000_000 }));
    }

    [Fact]
    public void The_mode_is_set()
    {
        Assert.True(LibC.ChangeMode(_file, 0x1A4).Ok);
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(_workspace["file"]));
        AssertErrno(Errno.EBADF, LibC.ChangeMode(_none, 0x1A4));
    }

    [Fact]
    public void The_owner_is_set()
    {
        Assert.True(LibC.Statx(_file, out LibC.StatxBuffer before).Ok);
        (uint user, uint group) = Posix.IsRoot ? (12345u, 54321u) : (before.UserId, before.GroupId);
        Assert.True(LibC.ChangeOwner(_file, user, group).Ok);
        Assert.True(LibC.Statx(_file, out LibC.StatxBuffer after).Ok);
        Assert.Equal((user, group), (after.UserId, after.GroupId));
        AssertErrno(Errno.EBADF, LibC.ChangeOwner(_none, user, group));
    }

    [Fact]
    public void A_block_devices_size_is_told()
    {
        AssertErrno(Errno.ENOTTY, LibC.BlockDeviceSize(_file));
        using var device = new LoopDevice(new byte[3 * 1024 * 1024]);
        using SafeFileHandle handle = Posix.OpenRead(device.Path);
        Assert.Equal(3 * 1024 * 1024, LibC.BlockDeviceSize(handle).Value);
    }

    [Fact]
    public void A_file_systems_block_size_is_told()
    {
        long size = LibC.FileSystemBlockSize(_file).Value;
        Assert.True(size >= 512 && long.IsPow2(size), $"{size}");
        AssertErrno(Errno.EBADF, LibC.FileSystemBlockSize(_none));
    }

    [Fact]
    public void Clones_share_blocks_or_say_why_not()
    {
        using SafeFileHandle other = Posix.OpenWrite(_workspace["other"]);
        SysResult whole = LibC.CloneFile(_file, other);
        SysResult range = LibC.CloneFileRange(_file, 0, 0, other, 0);
        Assert.Equal(whole.Errno, range.Errno);
        Assert.True(whole.Ok || whole.Errno is Errno.EOPNOTSUPP or Errno.ENOTTY, $"{whole}");
        AssertErrno(Errno.EBADF, LibC.CloneFile(_none, other));
        AssertErrno(Errno.EBADF, LibC.CloneFileRange(_file, 0, 0, _none, 0));
    }

    public void Dispose()
    {
        _file.Dispose();
        _device.Dispose();
        _none.Dispose();
        _workspace.Dispose();
    }

    private static void AssertErrno(Errno expected, SysResult result) => Assert.Equal(new SysResult(-1, expected), result);
}
