using System.Diagnostics;
using Splice.Descriptors;

namespace Splice.Transfer;

/// <summary>How a step ended.</summary>
internal enum StepKind
{
    /// <summary>Bytes arrived at the destination; less than asked for is normal.</summary>
    Moved,

    /// <summary>Bytes of the source were zeros and became a hole in the destination.</summary>
    BecameHole,

    /// <summary>The source has no more.</summary>
    EndOfData,

    /// <summary>One end must be waited for; which one is in the side, if the kernel tells.</summary>
    WouldBlock,

    /// <summary>A signal came first. Nothing moved.</summary>
    Interrupted,

    /// <summary>The method does not serve for this pair. Nothing is lost.</summary>
    NotSupported,

    /// <summary>A real error.</summary>
    Failed,
}

/// <summary>What one step of a method did.</summary>
internal readonly record struct StepResult(StepKind Kind, long Bytes, Errno Errno, TransferSide Side)
{
    public static StepResult EndOfData => new(StepKind.EndOfData, 0, Errno.None, TransferSide.Source);

    public static StepResult Moved(long bytes) => new(StepKind.Moved, bytes, Errno.None, TransferSide.Unknown);

    public static StepResult BecameHole(long bytes) => new(StepKind.BecameHole, bytes, Errno.None, TransferSide.Unknown);

    /// <summary>Sorts an errno by the method's own table: what is in it is no error but a refusal.</summary>
    public static StepResult From(Errno errno, TransferSide side, TransferMethod method) => errno switch
    {
        Errno.EINTR => new(StepKind.Interrupted, 0, errno, side),
        Errno.EAGAIN => new(StepKind.WouldBlock, 0, errno, side),
        _ when Refusals.Explain(method, errno) is not null => new(StepKind.NotSupported, 0, errno, side),
        _ => new(StepKind.Failed, 0, errno, side),
    };
}

/// <summary>How much one step takes: as much as keeps it well under a second, so that Ctrl+C and progress never wait,
/// whatever the disk's speed.</summary>
internal sealed class StepSize
{
    public const long Largest = 128L << 20;
    private const long First = 64L << 20;
    private const long Smallest = 1L << 20;
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(50);

    private long _started;

    /// <summary>Bytes, always a power of two.</summary>
    public long Current { get; private set; } = First;

    public void StepStarts() => _started = Stopwatch.GetTimestamp();

    public void StepEnded(long moved) => Observe(moved, Stopwatch.GetElapsedTime(_started));

    /// <summary>Halves after a slow step, doubles after a fast one that was full.</summary>
    public void Observe(long moved, TimeSpan elapsed)
    {
        if (elapsed > Slow)
        {
            Current = Math.Max(Current / 2, Smallest);
        }
        else if (elapsed < Fast && moved == Current)
        {
            Current = Math.Min(Current * 2, Largest);
        }
    }
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

    /// <summary>Reflinks are unsupported here: the caller goes on, extent by extent.</summary>
    Unsupported,
}

/// <summary>Where a transfer stands. An offset is null where a side has none; then the kernel keeps the place.</summary>
internal record struct TransferCursor(long? SourceOffset, long? DestinationOffset)
{
    public void Advance(long bytes)
    {
        SourceOffset += bytes;
        DestinationOffset += bytes;
    }
}

/// <summary>Which end of a transfer an answer of the kernel is about.</summary>
internal enum TransferSide
{
    Unknown,
    Source,
    Destination,
}

/// <summary>What the choice of methods looks at in a descriptor, and nothing else.</summary>
internal readonly record struct Endpoint(DescriptorKind Kind, bool IsSeekable, bool IsAppending, bool IsEmpty)
{
    /// <summary>True if holes can be made in it, as far as its kind goes: what the file system can, it says itself.</summary>
    public bool MayHaveHoles => Kind is DescriptorKind.Regular or DescriptorKind.Block && IsSeekable && !IsAppending;

    public static Endpoint Of(Descriptor descriptor) =>
        new(descriptor.Kind, descriptor.IsSeekable, descriptor.IsAppending, descriptor.Size == 0);
}
