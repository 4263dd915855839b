using System.Net;
using System.Runtime.InteropServices;

namespace Splice.TestKit.Channels;

/// <summary>A source that gives a certain content: by and by, in pieces of random size with random pauses, where it is no
/// file.</summary>
internal sealed class FedSource : IDisposable
{
    private readonly IDisposable? _owner;
    private readonly SafeHandle? _readEnd;
    private readonly Worker<bool>? _feeder;

    public FedSource(StreamEndKind kind, byte[] content, Workspace workspace, int seed)
    {
        string path = workspace[$"source-{seed}"];
        switch (kind)
        {
            case StreamEndKind.Content:
                End = TransferEndpoint.OfContent(content);
                break;
            case StreamEndKind.Path:
                File.WriteAllBytes(path, content);
                End = TransferEndpoint.OfPath(path);
                break;
            case StreamEndKind.File:
                File.WriteAllBytes(path, content);
                var file = Posix.OpenRead(path);
                _owner = file;
                End = TransferEndpoint.OfHandle(file);
                break;
            case StreamEndKind.Terminal:
                (var master, var slave) = Posix.Terminal();
                (_owner, _readEnd) = (master, slave);
                End = TransferEndpoint.OfHandle(slave);
                Count = content.Length;
                _feeder = new Worker<bool>(() => RandomPace.Write(master, content, seed));
                break;
            default:
                Channel channel = Open(kind, workspace);
                _owner = channel;
                _readEnd = channel.Output;
                End = TransferEndpoint.OfHandle(channel.Output);
                _feeder = new Worker<bool>(() =>
                {
                    RandomPace.Write(channel.Input, content, seed);
                    channel.Finish();
                    return true;
                });
                break;
        }
    }

    public TransferEndpoint End { get; }

    /// <summary>How many bytes to ask for where there is no end.</summary>
    public long? Count { get; }

    public static Channel Open(StreamEndKind kind, Workspace workspace) => kind switch
    {
        StreamEndKind.Tcp6 => Channel.Tcp(IPAddress.IPv6Loopback),
        _ => Channel.Open(Enum.Parse<ChannelKind>($"{kind}"), workspace),
    };

    public void Dispose()
    {
        // After a failure, the feeder would write to a full pipe for ever.
        _readEnd?.Dispose();
        _feeder?.WaitForEnd();
        _owner?.Dispose();
    }
}
