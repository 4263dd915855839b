namespace Splice.TestKit.Channels;

/// <summary>A clock that stands still, except that whoever waits finds that the time is over at once.</summary>
internal sealed class StandingClock : TimeProvider
{
    private long _ticks = 1_000_000_000_000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>The time that was waited for, and let go by.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref _ticks) - 1_000_000_000_000);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Advance(dueTime);
        callback(state);
        return new Expired();
    }

    private sealed class Expired : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
