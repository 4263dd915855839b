using Splice.Transfer;

namespace Splice;

/// <summary>A token bucket: the bytes that all who share it move together, a second. Several threads may use one at once.</summary>
public sealed class RateLimiter
{
    private const int StepsPerSecond = 10;

    private readonly object _lock = new();
    private readonly TimeProvider _clock;

    // The moment up to which the bucket's content is spent. It is kept in clock ticks times the rate, where a byte costs a
    // second's ticks, so that nothing is ever rounded.
    private Int128 _spent = Int128.MinValue;

    /// <summary>Makes one.</summary>
    /// <param name="bytesPerSecond">The bytes a second, 1 or more.</param>
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

    /// <summary>The bytes a second, 1 or more.</summary>
    public long BytesPerSecond { get; }

    /// <summary>The bytes that one step should take, so that the rate is even: a tenth of a second's. So many the bucket
    /// holds, too: they may go at once after a pause.</summary>
    internal long StepLimit => Math.Max(BytesPerSecond / StepsPerSecond, 1);

    private Int128 Now => (Int128)_clock.GetTimestamp() * BytesPerSecond;

    /// <summary>Waits until so many bytes may be moved.</summary>
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

    /// <summary>Says how many of the bytes that were taken have been moved; the others are somebody else's to take.</summary>
    internal void Settle(long taken, long moved)
    {
        lock (_lock)
        {
            _spent -= Cost(taken - moved);
        }
    }

    private Int128 Cost(long bytes) => (Int128)bytes * _clock.TimestampFrequency;
}
