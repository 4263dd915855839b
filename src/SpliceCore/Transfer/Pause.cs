namespace Splice.Transfer;

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
