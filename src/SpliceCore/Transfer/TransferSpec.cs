using System.Diagnostics;
using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>A transfer between two descriptors, checked and complete.</summary>
internal sealed record TransferSpec
{
    /// <summary>Offset of the first byte in the source; null if it is not seekable.</summary>
    public long? Offset { get; init; }

    /// <summary>Offset of the first byte in the destination; null if it is not seekable.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>Number of bytes to move; null up to the end.</summary>
    public long? Length { get; init; }

    /// <summary>Number of bytes that the user requested; null for all.</summary>
    public long? RequestedCount { get; init; }

    /// <summary>True if fewer bytes are an error.</summary>
    public bool RequiresAll { get; init; }

    public bool AllowsChanging { get; init; }

    /// <summary>True if the destination, a regular file, has all bytes up to its end at any time, so that its size is the progress
    /// of the transfer.</summary>
    public bool GrowsInOrder { get; init; }

    /// <summary>Tracks the bytes in a file opened with O_APPEND; null where they are written at offsets.</summary>
    public AppendPosition? Append { get; init; }

    public TransferMethod Method { get; init; }

    /// <summary>True if the user could not name another method.</summary>
    public bool IsMethodFixed { get; init; }

    /// <summary>The content of the destination, of which only what differs from the source is written; null to write all.</summary>
    public OldContent? OldContent { get; init; }

    /// <summary>The destination's; null for unknown.</summary>
    public FileSystemType? DestinationFileSystem { get; init; }

    /// <summary>The source's; null for unknown.</summary>
    public FileSystemType? SourceFileSystem { get; init; }

    /// <summary>The side that is a pipe of our own, between the source and the destinations of a stream; Unknown for neither.</summary>
    public TransferSide OwnPipe { get; init; }

    /// <summary>True if these file systems are known not to share blocks.</summary>
    public bool SkipsReflink { get; init; }

    public ReflinkMode Reflink { get; init; }

    public SparseMode Sparse { get; init; }

    public SpliceFlags Flags { get; init; }

    public int? PipeSize { get; init; }

    /// <summary>May be shared with other transfers; null for unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>The longest wait for the source or the destination; null for unlimited.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Null for no retries.</summary>
    public Retrier? Retrier { get; init; }
}

/// <summary>Result of the steps of a driver.</summary>
internal enum TransferStatus
{
    /// <summary>All bytes have arrived.</summary>
    Done,

    /// <summary>The source ended first.</summary>
    EndOfData,

    /// <summary>The rest requires waiting.</summary>
    WouldBlock,

    /// <summary>Reflinks are unsupported here: the caller continues, extent by extent.</summary>
    Unsupported,
}

/// <summary>The offsets of a transfer. An offset is null for a descriptor without; then the kernel keeps it.</summary>
internal record struct TransferCursor(long? SourceOffset, long? DestinationOffset)
{
    /// <summary>True if each page of the source goes into two of the destination.</summary>
    public readonly bool IsShifted => (SourceOffset - DestinationOffset) % Environment.SystemPageSize is not (null or 0);

    public void Advance(long bytes)
    {
        SourceOffset += bytes;
        DestinationOffset += bytes;
    }
}

/// <summary>The side of a transfer that a result of the kernel is about.</summary>
internal enum TransferSide
{
    Unknown,
    Source,
    Destination,
}

/// <summary>The traits of a descriptor that decide on its methods.</summary>
internal readonly record struct DescriptorTraits(DescriptorKind Kind, bool IsSeekable, bool IsAppending, bool IsEmpty)
{
    /// <summary>True if the kind of descriptor can have holes; whether the file system can is found out.</summary>
    public bool MayHaveHoles => Kind is DescriptorKind.Regular or DescriptorKind.Block && IsSeekable && !IsAppending;

    public static DescriptorTraits Of(Descriptor descriptor) =>
        new(descriptor.Kind, descriptor.IsSeekable, descriptor.IsAppending, descriptor.Size == 0);
}

/// <summary>The counts of one transfer.</summary>
internal sealed class TransferCounters
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _callsBefore = SystemCallCount.Current;
    private readonly long[] _bytesByMethod = new long[(int)TransferMethod.ReadWrite + 1];
    private (TimeSpan Elapsed, long SystemCalls)? _final;

    public long BytesInHoles { get; set; }

    /// <summary>Bytes that a file had already that was written in place.</summary>
    public long BytesUnchanged { get; private set; }

    public long Retries { get; set; }

    public long BytesReflinked => BytesBy(TransferMethod.Reflink);

    public long BytesMoved { get; private set; }

    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles + BytesUnchanged;

    public TimeSpan Elapsed => _final?.Elapsed ?? Stopwatch.GetElapsedTime(_started);

    public long SystemCalls => _final?.SystemCalls ?? SystemCallCount.Current - _callsBefore;

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

    /// <summary>Stops the time and the count of system calls.</summary>
    public void Stop() => _final = (Elapsed, SystemCalls);

    public void Add(TransferMethod method, long bytes)
    {
        _bytesByMethod[(int)method] += bytes;
        BytesMoved += method == TransferMethod.Reflink ? 0 : bytes;
    }

    /// <param name="isShared">True if the destination is a clone of the old file.</param>
    public void AddUnchanged(long bytes, bool isShared)
    {
        if (isShared)
        {
            Add(TransferMethod.Reflink, bytes);
        }
        else
        {
            BytesUnchanged += bytes;
        }
    }

    public void Add(TransferCounters other)
    {
        for (TransferMethod method = default; method <= TransferMethod.ReadWrite; method++)
        {
            Add(method, other.BytesBy(method));
        }

        BytesInHoles += other.BytesInHoles;
        BytesUnchanged += other.BytesUnchanged;
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
            BytesUnchanged = BytesUnchanged,
            BytesUndelivered = undelivered,
            Method = MainMethod,
            Attempts = attempts,
            Flags = spec.Flags,
            SystemCalls = SystemCalls,
            Retries = Retries,
            Elapsed = Elapsed,
        };
}

/// <summary>Keeps SIGXFSZ from ending the process, so that a write past a file-size limit returns EFBIG.</summary>
/// <remarks>The handler stays: the signal is handled on another thread, possibly after the write has returned, and kills without a
/// handler. A handler, unlike SIG_IGN, is not inherited by the commands that the shell starts.
/// <see href="https://man7.org/linux/man-pages/man2/setrlimit.2.html">setrlimit(2)</see>, RLIMIT_FSIZE</remarks>
internal static class SigXfsz
{
    public const int SIGXFSZ = 25;

    private static readonly PosixSignalRegistration Registration =
        PosixSignalRegistration.Create((PosixSignal)SIGXFSZ, static context => context.Cancel = true);

    public static void Suppress() => GC.KeepAlive(Registration);
}
