using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>A way in which the kernel can move bytes from one descriptor to another.</summary>
public enum TransferMethod
{
    /// <summary>The first method that works, in the order that takes the least time.</summary>
    Auto = 0,

    /// <summary>Share the blocks on the disk: ioctl_ficlone(2), ioctl_ficlonerange(2).</summary>
    Reflink,

    /// <summary>copy_file_range(2): one regular file to another, inside the kernel.</summary>
    CopyFileRange,

    /// <summary>sendfile(2): from a file or block device to anything.</summary>
    SendFile,

    /// <summary>splice(2): through a pipe, between anything and anything.</summary>
    Splice,

    /// <summary>read(2) and write(2) through a buffer of this process: always possible.</summary>
    ReadWrite,
}

/// <summary>Whether a copy shares blocks on the disk with its source: reflinks, copy on write.</summary>
public enum ReflinkMode
{
    /// <summary>Where the file system can; elsewhere the bytes are moved.</summary>
    Auto = 0,

    /// <summary>The blocks are shared, or the copy is an error.</summary>
    Always,

    /// <summary>No block is shared: no call is made that could share one.</summary>
    Never,
}

/// <summary>What becomes of holes and of zeros: which of them take blocks on the disk in the copy.</summary>
public enum SparseMode
{
    /// <summary>A hole stays a hole; zeros that the source has on the disk are data.</summary>
    Auto = 0,

    /// <summary>Runs of zeros become holes too: blocks of the destination, at least 4 KiB, that are zeros throughout.</summary>
    Always,

    /// <summary>The copy has all its blocks: holes are written as zeros.</summary>
    Never,
}

/// <summary>Progress of a transfer.</summary>
/// <param name="BytesCopied">The bytes that have arrived, holes and reflinked ones included.</param>
/// <param name="TotalBytes">The bytes that will arrive, where that is known.</param>
/// <param name="Elapsed">The time since the transfer began.</param>
public readonly record struct TransferProgress(long BytesCopied, long? TotalBytes, TimeSpan Elapsed);

/// <summary>What the engine knows of whoever started it: when to stop, and whom to tell how far it is.</summary>
/// <param name="Progress">Called after every step, on the transfer's own thread; may be null.</param>
/// <param name="Cancellation">Stops the transfer after at most one step, or at once where it waits.</param>
public sealed record TransferMonitor(Action<TransferProgress>? Progress = null, CancellationToken Cancellation = default)
{
    /// <summary>Nobody watches, nothing stops it.</summary>
    public static TransferMonitor None { get; } = new();

    /// <summary>Called before a call that failed is made again, on the transfer's own thread; may be null.</summary>
    public Action<TransferRetry>? Retrying { get; init; }
}

/// <summary>A call that failed and is made again.</summary>
/// <param name="Source">The source of the copy.</param>
/// <param name="Destination">Its destination.</param>
/// <param name="Errno">What the kernel said.</param>
/// <param name="Attempt">Which of the tries in a row comes now: 1 or more.</param>
/// <param name="RetryCount">How many there may be.</param>
public readonly record struct TransferRetry(string Source, string Destination, Errno Errno, int Attempt, int RetryCount)
{
    /// <summary>For example "EIO: Input/output error, try 1 of 3".</summary>
    /// <returns>The retry in one line.</returns>
    public override string ToString() => $"{ErrnoText.Describe(Errno)}, try {Attempt} of {RetryCount}";
}

/// <summary>System calls of one name that ended alike.</summary>
/// <param name="Name">The call, for example copy_file_range.</param>
/// <param name="Errno">Why they failed; <see cref="Splice.Errno.None"/> for those that did not.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">The bytes that they moved; null for calls that move none, or failed.</param>
public sealed record SystemCallSum(string Name, Errno Errno, long Count, long? Bytes)
{
    /// <summary>For example "copy_file_range: 16 calls, 1073741824 bytes", or "ioctl: 1 call, EOPNOTSUPP".</summary>
    /// <returns>The calls in one line.</returns>
    public override string ToString()
    {
        string calls = Count == 1 ? "1 call" : $"{Count} calls";
        string end = Errno != Errno.None ? $", {Errno}" : Bytes is long bytes ? $", {bytes} bytes" : string.Empty;
        return $"{Name}: {calls}{end}";
    }
}

