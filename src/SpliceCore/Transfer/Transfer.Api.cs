using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>A way in which the kernel can move bytes from one descriptor to another.</summary>
public enum TransferMethod
{
    /// <summary>The first available method, fastest first.</summary>
    Auto = 0,

    /// <summary>Share the blocks on the disk: ioctl_ficlone(2), ioctl_ficlonerange(2).</summary>
    Reflink,

    /// <summary>copy_file_range(2): one regular file to another, inside the kernel.</summary>
    CopyFileRange,

    /// <summary>sendfile(2): from a file or block device to any destination.</summary>
    SendFile,

    /// <summary>splice(2): through a pipe, between any source and destination.</summary>
    Splice,

    /// <summary>read(2) and write(2) through a buffer of this process: always possible.</summary>
    ReadWrite,
}

/// <summary>Defines whether a copy shares blocks on the disk with its source (reflink, copy-on-write).</summary>
public enum ReflinkMode
{
    /// <summary>Blocks are shared if the file system supports it; otherwise the bytes are moved.</summary>
    Auto = 0,

    /// <summary>The blocks are shared, or the copy is an error.</summary>
    Always,

    /// <summary>No block is shared: no call is made that could share one.</summary>
    Never,
}

/// <summary>Defines how holes and blocks of zeros are written.</summary>
public enum SparseMode
{
    /// <summary>A hole stays a hole; zeros that the source has on the disk are data.</summary>
    Auto = 0,

    /// <summary>Runs of zeros become holes too: blocks of the destination, at least 4 KiB, that are zeros throughout.</summary>
    Always,

    /// <summary>The copy has all its blocks: holes are written as zeros.</summary>
    Never,
}

/// <summary>The callbacks and the cancellation of a transfer.</summary>
/// <param name="Progress">Called after every step, on the transfer's own thread; may be null.</param>
/// <param name="Cancellation">Stops the transfer after at most one step, or at once where it waits.</param>
public sealed record TransferMonitor(Action<TransferProgress>? Progress = null, CancellationToken Cancellation = default)
{
    /// <summary>No callbacks, no cancellation.</summary>
    public static TransferMonitor None { get; } = new();

    /// <summary>Called before a retry, on the transfer's own thread; may be null.</summary>
    public Action<TransferRetry>? Retrying { get; init; }
}

/// <summary>A retry after a transient error.</summary>
/// <param name="Source">The source of the copy.</param>
/// <param name="Destination">Its destination.</param>
/// <param name="Errno">The error.</param>
/// <param name="Attempt">The number of this retry in a row, from 1.</param>
/// <param name="RetryCount">The most retries in a row.</param>
public readonly record struct TransferRetry(string Source, string Destination, Errno Errno, int Attempt, int RetryCount)
{
    /// <summary>For example "EIO: Input/output error, try 1 of 3".</summary>
    /// <returns>The retry in one line.</returns>
    public override string ToString() => $"{ErrnoText.Describe(Errno)}, try {Attempt} of {RetryCount}";
}

/// <summary>System calls of one name with the same result.</summary>
/// <param name="Name">The call, for example copy_file_range.</param>
/// <param name="Errno">The error; <see cref="Splice.Errno.None"/> for success.</param>
/// <param name="Count">Number of calls.</param>
/// <param name="Bytes">Number of bytes moved; null for calls that move none, or failed.</param>
public sealed record SystemCallSum(string Name, Errno Errno, long Count, long? Bytes)
{
    /// <summary>For example "copy_file_range: 16 calls, 1 GiB", or "ioctl: 1 call, EOPNOTSUPP".</summary>
    /// <returns>The calls in one line.</returns>
    public override string ToString()
    {
        string calls = Count == 1 ? "1 call" : $"{Count} calls";
        string end = Errno != Errno.None ? $", {Errno}" : Bytes is long bytes ? $", {bytes} bytes" : string.Empty;
        return $"{Name}: {calls}{end}";
    }
}

/// <summary>An unsupported method.</summary>
/// <param name="Method">The method.</param>
/// <param name="Errno">The kernel's error; <see cref="Splice.Errno.None"/> if it was not tried.</param>
/// <param name="Reason">Why the method is unsupported here.</param>
public sealed record MethodAttempt(TransferMethod Method, Errno Errno, string Reason)
{
    /// <summary>For example "Reflink: EOPNOTSUPP, the file system cannot share blocks".</summary>
    /// <returns>The attempt in one line.</returns>
    public override string ToString() => Errno == Errno.None ? $"{Method}: {Reason}" : $"{Method}: {Errno}, {Reason}";
}

