using System.Diagnostics;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Lets the reader of a full pipe make room. poll(2) tells of the first free page: who writes at once writes page by
/// page, and takes more time from the reader than the reader needs for the bytes.</summary>
/// <remarks>The pause is half of what the reader needs for the whole pipe, by what it took since the last one. A reader so fast
/// that even a short pause would let it run dry is not paused for.</remarks>
internal sealed class RefillPause
{
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(4);
    public static readonly TimeSpan Shortest = TimeSpan.FromMicroseconds(100);
    private const int LongestRest = 1 << 12; // waits

    private long _observed = Stopwatch.GetTimestamp();
    private int _rest = 1;
    private int _resting;

    /// <summary>How long to pause once there is room; zero for not at all.</summary>
    public TimeSpan Time { get; private set; }

    /// <summary>Takes note of what a pipe took since it was waited for last.</summary>
    /// <param name="part">How many times its capacity.</param>
    public void Observe(double part)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_observed);
        _observed = Stopwatch.GetTimestamp();
        Observe(part, elapsed);
    }

    /// <summary>Takes note of what a pipe took since it was waited for last.</summary>
    /// <param name="part">How many times its capacity.</param>
    /// <param name="elapsed">The time that it took.</param>
    public void Observe(double part, TimeSpan elapsed)
    {
        if (_resting > 0)
        {
            _resting--;
            return;
        }

        TimeSpan wanted = part * Longest.Ticks * 2 > elapsed.Ticks ? elapsed * (0.5 / part) : Longest;
        TimeSpan most = Time * 2 > Shortest ? Time * 2 : Shortest;
        TimeSpan least = Time / 2;
        Time = wanted > most ? most : wanted < least ? least : wanted;
        Time = Time > Longest ? Longest : Time;
        if (Time < Shortest)
        {
            Time = TimeSpan.Zero;
            _resting = _rest;
            _rest = Math.Min(_rest * 2, LongestRest);
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
