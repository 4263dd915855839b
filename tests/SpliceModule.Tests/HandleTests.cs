using System.Collections;
using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>What Invoke-Splice takes, and where its streams stand afterwards.</summary>
public sealed class HandleTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;
    private readonly byte[] _content = Workspace.RandomBytes(50_000);
    private readonly FileStream _in;
    private readonly FileStream _out;
    private readonly AnonymousPipeServerStream _writer = new(PipeDirection.Out);
    private readonly AnonymousPipeClientStream _reader;

    public HandleTests(ModuleShell shell)
    {
        _shell = shell;
        _in = File.OpenRead(_workspace.Write("source", _content));
        _out = File.Create(_workspace["target"]);
        _reader = new AnonymousPipeClientStream(PipeDirection.In, _writer.ClientSafePipeHandle);
    }

    [Fact]
    public void Streams_stand_behind_what_was_moved()
    {
        ShellRun run = _shell.Splice(_in, _out);
        Assert.Equal(50_000L, run["BytesCopied"]);
        Assert.Equal(_workspace["source"], run["Source"]);
        Assert.Equal((50_000L, 50_000L), (_in.Position, _out.Position));
        Arrived(_content);
    }

    [Fact]
    public void Streams_made_of_handles_are_called_what_they_stand_for()
    {
        using var from = new FileStream(_in.SafeFileHandle, FileAccess.Read, bufferSize: 0);
        using var to = new FileStream(
            new SafeFileHandle(_out.SafeFileHandle.DangerousGetHandle(), ownsHandle: false), FileAccess.Write, bufferSize: 0);
        ShellRun run = _shell.Splice(from, to);
        Assert.Equal((_workspace["source"], _workspace["target"]), (run["Source"], run["Destination"]));
    }

    [Fact]
    public void Streams_with_something_in_their_buffers_go_on_from_there()
    {
        Assert.Equal(_content[0], _in.ReadByte());
        _out.WriteByte(7);
        Assert.Equal(10L, _shell.Splice(_in, _out, new Hashtable { ["Count"] = 10 })["BytesCopied"]);
        Assert.Equal(_content[11], _in.ReadByte());
        _out.WriteByte(8);
        Arrived([7, .. _content[1..11], 8]);
    }

    [Fact]
    public void Streams_stay_where_they_are_with_offsets()
    {
        Assert.Equal(_content[0], _in.ReadByte());
        ShellRun run = _shell.Splice(
            _in, _out, new Hashtable { ["Offset"] = 100, ["Count"] = 3, ["DestinationOffset"] = 1 });
        Assert.Equal(3L, run["BytesCopied"]);
        Assert.Equal((1L, 0L), (_in.Position, _out.Position));
        Assert.Equal(_content[1], _in.ReadByte());
        Arrived([0, .. _content[100..103]]);
    }

    [Fact]
    public void Handles_and_numbers()
    {
        using SafeFileHandle source = File.OpenHandle(_workspace["source"]);
        int number = (int)_out.SafeFileHandle.DangerousGetHandle();
        Assert.Equal(10L, _shell.Splice(source, number, new Hashtable { ["Count"] = 10 })["BytesCopied"]);
        ShellRun second = _shell.Splice(source, (long)number, new Hashtable { ["Count"] = 10 });
        Assert.Equal(10L, second["Offset"]);
        Assert.Equal($"descriptor {number}", second["Destination"]);
        Arrived(_content[..20]);
    }

    [Fact]
    public void Numbers_as_handles_give_them()
    {
        nint number = _out.SafeFileHandle.DangerousGetHandle();
        Assert.Equal($"descriptor {number}", _shell.Splice(_in, number)["Destination"]);
        Arrived(_content);
    }

    [Fact]
    public void Pipes_both_ways()
    {
        Assert.Equal(50_000L, _shell.Splice(_in, _writer)["BytesCopied"]);
        _writer.Dispose();
        ShellRun drained = _shell.Splice(_reader, _out);
        Assert.Equal(50_000L, drained["BytesCopied"]);
        Assert.Null(drained["Offset"]);
        Arrived(_content);
    }

    [Fact]
    public void NonBlock_does_not_wait()
    {
        var parameters = new Hashtable { ["Flags"] = "NonBlock" };
        Assert.Equal(0L, _shell.Splice(_reader, _out, parameters)["BytesCopied"]);
        _writer.Write([1, 2, 3]);
        Assert.Equal(3L, _shell.Splice(_reader, _out, parameters)["BytesCopied"]);
        Arrived([1, 2, 3]);
    }

    [Fact]
    public void NonBlock_fills_a_pipe_and_tells_how_far_it_came()
    {
        using FileStream large = File.OpenRead(_workspace.Write("large", new byte[1 << 20]));
        var moved = (long)_shell.Splice(large, _writer, new Hashtable { ["Flags"] = "NonBlock" })["BytesCopied"]!;
        Assert.InRange(moved, 1, (1 << 20) - 1);
        Assert.Equal(moved, large.Position);
    }

    [Fact]
    public void Sockets_and_their_streams()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);
        using Socket peer = listener.AcceptSocket();
        Assert.Equal(1000L, _shell.Splice(_in, peer, new Hashtable { ["Count"] = 1000 })["BytesCopied"]);
        Assert.Equal(1000L, _shell.Splice(client.GetStream(), _out, new Hashtable { ["Count"] = 1000 })["BytesCopied"]);
        Assert.Equal(0L, _shell.Splice(peer, _out, new Hashtable { ["Flags"] = "NonBlock" })["BytesCopied"]);
        Arrived(_content[..1000]);
    }

    public static TheoryData<object?> NoHandles => ["3", "/etc/passwd", 1.5, true, new object[] { 3, 4 }, (object?)null];

    [Theory]
    [MemberData(nameof(NoHandles))]
    public void Nothing_else_is_a_handle(object? value)
    {
        _shell.Splice(value, _out).DidNotBind("ParameterArgumentTransformationError");
        _shell.Splice(_in, value).DidNotBind("ParameterArgumentTransformationError");
    }

    public void Dispose()
    {
        _in.Dispose();
        _out.Dispose();
        _reader.Dispose();
        _writer.Dispose();
        _workspace.Dispose();
    }

    private void Arrived(byte[] expected)
    {
        _out.Dispose();
        Assert.Equal(expected, File.ReadAllBytes(_workspace["target"]));
    }
}
