using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

/// <summary>A process that another test starts has a copy of every descriptor until its exec: an end that is closed would stay open.</summary>
[Collection(SerialCollection.Name)]
public sealed class PipeCallsTests : IDisposable
{
    private readonly SafeFileHandle _readEnd;
    private readonly SafeFileHandle _writeEnd;
    private readonly SafeFileHandle _otherReadEnd;
    private readonly SafeFileHandle _otherWriteEnd;

    public PipeCallsTests()
    {
        Assert.True(LibC.Pipe2(LibC.O_NONBLOCK, out _readEnd, out _writeEnd).Ok);
        Assert.True(LibC.Pipe2(LibC.O_NONBLOCK, out _otherReadEnd, out _otherWriteEnd).Ok);
    }

    [Fact]
    public void Pipe2_makes_ends_that_are_closed_on_exec()
    {
        const int Expected = LibC.O_CLOEXEC | LibC.O_NONBLOCK;
        string flags = File.ReadLines($"/proc/self/fdinfo/{_readEnd.DangerousGetHandle()}")
            .Single(line => line.StartsWith("flags:", StringComparison.Ordinal));
        Assert.Equal(Expected, Convert.ToInt32(flags.Split('\t')[1], 8) & Expected);
        Emulator.Skip("pipe2 ignores unknown flags");
        AssertErrno(Errno.EINVAL, LibC.Pipe2(0x40000000, out SafeFileHandle readEnd, out SafeFileHandle writeEnd));
        Assert.True(readEnd.IsInvalid && writeEnd.IsInvalid);
    }

    [Fact]
    public void Splice_moves_bytes_from_pipe_to_pipe()
    {
        AssertErrno(Errno.EAGAIN, LibC.Splice(_readEnd, null, _otherWriteEnd, null, 100, SpliceFlags.NonBlock));
        Put("hello");
        Assert.Equal(3, LibC.Splice(_readEnd, null, _otherWriteEnd, null, 3, SpliceFlags.None).Value);
        Assert.Equal("hel", Take(_otherReadEnd));
        Assert.Equal("lo", Take(_readEnd));
        AssertErrno(Errno.EINVAL, LibC.Splice(_readEnd, null, _writeEnd, null, 1, SpliceFlags.None));
        AssertErrno(Errno.ESPIPE, LibC.Splice(_readEnd, 0, _otherWriteEnd, null, 1, SpliceFlags.None));
    }

    [Fact]
    public void Splice_takes_an_offset_on_either_side()
    {
        using var workspace = new Workspace();
        using SafeFileHandle file = Posix.OpenWrite(workspace.Write("file", "0123456789"u8.ToArray()));
        Assert.Equal(3, LibC.Splice(file, 4, _writeEnd, null, 3, SpliceFlags.None).Value);
        Assert.Equal(3, LibC.Splice(_readEnd, null, file, 1, 100, SpliceFlags.None).Value);
        Assert.Equal("0456456789", File.ReadAllText(workspace["file"]));
        AssertErrno(Errno.EINVAL, LibC.Splice(file, -1, _writeEnd, null, 1, SpliceFlags.None));
    }

    [Fact]
    public void Tee_leaves_the_bytes_where_they_are()
    {
        AssertErrno(Errno.EAGAIN, LibC.Tee(_readEnd, _otherWriteEnd, 100, SpliceFlags.NonBlock));
        Put("hello");
        Assert.Equal(5, LibC.Tee(_readEnd, _otherWriteEnd, 100, SpliceFlags.None).Value);
        Assert.Equal("hello", Take(_otherReadEnd));
        Assert.Equal("hello", Take(_readEnd));
        AssertErrno(Errno.EINVAL, LibC.Tee(_readEnd, _writeEnd, 1, SpliceFlags.None));
    }

    [Fact]
    public void Bytes_available_are_counted()
    {
        Assert.Equal(0, LibC.BytesAvailable(_readEnd).Value);
        Put("hello");
        Assert.Equal(5, LibC.BytesAvailable(_readEnd).Value);
        using SafeFileHandle device = Posix.OpenRead("/dev/null");
        AssertErrno(Errno.ENOTTY, LibC.BytesAvailable(device));
    }

    [Fact]
    public void A_pipes_size_is_rounded_up_and_never_below_its_content()
    {
        int page = Environment.SystemPageSize;
        Assert.Equal(16 * page, LibC.GetPipeSize(_writeEnd).Value);
        Assert.Equal(4 * page, LibC.SetPipeSize(_writeEnd, (2 * page) + 1).Value);
        Assert.Equal(4 * page, LibC.GetPipeSize(_readEnd).Value);
        Assert.Equal(2 * page, LibC.Write(_writeEnd, new byte[2 * page], null).Value);
        AssertErrno(Errno.EBUSY, LibC.SetPipeSize(_writeEnd, page));
        using SafeFileHandle device = Posix.OpenRead("/dev/null");
        AssertErrno(Errno.EBADF, LibC.GetPipeSize(device));
    }

    [Fact]
    public void Status_flags_are_read_and_set()
    {
        Assert.Equal(LibC.O_WRONLY | LibC.O_NONBLOCK, LibC.GetStatusFlags(_writeEnd).Value);
        Assert.True(LibC.SetStatusFlags(_writeEnd, LibC.O_WRONLY).Ok);
        Assert.Equal(LibC.O_WRONLY, LibC.GetStatusFlags(_writeEnd).Value);
        using var none = new SafeFileHandle(-1, ownsHandle: false);
        AssertErrno(Errno.EBADF, LibC.GetStatusFlags(none));
        AssertErrno(Errno.EBADF, LibC.SetStatusFlags(none, 0));
    }

    [Fact]
    public void Writing_to_a_pipe_without_reader_is_an_error()
    {
        _readEnd.Dispose();
        AssertErrno(Errno.EPIPE, LibC.Write(_writeEnd, "hello"u8, null));
    }

    public void Dispose()
    {
        _readEnd.Dispose();
        _writeEnd.Dispose();
        _otherReadEnd.Dispose();
        _otherWriteEnd.Dispose();
    }

    private static void AssertErrno(Errno expected, SysResult result) => Assert.Equal(new SysResult(-1, expected), result);

    private void Put(string text) =>
        Assert.Equal(text.Length, LibC.Write(_writeEnd, Encoding.UTF8.GetBytes(text), null).Value);

    private static string Take(SafeFileHandle readEnd)
    {
        byte[] buffer = new byte[100];
        return Encoding.UTF8.GetString(buffer, 0, (int)LibC.Read(readEnd, buffer, null).Value);
    }
}
