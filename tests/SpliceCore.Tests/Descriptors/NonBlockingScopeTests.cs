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
            Assert.Equal(before | LibC.O_NONBLOCK, LibC.GetStatusFlags(channel.Input).Value);
        }

        Assert.False(descriptor.IsNonBlocking);
        Assert.Equal(before, LibC.GetStatusFlags(channel.Input).Value);
    }

    [Fact]
    public void A_socket_that_never_blocked_stays_so()
    {
        using Channel channel = Channel.UnixSocket();
        LibC.SetStatusFlags(channel.Input, LibC.O_RDWR | LibC.O_NONBLOCK);
        new NonBlockingScope(Descriptor.Describe(channel.Input, "socket")).Dispose();
        Assert.NotEqual(0, LibC.GetStatusFlags(channel.Input).Value & LibC.O_NONBLOCK);
    }

    [Fact]
    public void The_last_of_several_puts_the_mode_back()
    {
        using Channel channel = Channel.Tcp();
        long before = LibC.GetStatusFlags(channel.Input).Value;
        using var duplicate = Posix.Duplicate((int)channel.Input.DangerousGetHandle());
        var early = Descriptor.Describe(duplicate, "before the first");
        var first = new NonBlockingScope(Descriptor.Describe(channel.Input, "first"));
        var second = new NonBlockingScope(Descriptor.Describe(duplicate, "second"));
        var third = new NonBlockingScope(early);
        Assert.True(early.IsNonBlocking);
        first.Dispose();
        third.Dispose();
        Assert.Equal(before | LibC.O_NONBLOCK, LibC.GetStatusFlags(channel.Input).Value);
        second.Dispose();
        Assert.Equal(before, LibC.GetStatusFlags(channel.Input).Value);
    }

    [Fact]
    public void A_socket_that_another_transfer_had_when_it_was_looked_at_is_asked_again()
    {
        using Channel channel = Channel.UnixSocket();
        var other = new NonBlockingScope(Descriptor.Describe(channel.Input, "other"));
        var late = Descriptor.Describe(channel.Input, "late");
        other.Dispose();
        using (new NonBlockingScope(late))
        {
            Assert.NotEqual(0, LibC.GetStatusFlags(channel.Input).Value & LibC.O_NONBLOCK);
        }

        Assert.Equal(0, LibC.GetStatusFlags(channel.Input).Value & LibC.O_NONBLOCK);
    }

    [Fact]
    public void A_pipes_mode_is_left_alone()
    {
        using Channel channel = Channel.Pipe();
        using var scope = new NonBlockingScope(Descriptor.Describe(channel.Input, "pipe"));
        Assert.Equal(LibC.O_WRONLY, LibC.GetStatusFlags(channel.Input).Value);
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
