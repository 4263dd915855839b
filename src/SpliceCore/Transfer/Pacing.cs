using System.Diagnostics;
using Splice.Descriptors;

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