/// <summary>A method that was tried, or looked at, and did not serve.</summary>
/// <param name="Method">The method.</param>
/// <param name="Errno">What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</param>
/// <param name="Reason">Why the method does not serve here.</param>
public sealed record MethodAttempt(TransferMethod Method, Errno Errno, string Reason)
{
    /// <summary>For example "Reflink: EOPNOTSUPP, the file system cannot share blocks".</summary>
    /// <returns>The attempt in one line.</returns>
    public override string ToString() => Errno == Errno.None ? $"{Method}: {Reason}" : $"{Method}: {Errno}, {Reason}";
}

/// <summary>What the kernel is, and how much of its pipes this user may have.</summary>
public sealed record KernelLimits
{
    /// <summary>The kernel's release, as uname -r prints it; null where /proc does not tell.</summary>
    public string? KernelRelease { get; private init; }

    /// <summary>The largest pipe in bytes that a user without privilege may ask for (/proc/sys/fs/pipe-max-size); null where
    /// /proc does not tell.</summary>
    public long? PipeMaxSize { get; private init; }

    /// <summary>The pages that the pipes of a user without privilege may have together before new ones are small, 0 for no
    /// limit (/proc/sys/fs/pipe-user-pages-soft); null where /proc does not tell.</summary>
    public long? PipeUserPagesSoft { get; private init; }

    /// <summary>The bytes that a pipe got just now that asked for what splice(2) asks for here, 1 MiB.</summary>
    public int PipeCapacity { get; private init; }

    /// <summary>Asks for them.</summary>
    /// <returns>The limits.</returns>
    /// <exception cref="TransferException">No pipe can be made: too many files are open.</exception>
    /// <remarks><see href="https://man7.org/linux/man-pages/man7/pipe.7.html">pipe(7)</see></remarks>
    public static KernelLimits Read()
    {
        using var pipe = SplicePipe.CreateNonBlocking(Tuning.PipeSize);
        return new KernelLimits
        {
            KernelRelease = ProcFile.ReadText("/proc/sys/kernel/osrelease")?.Trim(),
            PipeMaxSize = ProcFile.ReadNumber("/proc/sys/fs/pipe-max-size"),
            PipeUserPagesSoft = ProcFile.ReadNumber("/proc/sys/fs/pipe-user-pages-soft"),
            PipeCapacity = pipe.Capacity,
        };
    }

    /// <summary>For example "6.18.0, pipes of 1048576 bytes".</summary>
    /// <returns>The limits in one line.</returns>
    public override string ToString() => $"{KernelRelease}, pipes of {PipeCapacity} bytes";
}

/// <summary>Result of a transfer.</summary>
public sealed record TransferResult
{
    /// <summary>Where the bytes came from: a path, or what the descriptor stands for.</summary>
    public required string Source { get; init; }

    /// <summary>Where the bytes went: a path, or what the descriptor stands for.</summary>
    public required string Destination { get; init; }

    /// <summary>The destination as PowerShell's cmdlets take files from the pipeline; null where it is no path. It is a
    /// property of its own since one that is added to each object costs more than to copy a small file.</summary>
    public string? PSPath => Path.IsPathRooted(Destination) ? $@"Microsoft.PowerShell.Core\FileSystem::{Destination}" : null;

    /// <summary>The first byte of the source that was asked for, in bytes from its start; null where the source has
    /// no position (pipes, sockets, terminals).</summary>
    public long? Offset { get; init; }

    /// <summary>The first byte of the destination that was written, in bytes from its start; null where it has no
    /// position.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>The bytes that were asked for; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>The bytes that the destination now has from the source: moved, reflinked and in holes.</summary>
    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles;

    /// <summary>Where this copy went on with one that was interrupted, in bytes from the destination's start: those before it
    /// were there, and are not counted. Null for all others.</summary>
    public long? ResumedAt { get; init; }

    /// <summary>The bytes that were moved one by one.</summary>
    public long BytesMoved { get; init; }