/// <summary>Result of a copy for one item.</summary>
public enum ItemStatus
{
    /// <summary>The destination was missing, and has a copy now.</summary>
    Copied = 0,

    /// <summary>The destination was replaced or updated.</summary>
    Updated,

    /// <summary>The destination was up to date, and was left as it is.</summary>
    Unchanged,

    /// <summary>The item was skipped.</summary>
    Skipped,

    /// <summary>The destination no longer had a source, and was removed.</summary>
    Removed,

    /// <summary>The source has the name of the destination now, or was removed after it was copied there.</summary>
    Moved,

    /// <summary>The item was not copied; there is an error for it.</summary>
    Failed,
}

/// <summary>Result of a transfer.</summary>
public sealed record TransferResult
{
    private readonly TextList<MethodAttempt> _attempts = [];
    private readonly TextList<string> _warnings = [];

    /// <summary>The source: a path, or the name of the descriptor.</summary>
    public required string Source { get; init; }

    /// <summary>The destination: a path, or the name of the descriptor.</summary>
    public required string Destination { get; init; }

    /// <summary>The destination for cmdlets that take files from the pipeline; null if it is not a path. A property that PowerShell
    /// adds to each object would cost more than copying a small file.</summary>
    public string? PSPath => FullName is null ? null : $@"Microsoft.PowerShell.Core\FileSystem::{FullName}";

    /// <summary>The full path of the destination; null if it is not a path.</summary>
    public string? FullName => Path.IsPathRooted(Destination) ? Destination : null;

    /// <summary>The name of the destination without its folder; null if it is not a path.</summary>
    public string? Name => FullName is null ? null : Path.GetFileName(FullName.TrimEnd('/'));

    /// <summary>Size of the destination after the transfer, in bytes; null for all but regular files, and for streams.</summary>
    public long? Length { get; init; }

    /// <summary>Result for the destination: copied, updated, unchanged and so on.</summary>
    public ItemStatus Status { get; init; }

    /// <summary>Why, for example "size differs"; null where <see cref="Status"/> is enough.</summary>
    public string? Reason { get; init; }

    /// <summary>Offset of the first byte in the source; null if it is not seekable (pipes, sockets, terminals).</summary>
    public long? Offset { get; init; }

    /// <summary>Offset of the first byte in the destination; null if it is not seekable.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>Number of bytes requested; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>The bytes that the destination now has from the source: moved, reflinked, in holes, and those that it had
    /// already.</summary>
    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles + BytesUnchanged;

    /// <summary>Offset in the destination at which an interrupted copy was resumed; the bytes before it are not counted. Null for all
    /// others.</summary>
    public long? ResumedAt { get; init; }

    /// <summary>The bytes that were moved one by one.</summary>
    public long BytesMoved { get; init; }

    /// <summary>The bytes whose blocks are shared now, holes between them included.</summary>
    public long BytesReflinked { get; init; }

    /// <summary>The bytes that were written: <see cref="BytesMoved"/>.</summary>
    public long BytesWritten => BytesMoved;

    /// <summary>The bytes whose blocks are shared now: <see cref="BytesReflinked"/>.</summary>
    public long BytesShared => BytesReflinked;

    /// <summary>The bytes that are holes now: holes of the source that stayed holes, and zeros that became holes.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>The bytes that a file which is updated in place had already: they were compared, and not written. In a clone of the old
    /// file they are among <see cref="BytesReflinked"/>.</summary>
    public long BytesUnchanged { get; init; }

    /// <summary>The bytes that were read from a pipe, socket or terminal and did not arrive; 0
    /// unless the transfer failed.</summary>
    public long BytesUndelivered { get; init; }

    /// <summary>The files copied, links and special files included: 1 for a single file.</summary>
    public long FileCount { get; init; } = 1;

    /// <summary>The folders copied.</summary>
    public long DirectoryCount { get; init; }

    /// <summary>The files of a tree that replaced others or got other metadata; they are among <see cref="FileCount"/>.</summary>
    public long Updated { get; init; }

    /// <summary>The files of a tree that were up to date, or that an interrupted copy had completed, and that were left as they are: they
    /// are among <see cref="FileCount"/>, and their bytes are not counted.</summary>
    public long Unchanged { get; init; }

    /// <summary>The entries of a tree that were skipped since the destination is newer, exists or is missing, as the options
    /// require.</summary>
    public long Skipped { get; init; }

