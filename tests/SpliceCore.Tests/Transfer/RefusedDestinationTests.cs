using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>A destination that splice(2) cannot write to is found out before a socket has given up its bytes.</summary>
public sealed class RefusedDestinationTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData(ChannelKind.UnixSocket)]
    [InlineData(ChannelKind.Tcp)]
    public void What_a_socket_holds_is_still_there(ChannelKind kind)
    {
        using Channel source = Channel.Open(kind, _workspace);
        source.Send(new byte[100]);
        using SafeFileHandle full = Posix.Open("/dev/full", LibC.O_WRONLY);

        TransferException refused = Transfers.Fail(new() { Source = source.Output, Destination = full, Count = 100 });

        Assert.Equal(TransferErrorId.MethodNotPossible, refused.Id);
        Assert.Equal(100, source.Waiting);
    }

    public void Dispose() => _workspace.Dispose();
}
