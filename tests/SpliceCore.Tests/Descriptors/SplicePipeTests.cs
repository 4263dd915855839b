using Splice.Interop;
using Xunit;

namespace Splice.Tests.Descriptors;

public class SplicePipeTests
{
    [Theory]
    [InlineData(1, 4096)]
    [InlineData(300_000, 524_288)]
    [InlineData(1 << 20, 1 << 20)]
    public void The_capacity_is_what_the_kernel_gave(int asked, int capacity)
    {
        using var pipe = SplicePipe.Create(asked);
        Assert.Equal((capacity, Errno.None), (pipe.Capacity, pipe.Refusal));
        Assert.Equal(capacity, LibC.GetPipeSize(pipe.WriteEnd).Value);
    }

    [Fact]
    public void What_goes_in_comes_out_and_has_an_end()
    {
        using var pipe = SplicePipe.Create();
        LibC.Write(pipe.WriteEnd, [1, 2, 3], null);
        Assert.Equal(3, pipe.BytesAvailable);
        pipe.CloseWrite();
        byte[] buffer = new byte[10];
        Assert.Equal(3, LibC.Read(pipe.ReadEnd, buffer, null).Value);
        Assert.Equal(0, LibC.Read(pipe.ReadEnd, buffer, null).Value);
        Assert.Equal(0, pipe.BytesAvailable);
    }

    [Fact]
    public void The_ends_wait()
    {
        using var pipe = SplicePipe.Create();
        Assert.Equal(LibC.O_RDONLY, LibC.GetStatusFlags(pipe.ReadEnd).Value);
        Assert.Equal(LibC.O_WRONLY, LibC.GetStatusFlags(pipe.WriteEnd).Value);
    }

    [Fact]
    public void Both_are_closed_in_the_end_and_in_programs_that_are_started()
    {
        var pipe = SplicePipe.Create();
        string flags = File.ReadAllText($"/proc/self/fdinfo/{pipe.ReadEnd.DangerousGetHandle()}");
        Assert.Matches(@"flags:\s+02000000", flags); // O_CLOEXEC
        pipe.Dispose();
        Assert.True(pipe.ReadEnd.IsClosed && pipe.WriteEnd.IsClosed);
        Assert.Equal(0, pipe.BytesAvailable);
    }

    [Fact]
    public void A_size_that_the_kernel_refuses_leaves_its_own()
    {
        using var pipe = SplicePipe.Create(int.MaxValue);
        Assert.Equal(LibC.GetPipeSize(pipe.ReadEnd).Value, pipe.Capacity);
        Assert.True(pipe.Capacity >= Environment.SystemPageSize);
        Assert.NotEqual(Errno.None, pipe.Refusal);
    }

    [Fact]
    public void The_ends_of_a_non_blocking_pipe_never_wait()
    {
        using var pipe = SplicePipe.CreateNonBlocking(4096);
        byte[] buffer = new byte[4096];
        Assert.Equal(Errno.EAGAIN, LibC.Read(pipe.ReadEnd, buffer, null).Errno);
        Assert.Equal(4096, LibC.Write(pipe.WriteEnd, buffer, null).Value);
        Assert.Equal(Errno.EAGAIN, LibC.Write(pipe.WriteEnd, buffer, null).Errno);
    }
}
