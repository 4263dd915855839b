using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Streaming;
using Splice.Transfer;

namespace Splice;

/// <summary>Moves all that a source gives, or a range of it, to one or many destinations.</summary>
public static class StreamCopy
{
    /// <summary>Moves the bytes.</summary>
    /// <param name="request">What to move.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What became of each destination, in their order.</returns>
    /// <exception cref="TransferException">Nothing was moved: the source cannot be read, or does not have the range.</exception>
    public static IReadOnlyList<StreamOutcome> Copy(StreamRequest request, TransferMonitor monitor)
    {
        var tally = new TransferTally();
        RangeCheck.Numbers(request.Offset, request.Count, destinationOffset: null, request.Source.Name ?? "the source", string.Empty);
        var wait = new IdleWait(request.IdleTimeout, monitor.Cancellation);
        try
        {
            using var source = StreamSource.Open(request.Source, wait);
            TransferSpec spec = Spec(request, source.Descriptor);
            using var destinations = new DestinationSet(request, source, spec, wait, monitor.Cancellation);
            return destinations.Run(monitor, tally);
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

/// <summary>One source that is moved to one or many destinations.</summary>
public sealed record StreamRequest
{
    /// <summary>What to read.</summary>
    public required StreamEnd Source { get; init; }

    /// <summary>Where to: one or more. Each gets all that the source has.</summary>
    public required IReadOnlyList<StreamEnd> Destinations { get; init; }

    /// <summary>Where to read, in bytes from the source's start; its own position is left alone. Null: from its position,
    /// which moves on.</summary>
    public long? Offset { get; init; }

    /// <summary>The bytes to move; null for all up to the end. A source that ends before is an error.</summary>
    public long? Count { get; init; }

    /// <summary>Limit in bytes of the source per second; null for as many as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>The capacity to ask for of the pipes that are needed, in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }

    /// <summary>Whether bytes in a pipe or socket may still be those of the source's pages.</summary>
    public StreamConsistency Consistency { get; init; }

    /// <summary>How long the source may give nothing, or a destination take nothing; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>True if a destination that fails ends all of it; otherwise the others go on.</summary>
    public bool StopsOnError { get; init; }
}

/// <summary>What became of one destination.</summary>
/// <param name="Result">What it got; null where it failed.</param>
/// <param name="Error">Why it failed, with how far it got; null where it did not.</param>
public sealed record StreamOutcome(TransferResult? Result, TransferException? Error)
{
    /// <summary>What has arrived there, in bytes.</summary>
    public long BytesCopied => (Result ?? Error?.Partial as TransferResult)?.BytesCopied ?? 0;
}

/// <summary>Whether bytes in a pipe or socket may still be those of the source's pages.</summary>
public enum StreamConsistency
{
    /// <summary>The kernel may pass references to cached pages: what is written to the source before the reader has read them
    /// can show up at the reader. The fastest.</summary>
    Reference = 0,

    /// <summary>The bytes are copied when they are moved, and nobody changes them afterwards.</summary>
    Copy,
}

/// <summary>What a stream comes from or goes to: a path, an open handle, or, for a source, bytes.</summary>
public sealed record StreamEnd
{
    private StreamEnd()
    {
    }

    /// <summary>An absolute path; null for the others.</summary>
    public string? Path { get; private init; }

    /// <summary>An open handle, which stays the caller's; null for the others.</summary>
    public SafeHandle? Handle { get; private init; }

    /// <summary>Bytes; null for the others. They must not change while they are moved.</summary>
    public ReadOnlyMemory<byte>? Content { get; private init; }

    /// <summary>How messages and results call it; null for what the descriptor stands for.</summary>
    public string? Name { get; private init; }

    /// <summary>Where the handle's position is now, in bytes from the start; null where there is none.</summary>
    public long? Position =>
        Handle is { IsClosed: false } && LibC.Seek(Handle, 0, SeekOrigin.Current) is { Ok: true } position ? position.Value : null;

    /// <summary>A file, device or FIFO by its path.</summary>
    /// <param name="path">An absolute path.</param>
    /// <returns>The end.</returns>
    public static StreamEnd OfPath(string path) => new() { Path = path, Name = path };

    /// <summary>An open handle.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="name">How messages and results call it; null for what it stands for.</param>
    /// <returns>The end.</returns>
    public static StreamEnd OfHandle(SafeHandle handle, string? name = null) => new() { Handle = handle, Name = name };

    /// <summary>Bytes, as a source.</summary>
    /// <param name="content">The bytes.</param>
    /// <returns>The end.</returns>
    public static StreamEnd OfContent(ReadOnlyMemory<byte> content) => new() { Content = content, Name = ByteText.Of(content.Length) };

    /// <summary>Tells whoever reads the other end that no more will come: a socket's sending side is shut down, and it can
    /// still receive; everything else is closed.</summary>
    /// <param name="handle">The handle.</param>
    /// <returns>False where it is no socket, and still open.</returns>
    public static bool TryEndSending(SafeHandle handle)
    {
        SysResult result = LibC.ShutDownSending(handle);
        return result.Errno != Errno.ENOTSOCK;
    }
}
