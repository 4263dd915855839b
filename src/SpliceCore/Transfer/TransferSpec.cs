using System.Diagnostics;
using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>What one transfer between two descriptors shall do, checked and complete.</summary>
internal sealed record TransferSpec
{
    /// <summary>Where reading starts; null where the source has no position.</summary>
    public long? Offset { get; init; }

    /// <summary>Where writing starts; null where the destination has no position.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>The bytes to move; null up to the end.</summary>
    public long? Length { get; init; }

    /// <summary>The bytes that the user asked for, if he did: fewer are an error where they were promised.</summary>
    public long? RequestedCount { get; init; }

    /// <summary>True if less than all that was asked for is an error: a file is copied, or it is not.</summary>
    public bool RequiresAll { get; init; }

    /// <summary>True if the source may change meanwhile.</summary>
    public bool AllowsChanging { get; init; }

    /// <summary>True if the destination, a regular file, must have all bytes up to its end at any time: its size is how far
    /// the transfer has come, and nothing is taken back.</summary>
    public bool GrowsInOrder { get; init; }

    /// <summary>Where the bytes are in a file that they are added to (O_APPEND); null where they are written at offsets.</summary>
    public AppendPosition? Append { get; init; }

    public TransferMethod Method { get; init; }

    /// <summary>The destination's, where it is known: then nobody asks.</summary>
    public FileSystemType? DestinationFileSystem { get; init; }

    /// <summary>The source's, where it is known.</summary>
    public FileSystemType? SourceFileSystem { get; init; }

    /// <summary>The side that is a pipe of our own, between the source and the destinations of a stream; Unknown for neither.</summary>
    public TransferSide OwnPipe { get; init; }

    /// <summary>True if it is known that these file systems share no blocks: then nobody asks.</summary>
    public bool SkipsReflink { get; init; }

    public ReflinkMode Reflink { get; init; }

    public SparseMode Sparse { get; init; }

    public SpliceFlags Flags { get; init; }

    public int? PipeSize { get; init; }

    /// <summary>Shared with other transfers; null where nothing limits the rate.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>How long a side may keep the transfer waiting; null for any time.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Null where a failure is final.</summary>
    public Retrier? Retrier { get; init; }
}

/// <summary>The counts of one transfer.</summary>
internal sealed class TransferTally
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _callsBefore = SystemCallCount.Current;
    private readonly long[] _bytesByMethod = new long[(int)TransferMethod.ReadWrite + 1];

    public long BytesInHoles { get; set; }

    public long Retries { get; set; }

    public long BytesReflinked => BytesBy(TransferMethod.Reflink);

    public long BytesMoved { get; private set; }

    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public long SystemCalls => SystemCallCount.Current - _callsBefore;

    /// <summary>The method that moved the most; null where none had to.</summary>
    public TransferMethod? MainMethod
    {
        get
        {
            TransferMethod main = default;
            for (TransferMethod method = default; method <= TransferMethod.ReadWrite; method++)
            {
                main = BytesBy(method) > BytesBy(main) ? method : main;
            }

            return BytesBy(main) == 0 ? null : main;
        }
    }

    public void Add(TransferMethod method, long bytes)
    {
        _bytesByMethod[(int)method] += bytes;
        BytesMoved += method == TransferMethod.Reflink ? 0 : bytes;
    }

    public void Add(TransferTally other)
    {
        for (TransferMethod method = default; method <= TransferMethod.ReadWrite; method++)
        {
            Add(method, other.BytesBy(method));
        }

        BytesInHoles += other.BytesInHoles;
        Retries += other.Retries;
    }

    public long BytesBy(TransferMethod method) => _bytesByMethod[(int)method];

    public TransferResult ToResult(
        string source, string destination, TransferSpec spec, IReadOnlyList<MethodAttempt> attempts, long undelivered = 0) => new()
        {
            Source = source,
            Destination = destination,
            Offset = spec.Offset,
            DestinationOffset = spec.DestinationOffset,
            Count = spec.RequestedCount,
            BytesMoved = BytesMoved,
            BytesReflinked = BytesReflinked,
            BytesInHoles = BytesInHoles,
            BytesUndelivered = undelivered,
            Method = MainMethod,
            Attempts = attempts,
            Flags = spec.Flags,
            SystemCalls = SystemCalls,
            Retries = Retries,
            Elapsed = Elapsed,
        };
}

/// <summary>Keeps SIGXFSZ from ending the process, so that a write past a file-size limit answers EFBIG.</summary>
/// <remarks>The handler stays for good: the signal is handled on another thread, maybe after the write has returned, and
/// without a handler it kills. A handler, unlike SIG_IGN, is not inherited by the commands that the shell starts.
/// <see href="https://man7.org/linux/man-pages/man2/setrlimit.2.html">setrlimit(2)</see>, RLIMIT_FSIZE</remarks>
internal static class FileSizeSignal
{
    public const int FileSizeExceeded = 25; // SIGXFSZ

    private static readonly PosixSignalRegistration Registration =
        PosixSignalRegistration.Create((PosixSignal)FileSizeExceeded, static context => context.Cancel = true);

    /// <summary>Makes sure that the handler is there.</summary>
    public static void Handle() => GC.KeepAlive(Registration);
}
