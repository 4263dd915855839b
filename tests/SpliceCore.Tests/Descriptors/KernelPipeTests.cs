using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Descriptors;

public class KernelPipeTests
{
    [Theory]
    [InlineData(1, 4096)]
    [InlineData(70_000, 131_072)]
    [InlineData(1 << 20, 1 << 20)]
    public void The_capacity_is_what_the_kernel_gave(int size, int capacity)
    {
        using var pipe = KernelPipe.Create(size);
        Assert.Equal(capacity, pipe.Capacity);
        Assert.Equal(capacity, LibC.GetPipeSize(pipe.ReadEnd).Value);
    }

    [Fact]
    public void A_size_that_the_kernel_refuses_leaves_its_own()
    {
        using var pipe = KernelPipe.Create(int.MaxValue);
        Assert.Equal(LibC.GetPipeSize(pipe.ReadEnd).Value, pipe.Capacity);
        Assert.True(pipe.Capacity >= Environment.SystemPageSize);
    }

    [Fact]
    public void Neither_end_ever_waits()
    {
        using var pipe = KernelPipe.Create(4096);
        byte[] buffer = new byte[4096];
        Assert.Equal(Errno.EAGAIN, LibC.Read(pipe.ReadEnd, buffer, null).Errno);
        Assert.Equal(4096, LibC.Write(pipe.WriteEnd, buffer, null).Value);
        Assert.Equal(Errno.EAGAIN, LibC.Write(pipe.WriteEnd, buffer, null).Errno);
    }
}
