using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.TestKit.Channels;

public enum ChannelKind
{
    Pipe,
    LargePipe,
    Fifo,
    UnixSocket,
    Tcp,
}

/// <summary>Two connected descriptors: what is written to the input comes out of the output.</summary>
internal sealed class Channel(SafeHandle input, SafeHandle output, params IDisposable[] owners) : IDisposable
{
    private const int TcpBuffer = 256 * 1024;

    public SafeHandle Input { get; } = input;

    public SafeHandle Output { get; } = output;

    /// <summary>The bytes that are under way.</summary>
    public long Waiting => LibC.BytesAvailable(Output).Value;

    public static Channel Open(ChannelKind kind, Workspace workspace) => kind switch
    {
        ChannelKind.Pipe => Pipe(),
        ChannelKind.LargePipe => Pipe(1 << 20),
        ChannelKind.Fifo => Fifo(workspace),
        ChannelKind.UnixSocket => UnixSocket(),
        _ => Tcp(),
    };

    /// <param name="capacity">Bytes; null for what the kernel gives.</param>
    public static Channel Pipe(int? capacity = null)
    {
        (SafeFileHandle readEnd, SafeFileHandle writeEnd) = Posix.Pipe();
        Assert.True(capacity is not int bytes || LibC.SetPipeSize(writeEnd, bytes).Ok, "No pipe of this size.");
        return new Channel(writeEnd, readEnd);
    }

    public static Channel UnixSocket()
    {
        (SafeFileHandle first, SafeFileHandle second) = Posix.SocketPair();
        return new Channel(first, second);
    }

    /// <summary>With buffers that are soon full.</summary>
    public static Channel Tcp() => Tcp(IPAddress.Loopback);

    public static Channel Tcp(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Server.ReceiveBufferSize = TcpBuffer;
        listener.Start();
        var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = TcpBuffer };
        client.Connect(listener.LocalEndpoint);
        Socket server = listener.AcceptSocket();
        return new Channel(client.SafeHandle, server.SafeHandle, client, server);
    }

    /// <summary>Writes all of it, and with <paramref name="seed"/> in chunks of random size.</summary>
    public void Send(ReadOnlySpan<byte> content, int? seed = null)
    {
        Random? random = seed is int value ? new Random(value) : null;
        while (!content.IsEmpty)
        {
            int length = Math.Min(content.Length, random?.Next(1, 100_000) ?? content.Length);
            SysResult result = LibC.Write(Input, content[..length], null);
            Assert.True(result.Ok, $"{result.Errno}");
            content = content[(int)result.Value..];
        }
    }

    /// <summary>Reads up to the end, and with <paramref name="seed"/> in chunks of random size.</summary>
    public byte[] ReceiveAll(int? seed = null)
    {
        Random? random = seed is int value ? new Random(value) : null;
        using var content = new MemoryStream();
        byte[] buffer = new byte[100_000];
        while (true)
        {
            int length = random?.Next(1, buffer.Length) ?? buffer.Length;
            SysResult result = LibC.Read(Output, buffer.AsSpan(0, length), null);
            Assert.True(result.Ok, $"{result.Errno}");
            if (result.Value == 0)
            {
                return content.ToArray();
            }

            content.Write(buffer, 0, (int)result.Value);
        }
    }

    /// <summary>Ends what is written, so that the reader gets to the end. A socket is shut down and stays open: .NET
    /// closes sockets by a reset, which may take bytes from the reader.</summary>
    public void Finish()
    {
        if (!Posix.TryEndSending(Input))
        {
            Input.Dispose();
        }
    }

    /// <summary>Ends what is written, and reads what had been.</summary>
    public byte[] ReceiveRest()
    {
        Finish();
        return ReceiveAll();
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        foreach (IDisposable owner in owners)
        {
            owner.Dispose();
        }
    }

    private static Channel Fifo(Workspace workspace)
    {
        string path = workspace[$"{Guid.NewGuid():N}.fifo"];
        Posix.MakeFifo(path);
        using SafeFileHandle both = Posix.Open(path, LibC.O_RDWR);
        return new Channel(Posix.Open(path, LibC.O_WRONLY), Posix.Open(path, LibC.O_RDONLY));
    }
}
