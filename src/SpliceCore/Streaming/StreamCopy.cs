using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Streaming;
using Splice.Transfer;

namespace Splice;

/// <summary>Copies a source, or a range of it, to one or many destinations.</summary>
public static class StreamCopy
{
    /// <summary>Copies the bytes.</summary>
    /// <param name="request">The source and its destinations.</param>
    /// <param name="monitor">Progress and cancellation.</param>
    /// <returns>The outcome of each destination, in their order.</returns>
    /// <exception cref="TransferException">Nothing was moved: the source cannot be read, or does not have the range.</exception>
    public static IReadOnlyList<StreamOutcome> Copy(StreamRequest request, TransferMonitor monitor)
    {
        var counters = new TransferCounters();
        RangeCheck.ThrowIfNegative(request.Offset, request.Count, destinationOffset: null, request.Source.Name ?? "the source", string.Empty);
        var wait = new IdleWait(request.IdleTimeout, monitor.Cancellation);
        try
        {
            using var source = StreamSource.Open(request.Source, wait);
            TransferSpec spec = Spec(request, source.Descriptor);
            using var destinations = new DestinationSet(request, source, spec, wait, monitor.Cancellation);
            return destinations.Run(monitor, counters);
        }
        catch (OperationCanceledException)
        {
            string destination = request.Destinations[0].Name ?? "the destination";
            throw TransferFailures.Stopped(request.Source.Name ?? "the source", destination, arrived: 0);
        }
    }

    private static TransferSpec Spec(StreamRequest request, Descriptor source)
    {
        long? start = source.IsSeekable ? request.Offset ?? (request.Source.Handle is null ? 0 : source.Position) : null;
        return new TransferSpec
        {
            Offset = start,
            Length = RangeCheck.Source(source, request.Offset, start, request.Count),
            RequestedCount = request.Count,
            RequiresAll = true,
            AllowsChanging = true,
            PipeSize = request.PipeSize,
            RateLimit = request.RateLimit,
            IdleTimeout = request.IdleTimeout,
        };
    }
}

/// <summary>A source and its destinations.</summary>
public sealed record StreamRequest
{
    /// <summary>The source.</summary>
    public required TransferEndpoint Source { get; init; }

    /// <summary>The destinations, one or more. Each gets all bytes.</summary>
    public required IReadOnlyList<TransferEndpoint> Destinations { get; init; }

    /// <summary>Offset of the first byte in the source, whose file offset stays; null for its file offset, which advances.</summary>
    public long? Offset { get; init; }

    /// <summary>Number of bytes to move; null for all up to the end. Fewer are an error.</summary>
    public long? Count { get; init; }

    /// <summary>Limit in bytes of the source per second; null for unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>Capacity of our own pipes in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }

    /// <summary>Defines whether a pipe or socket may hold references to pages of the source.</summary>
    public StreamConsistency Consistency { get; init; }

    /// <summary>The longest time without bytes from the source, or to a destination; null for unlimited.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>True if an error of one destination stops the others.</summary>
    public bool StopsOnError { get; init; }
}

/// <summary>The outcome of one destination.</summary>
/// <param name="Result">The result; null if it failed.</param>
/// <param name="Error">The error, with the partial result; null if it succeeded.</param>
public sealed record StreamOutcome(TransferResult? Result, TransferException? Error)
{
    /// <summary>Number of bytes that have arrived.</summary>
    public long BytesCopied => (Result ?? Error?.Partial as TransferResult)?.BytesCopied ?? 0;
}

/// <summary>Defines whether a pipe or socket may hold references to pages of the source.</summary>
public enum StreamConsistency
{
    /// <summary>The kernel may pass references to cached pages: what is written to the source before they are read can appear at the
    /// reader. The fastest.</summary>
    Reference = 0,

    /// <summary>The bytes are copied, and do not change afterwards.</summary>
    Copy,
}

/// <summary>The source or a destination of a stream: a path, an open handle, or, for a source, bytes.</summary>
public sealed record TransferEndpoint
{
    private TransferEndpoint()
    {
    }

    /// <summary>An absolute path; null for the others.</summary>
    public string? Path { get; private init; }

    /// <summary>An open handle, which stays the caller's; null for the others.</summary>
    public SafeHandle? Handle { get; private init; }

    /// <summary>Bytes, which must not change during the copy; null for the others.</summary>
    public ReadOnlyMemory<byte>? Content { get; private init; }

    /// <summary>The name in messages and results; null for that of the descriptor.</summary>
    public string? Name { get; private init; }

    /// <summary>Lowest rate of a destination while others wait for it; null for none.</summary>
    internal RateFloor? Floor { get; init; }

    /// <summary>The current file offset of the handle; null if not seekable.</summary>
    public long? Position =>
        Handle is { IsClosed: false } && LibC.Seek(Handle, 0, SeekOrigin.Current) is { Ok: true } position ? position.Value : null;

    /// <summary>A file, device or FIFO by its path.</summary>
    /// <param name="path">An absolute path.</param>
    /// <returns>The end.</returns>
    public static TransferEndpoint OfPath(string path) => new() { Path = path, Name = path };

    /// <summary>An open handle.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="name">The name in messages and results; null for that of the descriptor.</param>
    /// <returns>The end.</returns>
    public static TransferEndpoint OfHandle(SafeHandle handle, string? name = null) => new() { Handle = handle, Name = name };

    /// <summary>Bytes, as a source.</summary>
    /// <param name="content">The bytes.</param>
    /// <returns>The end.</returns>
    public static TransferEndpoint OfContent(ReadOnlyMemory<byte> content) => new() { Content = content, Name = ByteText.Count(content.Length) };

    /// <summary>Shuts down the sending side of a socket, which can still receive.</summary>
    /// <param name="handle">The handle.</param>
    /// <returns>False if it is not a socket.</returns>
    public static bool TryEndSending(SafeHandle handle)
    {
        SysResult result = LibC.ShutDownSending(handle);
        return result.Errno != Errno.ENOTSOCK;
    }
}
