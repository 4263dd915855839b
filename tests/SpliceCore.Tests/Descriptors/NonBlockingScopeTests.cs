using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Descriptors;

public class NonBlockingScopeTests
{
    [Fact]
    public void A_sockets_mode_is_changed_and_put_back()
    {
        using Channel channel = Channel.Tcp();
        long before = LibC.GetStatusFlags(channel.Input).Value;
        var descriptor = Descriptor.Describe(channel.Input, "socket");
        using (new NonBlockingScope(descriptor))
        {
            Assert.True(descriptor.IsNonBlocking);
            Assert.Equal(before | OpenFlags.NonBlock, LibC.GetStatusFlags(channel.Input).Value);
        }

        Assert.False(descriptor.IsNonBlocking);
        Assert.Equal(before, LibC.GetStatusFlags(channel.Input).Value);
    }

    [Fact]
    public void A_socket_that_never_blocked_stays_so()
    {
        using Channel channel = Channel.UnixSocket();
        LibC.SetStatusFlags(channel.Input, OpenFlags.ReadWrite | OpenFlags.NonBlock);
        new NonBlockingScope(Descriptor.Describe(channel.Input, "socket")).Dispose();
        Assert.NotEqual(0, LibC.GetStatusFlags(channel.Input).Value & OpenFlags.NonBlock);
    }

    [Fact]
    public void A_pipes_mode_is_left_alone()
    {
        using Channel channel = Channel.Pipe();
        using var scope = new NonBlockingScope(Descriptor.Describe(channel.Input, "pipe"));
        Assert.Equal(OpenFlags.WriteOnly, LibC.GetStatusFlags(channel.Input).Value);
    }

    [Fact]
    public void A_socket_that_was_closed_meanwhile_is_no_trouble()
    {
        using Channel channel = Channel.UnixSocket();
        var scope = new NonBlockingScope(Descriptor.Describe(channel.Input, "socket"));
        channel.Input.Dispose();
        scope.Dispose();
        Assert.True(channel.Input.IsClosed);
    }
}
