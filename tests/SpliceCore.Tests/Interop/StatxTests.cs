using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

public sealed class StatxTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void A_handle_a_path_and_a_followed_link_are_one_file()
    {
        string path = _workspace.WriteRandom("file", 12_345);
        File.CreateSymbolicLink(_workspace["link"], path);
        using SafeFileHandle file = Posix.OpenRead(path);
        Assert.True(LibC.Statx(file, out LibC.StatxBuffer byHandle).Ok);
        Assert.True(LibC.Statx(path, followLink: false, out LibC.StatxBuffer byPath).Ok);
        Assert.True(LibC.Statx(_workspace["link"], followLink: true, out LibC.StatxBuffer byLink).Ok);
        Assert.Equal(12_345UL, byHandle.Size);
        Assert.Equal(1U, byHandle.LinkCount);
        Assert.Equal(byHandle, byPath);
        Assert.Equal(byHandle, byLink);
    }

    [Fact]
    public void A_link_that_is_not_followed_is_itself()
    {
        File.CreateSymbolicLink(_workspace["link"], "nowhere");
        Assert.True(LibC.Statx(_workspace["link"], followLink: false, out LibC.StatxBuffer link).Ok);
        Assert.Equal((int)DescriptorKind.SymbolicLink, link.Mode & FileStatus.TypeMask);
        Assert.Equal((ulong)"nowhere".Length, link.Size);
    }

    [Fact]
    public void What_is_not_there_is_an_error()
    {
        using var none = new SafeFileHandle(-1, ownsHandle: false);
        Assert.Equal(Errno.ENOENT, LibC.Statx(_workspace["nothing"], followLink: true, out _).Errno);
        Assert.Equal(Errno.EBADF, LibC.Statx(none, out _).Errno);
    }

    [Fact]
    public void A_mounts_root_is_known()
    {
        Assert.True(FileStatus.TryGet("/proc", followLink: true, out FileStatus? mount).Ok);
        Assert.True(FileStatus.TryGet("/proc/self", followLink: true, out FileStatus? inside).Ok);
        Assert.True(mount!.IsMountRoot);
        Assert.False(inside!.IsMountRoot);
    }

    [Theory]
    [InlineData(long.MaxValue, 9999)]
    [InlineData(long.MinValue, 1)]
    [InlineData(253_402_300_800, 9999)]
    [InlineData(0, 1970)]
    public void A_time_that_no_calendar_has_is_the_nearest(long seconds, int year) =>
        Assert.Equal(year, new LibC.StatxTimestamp { Seconds = seconds, Nanoseconds = 999_999_999 }.ToDateTime().Year);

    public void Dispose() => _workspace.Dispose();
}
