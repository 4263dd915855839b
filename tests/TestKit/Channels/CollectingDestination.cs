using System.Security.Cryptography;

namespace Splice.TestKit.Channels;

/// <summary>A destination that is read by and by, in pieces of random size with random pauses, and tells afterwards what
/// arrived.</summary>
internal sealed class CollectingDestination : IDisposable
{
    private readonly IDisposable? _owner;
    private readonly IDisposable? _second;
    private readonly Channel? _channel;
    private readonly Worker<byte[]>? _collector;
    private readonly string _path;

    public CollectingDestination(StreamEndKind kind, int length, Workspace workspace, int seed)
    {
        _path = workspace[$"destination-{seed}"];
        switch (kind)
        {
            case StreamEndKind.Path:
                End = TransferEndpoint.OfPath(_path);
                break;
            case StreamEndKind.File:
                var file = Posix.OpenWrite(_path);
                _owner = file;
                End = TransferEndpoint.OfHandle(file);
                break;
            case StreamEndKind.Terminal:
                (var master, var slave) = Posix.Terminal();
                (_owner, _second) = (master, slave);
                End = TransferEndpoint.OfHandle(slave);
                _collector = new Worker<byte[]>(() => RandomPace.Read(master, length, seed));
                break;
            default:
                _channel = FedSource.Open(kind, workspace);
                _owner = _channel;
                End = TransferEndpoint.OfHandle(_channel.Input);
                _collector = new Worker<byte[]>(() => RandomPace.Read(_channel.Output, int.MaxValue, seed));
                break;
        }
    }

    public TransferEndpoint End { get; }

    /// <summary>The SHA-256 of all that arrived, at the end of it.</summary>
    public string Hash()
    {
        _channel?.Finish();
        return HashOf(_collector?.Join() ?? File.ReadAllBytes(_path));
    }

    public static string HashOf(byte[] content) => Convert.ToHexString(SHA256.HashData(content));

    public void Dispose()
    {
        _owner?.Dispose();
        _second?.Dispose();
    }
}
