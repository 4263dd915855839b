using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>No device is failing where a socket only has no peer.</summary>
public sealed class UnconnectedSocketTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void As_the_destination_it_is_to_be_connected()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using SafeFileHandle source = Posix.OpenRead(_workspace.WriteRandom("source", 10));

        TransferException failure = Transfers.Fail(new() { Source = source, Destination = socket.SafeHandle });

        Assert.Equal((TransferErrorId.WriteFailed, Errno.EDESTADDRREQ), (failure.Id, failure.Errno));
        Assert.Contains("Connect it first", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.SendFile)]
    [InlineData(TransferMethod.ReadWrite)]
    public void As_the_destination_a_stream_socket_is_to_be_connected(TransferMethod method)
    {
        Emulator.Skip("getsockopt has no TCP_INFO");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using SafeFileHandle source = Posix.OpenRead(_workspace.WriteRandom("source", 10));

        TransferException failure = Transfers.Fail(new() { Source = source, Destination = socket.SafeHandle, Method = method });

        Assert.Equal((TransferErrorId.WriteFailed, Errno.EPIPE), (failure.Id, failure.Errno));
        Assert.Contains("is not connected", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    public void As_the_source_it_is_to_be_connected(TransferMethod method)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);

        TransferException failure = Transfers.Fail(new() { Source = socket.SafeHandle, Destination = destination, Method = method });

        Assert.Equal((TransferErrorId.ReadFailed, Errno.ENOTCONN), (failure.Id, failure.Errno));
        Assert.Contains("Connect it first", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _workspace.Dispose();
}
