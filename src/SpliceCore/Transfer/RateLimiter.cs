using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>A token bucket: limits the bytes per second of all transfers that share it. It is thread-safe.</summary>
public sealed class RateLimiter
{
    private readonly object _lock = new();
    private readonly TimeProvider _clock;
    private readonly RateLimiter? _whole;
    private readonly int _copies = 1;

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

    private RateLimiter(RateLimiter whole, int copies)
        : this(Math.Max(1, whole.BytesPerSecond / copies), whole._clock)
    {
        _whole = whole;
        _copies = copies;
    }

    /// <summary>Bytes per second, 1 or more.</summary>
    public long BytesPerSecond { get; }

    /// <summary>The most bytes of a step, for an even rate, and the size of the bucket: so many may go at once after a pause.</summary>
    internal long StepLimit => Math.Max(BytesPerSecond / Tuning.LimitedStepsPerSecond, 1);

    /// <summary>Returns a limiter for bytes that each go to several destinations, of the same bucket.</summary>
    internal RateLimiter ForCopies(int copies) => copies == 1 ? this : new RateLimiter(this, copies);

    private Int128 Now => (Int128)_clock.GetTimestamp() * BytesPerSecond;

    /// <summary>Waits until the bytes may be moved.</summary>
    internal void Take(long bytes, CancellationToken cancellation)
    {
        if (_whole is not null)
        {
            _whole.Take(bytes * _copies, cancellation);
            return;
        }

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
        if (_whole is not null)
        {
            _whole.Settle(taken * _copies, moved * _copies);
            return;
        }

        lock (_lock)
        {
            _spent -= Cost(taken - moved);
        }
    }

    private Int128 Cost(long bytes) => (Int128)bytes * _clock.TimestampFrequency;
}