    /// <summary>The bytes whose blocks are shared now, holes between them included.</summary>
    public long BytesReflinked { get; init; }

    /// <summary>The bytes that are holes now: holes of the source that stayed holes, and zeros that became holes.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>The bytes that left a source which cannot give them again (pipes, sockets, terminals) and did not arrive; 0
    /// unless the transfer failed.</summary>
    public long BytesUndelivered { get; init; }

    /// <summary>The files copied, links and special files included: 1 for a single file.</summary>
    public long FileCount { get; init; } = 1;

    /// <summary>The folders copied.</summary>
    public long DirectoryCount { get; init; }

    /// <summary>The files of a tree that an interrupted copy had completed, and that were left as they are: they are among
    /// <see cref="FileCount"/>, and their bytes are not counted.</summary>
    public long Unchanged { get; init; }

    /// <summary>The entries of a tree that were not copied; each has its error.</summary>
    public long Failed { get; init; }

    /// <summary>The method that moved the most bytes; null where there was nothing to move.</summary>
    public TransferMethod? Method { get; init; }

    /// <summary>The methods that did not serve, in the order in which they were tried, each with its reason.</summary>
    public required IReadOnlyList<MethodAttempt> Attempts { get; init; }

    /// <summary>The flags that splice(2) got.</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>The system calls that the transfer made; closing the files is not counted.</summary>
    public long SystemCalls { get; init; }

    /// <summary>How many times a call was made again that had failed of what may pass.</summary>
    public long Retries { get; init; }

    /// <summary>The time from the first to the last system call.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Bytes a second, over <see cref="Elapsed"/>; 0 where nothing was copied.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesCopied / Elapsed.TotalSeconds : 0;

    /// <summary>True if both sides were read again, and were the same.</summary>
    public bool Verified { get; init; }

    /// <summary>True if the disk has the copy: bytes, attributes and name. False where that was not asked for, or where there
    /// is no disk (pipes, most character devices).</summary>
    public bool Flushed { get; init; }

    /// <summary>What worked only in part, in words: an owner that could not be kept, say.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>A token bucket: limits the bytes per second of all transfers that share it. It is thread-safe.</summary>
public sealed class RateLimiter
{
    private readonly object _lock = new();
    private readonly TimeProvider _clock;

    // The time up to which the bucket is spent, in clock ticks times the rate, where a byte costs a second's ticks: nothing is
    // rounded.
    private Int128 _spent = Int128.MinValue;

    /// <summary>Creates a limiter.</summary>
    /// <param name="bytesPerSecond">Bytes per second, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is below 1.</exception>
    public RateLimiter(long bytesPerSecond)
        : this(bytesPerSecond, TimeProvider.System)
    {
    }

    internal RateLimiter(long bytesPerSecond, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        BytesPerSecond = bytesPerSecond;
        _clock = clock;
    }

    /// <summary>Bytes per second, 1 or more.</summary>
    public long BytesPerSecond { get; }

    /// <summary>The most bytes of a step, for an even rate, and the size of the bucket: so many may go at once after a pause.</summary>
    internal long StepLimit => Math.Max(BytesPerSecond / Tuning.LimitedStepsPerSecond, 1);

    private Int128 Now => (Int128)_clock.GetTimestamp() * BytesPerSecond;

    /// <summary>Waits until the bytes may be moved.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    internal void Take(long bytes, CancellationToken cancellation)
    {
        TimeSpan wait;
        lock (_lock)
        {
            Int128 now = Now;
            _spent = Int128.Max(_spent, now - Cost(StepLimit)) + Cost(bytes);
            wait = _clock.GetElapsedTime(0, (long)((_spent - now + BytesPerSecond - 1) / BytesPerSecond));
        }

        Pause.Wait(wait, _clock, cancellation);
    }

    /// <summary>Returns the bytes that were taken and not moved.</summary>
    internal void Settle(long taken, long moved)
    {
        lock (_lock)
        {
            _spent -= Cost(taken - moved);
        }
    }

    private Int128 Cost(long bytes) => (Int128)bytes * _clock.TimestampFrequency;
}
