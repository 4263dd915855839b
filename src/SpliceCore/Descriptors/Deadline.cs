using System.Diagnostics;

namespace Splice.Descriptors;

/// <summary>A time from now that a wait may last.</summary>
/// <param name="patience">The time; null for any.</param>
internal readonly struct Deadline(TimeSpan? patience)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The one of two that is over first.</summary>
    public Deadline Earlier(Deadline other) => Left is null || other.Left < Left ? other : this;

    public bool IsOver => patience <= Stopwatch.GetElapsedTime(_started);

    /// <summary>What is left of it; null for any time.</summary>
    public TimeSpan? Left => patience is TimeSpan time ? time - Stopwatch.GetElapsedTime(_started) : null;

    /// <summary>What is left, for poll(2): rounded up, so that nobody wakes up too early; -1 for any time.</summary>
    public int Milliseconds =>
        Left is TimeSpan left ? (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue) : -1;
}