    /// <summary>The entries that were removed, since the source does not have them.</summary>
    public long Removed { get; init; }

    /// <summary>True if no extra items were removed although that was requested, since the source was not read and
    /// copied completely.</summary>
    public bool RemovalSkipped { get; init; }

    /// <summary>The entries that disappeared from the source of a synchronization before they were copied.</summary>
    public long Vanished { get; init; }

    /// <summary>The entries of a tree that were not copied; each has its error.</summary>
    public long Failed { get; init; }

    /// <summary>The method that moved the most bytes; null where there was nothing to move.</summary>
    public TransferMethod? Method { get; init; }

    /// <summary>The unsupported methods, in the order in which they were tried.</summary>
    public required IReadOnlyList<MethodAttempt> Attempts { get => _attempts; init => _attempts = TextList.From(value); }

    /// <summary>The flags that splice(2) got.</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>Number of system calls, without those that close files.</summary>
    public long SystemCalls { get; init; }

    /// <summary>Number of retries after a transient error.</summary>
    public long Retries { get; init; }

    /// <summary>The time from the first to the last system call.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary><see cref="BytesMoved"/> per second of <see cref="Elapsed"/>; 0 if nothing was moved.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesMoved / Elapsed.TotalSeconds : 0;

    /// <summary>True if source and destination were read again and are equal.</summary>
    public bool Verified { get; init; }

    /// <summary>The hash of the bytes that the destination has from the source, those before <see cref="ResumedAt"/> included, in
    /// upper-case hexadecimal digits; null if not requested.</summary>
    public string? Hash { get; init; }

    /// <summary>The algorithm of <see cref="Hash"/>; null without one.</summary>
    public FileHashAlgorithm? Algorithm { get; init; }

    /// <summary>True if bytes, attributes and name are on the disk; false if that was not requested, or there is no disk (pipes, most
    /// character devices).</summary>
    public bool Flushed { get; init; }

    /// <summary>Descriptions of what succeeded only in part, as an owner that could not be preserved.</summary>
    public IReadOnlyList<string> Warnings { get => _warnings; init => _warnings = TextList.From(value); }
}

/// <summary>Records the decisions and the system calls of an operation, on all threads that it starts.</summary>
/// <param name="takesCalls">True to record the system calls, too.</param>
public sealed class TransferTrace(bool takesCalls)
{
    private static readonly AsyncLocal<TransferTrace?> Followed = new(change => Take(change.CurrentValue));

    [ThreadStatic]
    private static TransferTrace? _current;

    private readonly object _lock = new();
    private readonly List<string> _decisions = [];
    private readonly List<SystemCallSum> _calls = [];

    /// <summary>The decisions, a sentence each.</summary>
    public IReadOnlyList<string> Decisions
    {
        get
        {
            lock (_lock)
            {
                return [.. _decisions];
            }
        }
    }

    /// <summary>The system calls by name and result, in the order of the first of each; empty if not recorded.</summary>
    public IReadOnlyList<SystemCallSum> SystemCalls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    internal static TransferTrace? Current => _current;

    private bool TakesCalls => takesCalls;

    /// <summary>Runs an operation, and records it.</summary>
    /// <param name="work">The operation.</param>
    /// <typeparam name="T">The type of its result.</typeparam>
    /// <returns>Its result.</returns>
    public T Follow<T>(Func<T> work)
    {
        TransferTrace? outer = Followed.Value;
        Followed.Value = this;
        try
        {
            return work();
        }
        finally
        {
            Followed.Value = outer;
        }
    }

    internal TransferTrace NewPage() => new(takesCalls);

    internal void Note(string decision)
    {
        lock (_lock)
        {
            _decisions.Add(decision);
        }
    }

    internal void Add(string call, long value, Errno errno)
    {
        string name = SystemCallName.Of(call);
        lock (_lock)
        {
            int i = _calls.FindIndex(sum => sum.Name == name && sum.Errno == errno);
            SystemCallSum sum = i < 0 ? new SystemCallSum(name, errno, 0, SystemCallName.MovesBytes(name) && errno == Errno.None ? 0 : null) : _calls[i];
            sum = sum with { Count = sum.Count + 1, Bytes = sum.Bytes + value };
            if (i < 0)
            {
                _calls.Add(sum);
            }
            else
            {
                _calls[i] = sum;
            }
        }
    }

    private static void Take(TransferTrace? trace)
    {
        _current = trace;
        SystemCallCount.Sink = trace is { TakesCalls: true } ? trace.Add : null;
    }
}
