using System.Diagnostics;

namespace Splice.Transfer;

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
