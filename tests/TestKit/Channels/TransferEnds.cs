using System.Runtime.InteropServices;

namespace Splice.TestKit.Channels;

public enum SourceKind
{
    File,
    Pipe,
    Fifo,
    UnixSocket,
    Tcp,
    Zero,
}

public enum DestinationKind
{
    File,
    Pipe,
    LargePipe,
    Fifo,
    UnixSocket,
    Tcp,
    Null,
}

/// <summary>Something to read that gives a certain content, by and by where it can.</summary>
internal sealed class SourceEnd : IDisposable
{
    private readonly Channel? _channel;
    private readonly Worker<bool>? _feeder;

    public SourceEnd(SourceKind kind, byte[] content, Workspace workspace)
    {
        switch (kind)
        {
            case SourceKind.File:
                Handle = Posix.OpenRead(workspace.Write("source", content));
                break;
            case SourceKind.Zero:
                Handle = Posix.OpenRead("/dev/zero");
                Count = content.Length;
                Array.Clear(content);
                break;
            default:
                _channel = Channel.Open(Enum.Parse<ChannelKind>($"{kind}"), workspace);
                Handle = _channel.Output;
                _feeder = new Worker<bool>(() =>
                {
                    _channel.Send(content, seed: content.Length);
                    _channel.Finish();
                    return true;
                });
                break;
        }
    }

    public SafeHandle Handle { get; }

    /// <summary>How many bytes to ask for where there is no end.</summary>
    public long? Count { get; }

    public void Dispose()
    {
        // After a failure, the feeder would write to a full pipe for ever.
        Handle.Dispose();
        _feeder?.WaitForEnd();
        _channel?.Dispose();
    }
}

/// <summary>Something to write to that tells afterwards what arrived.</summary>
internal sealed class DestinationEnd : IDisposable
{
    private readonly Channel? _channel;
    private readonly Worker<byte[]>? _collector;
    private readonly string? _path;

    public DestinationEnd(DestinationKind kind, Workspace workspace)
    {
        switch (kind)
        {
            case DestinationKind.File:
                _path = workspace["destination"];
                Handle = Posix.OpenWrite(_path);
                break;
            case DestinationKind.Null:
                Handle = Posix.Open("/dev/null", Splice.Interop.LibC.O_WRONLY);
                break;
            default:
                _channel = Channel.Open(Enum.Parse<ChannelKind>($"{kind}"), workspace);
                Handle = _channel.Input;
                _collector = new Worker<byte[]>(() => _channel.ReceiveAll(seed: 7));
                break;
        }
    }

    public SafeHandle Handle { get; }

    /// <summary>All that arrived, at the end of it. Null where nobody knows.</summary>
    public byte[]? Received()
    {
        _channel?.Finish();
        return _path is null ? _collector?.Join() : File.ReadAllBytes(_path);
    }

    public void Dispose()
    {
        Handle.Dispose();
        _channel?.Dispose();
    }
}
