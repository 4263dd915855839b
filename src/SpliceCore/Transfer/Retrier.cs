namespace Splice.Transfer;

/// <summary>Makes calls again that failed of what may pass: a disk, a network or a server that is away for a while.</summary>
internal sealed class Retrier
{
    private readonly RetryPolicy _policy;
    private readonly TransferMonitor _monitor;
    private readonly TransferTally _tally;
    private int _inRow;

    private Retrier(RetryPolicy policy, TransferMonitor monitor, TransferTally tally)
    {
        _policy = policy;
        _monitor = monitor;
        _tally = tally;
    }

    /// <summary>Returns null if nothing is to be retried.</summary>
    public static Retrier? For(RetryPolicy policy, TransferMonitor monitor, TransferTally tally) =>
        policy.Count > 0 ? new Retrier(policy, monitor, tally) : null;

    /// <summary>True if an error of a file's input or output may be over when the call is made again.</summary>
    public static bool MayPass(Errno errno) => errno
        is Errno.EIO or Errno.ESTALE or Errno.EAGAIN or Errno.ETIMEDOUT or Errno.EREMOTEIO
        or Errno.ECONNRESET or Errno.ENOTCONN or Errno.EHOSTUNREACH;

    /// <summary>Waits, where the call is to be made again.</summary>
    /// <returns>False where the error stands.</returns>
    /// <exception cref="OperationCanceledException">The copy was stopped meanwhile.</exception>
    public bool TriesAgain(Errno errno)
    {
        if (!MayPass(errno) || _inRow == _policy.Count)
        {
            return false;
        }

        _inRow++;
        _tally.Retries++;
        _monitor.Retrying?.Invoke(
            new TransferRetry(_policy.Source, _policy.Destination, errno, _inRow, _policy.Count));
        Pause.Wait(_policy.Interval, TimeProvider.System, _monitor.Cancellation);
        return true;
    }

    /// <summary>A call did what it should: the next failure is the first in a row.</summary>
    public void Succeeded() => _inRow = 0;
}

/// <summary>How often calls on one source and one destination are retried.</summary>
/// <param name="Source">The source's path.</param>
/// <param name="Destination">The destination's path.</param>
/// <param name="Count">Number of consecutive retries after a transient error; 0 for none.</param>
/// <param name="Interval">The time before each.</param>
internal sealed record RetryPolicy(string Source, string Destination, int Count, TimeSpan Interval);

/// <summary>Waiting for a time, of which a cancellation makes an end at once.</summary>
internal static class Pause
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue); // of one timer

    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static void Wait(TimeSpan time, TimeProvider clock, CancellationToken cancellation)
    {
        while (time > TimeSpan.Zero)
        {
            TimeSpan part = time < Longest ? time : Longest;

            // Timers count whole milliseconds: too long is better than not at all.
            var whole = TimeSpan.FromMilliseconds(Math.Ceiling(part.TotalMilliseconds));
            Task.Delay(whole, clock, cancellation).GetAwaiter().GetResult();
            time -= part;
        }
    }
}
