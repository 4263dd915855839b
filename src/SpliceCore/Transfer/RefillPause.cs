using System.Diagnostics;
using System.Runtime.InteropServices;
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
    private long? _capacity;
    private int _rest = 1;
    private int _resting;

    /// <summary>How long to pause once there is room; zero for not at all.</summary>
    public TimeSpan Time { get; private set; }

    /// <summary>Takes note of what a pipe took since it was waited for last.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="moved">Bytes.</param>
    public void Observe(SafeHandle pipe, long moved)
    {
        _capacity ??= LibC.GetPipeSize(pipe).Value;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_observed);
        _observed = Stopwatch.GetTimestamp();
        Observe(moved, elapsed, _capacity.Value);
    }

    /// <summary>Takes note of what a pipe took since it was waited for last.</summary>
    /// <param name="moved">Bytes.</param>
    /// <param name="elapsed">The time that it took.</param>
    /// <param name="capacity">The pipe's capacity in bytes.</param>
    public void Observe(long moved, TimeSpan elapsed, long capacity)
    {
        if (_resting > 0)
        {
            _resting--;
            return;
        }

        TimeSpan wanted = elapsed * ((double)capacity / 2 / Math.Max(moved, 1));
        TimeSpan most = Time * 2 > Shortest ? Time * 2 : Shortest;
        TimeSpan least = Time / 2;
        Time = wanted > Longest ? Longest : wanted;
        Time = Time > most ? most : Time < least ? least : Time;
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
