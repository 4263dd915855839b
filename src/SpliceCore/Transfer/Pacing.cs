using System.Diagnostics;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>The size of a step, which keeps it well under a second at any speed, so that Ctrl+C and progress never wait.</summary>
internal sealed class StepSize
{
    private long _started;

    /// <summary>Bytes, always a power of two.</summary>
    public long Current { get; private set; } = Tuning.FirstStep;

    public void StepStarts() => _started = Stopwatch.GetTimestamp();

    public void StepEnded(long moved) => Observe(moved, Stopwatch.GetElapsedTime(_started));

    /// <summary>Halves after a slow step, doubles after a fast one that was full.</summary>
    public void Observe(long moved, TimeSpan elapsed)
    {
        if (elapsed > Tuning.SlowStep)
        {
            Current = Math.Max(Current / 2, Tuning.SmallestStep);
        }
        else if (elapsed < Tuning.FastStep && moved == Current)
        {
            Current = Math.Min(Current * 2, Tuning.LargestStep);
        }
    }
}

/// <summary>Waits until the reader of a full pipe has made room. poll(2) reports the first free page; a writer that writes at once
/// writes page by page, and costs the reader more time than the bytes do.</summary>
/// <remarks>The pause is half of what the reader needs for the whole pipe, by what it took since the last one. There is no pause
/// for a reader so fast that even a short one would let it run dry.</remarks>
internal sealed class PipeRefillThrottle
{
    private long _observed = Stopwatch.GetTimestamp();
    private int _rest = 1;
    private int _resting;

    public TimeSpan Time { get; private set; }

    /// <summary>Observes what a pipe took since the last wait.</summary>
    /// <param name="part">The bytes, in multiples of its capacity.</param>
    public void Observe(double part)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_observed);
        _observed = Stopwatch.GetTimestamp();
        Observe(part, elapsed);
    }

    public void Observe(double part, TimeSpan elapsed)
    {
        if (_resting > 0)
        {
            _resting--;
            return;
        }

        TimeSpan wanted = part * Tuning.LongestRefillPause.Ticks * 2 > elapsed.Ticks ? elapsed * (0.5 / part) : Tuning.LongestRefillPause;
        TimeSpan most = Time * 2 > Tuning.ShortestRefillPause ? Time * 2 : Tuning.ShortestRefillPause;
        TimeSpan least = Time / 2;
        Time = wanted > most ? most : wanted < least ? least : wanted;
        Time = Time > Tuning.LongestRefillPause ? Tuning.LongestRefillPause : Time;
        if (Time < Tuning.ShortestRefillPause)
        {
            Time = TimeSpan.Zero;
            _resting = _rest;
            _rest = Math.Min(_rest * 2, Tuning.LongestRefillRest);
        }
    }

    public void Wait()
    {
        if (Time > TimeSpan.Zero)
        {
            LibC.Nanosleep(Time);
        }
    }
}

/// <summary>Retries calls after a transient error: a disk, a network or a server may be away for a while.</summary>
internal sealed class Retrier
{
    private readonly RetryPolicy _policy;
    private readonly TransferMonitor _monitor;
    private readonly TransferCounters _counters;
    private int _inRow;

    private Retrier(RetryPolicy policy, TransferMonitor monitor, TransferCounters counters)
    {
        _policy = policy;
        _monitor = monitor;
        _counters = counters;
    }

    /// <summary>Returns null for no retries.</summary>
    public static Retrier? For(RetryPolicy policy, TransferMonitor monitor, TransferCounters counters) =>
        policy.Count > 0 ? new Retrier(policy, monitor, counters) : null;

    /// <summary>True if an error of a file may be over at the next try.</summary>
    public static bool IsTransient(Errno errno) => errno
        is Errno.EIO or Errno.ESTALE or Errno.EAGAIN or Errno.ETIMEDOUT or Errno.EREMOTEIO
        or Errno.ECONNRESET or Errno.ENOTCONN or Errno.EHOSTUNREACH;

    /// <summary>Waits before the next try.</summary>
    /// <returns>False if the error is not transient, or the last try failed.</returns>
    public bool WaitToRetry(Errno errno)
    {
        if (!IsTransient(errno) || _inRow == _policy.Count)
        {
            return false;
        }

        _inRow++;
        _counters.Retries++;
        _monitor.Retrying?.Invoke(
            new TransferRetry(_policy.Source, _policy.Destination, errno, _inRow, _policy.Count));
        Pause.Wait(_policy.Interval, TimeProvider.System, _monitor.Cancellation);
        return true;
    }

    public void Succeeded() => _inRow = 0;
}

/// <summary>The limits for retries of calls on one source and one destination.</summary>
/// <param name="Count">Number of consecutive retries after a transient error; 0 for none.</param>
/// <param name="Interval">The time before each.</param>
internal sealed record RetryPolicy(string Source, string Destination, int Count, TimeSpan Interval);

/// <summary>A wait that a cancellation ends at once.</summary>
internal static class Pause
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue); // of one timer

    public static void Wait(TimeSpan time, TimeProvider clock, CancellationToken cancellation)
    {
        while (time > TimeSpan.Zero)
        {
            TimeSpan part = time < Longest ? time : Longest;

            // Timers count whole milliseconds.
            var whole = TimeSpan.FromMilliseconds(Math.Ceiling(part.TotalMilliseconds));
            Task.Delay(whole, clock, cancellation).GetAwaiter().GetResult();
            time -= part;
        }
    }
}
