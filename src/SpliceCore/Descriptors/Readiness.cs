using System.Diagnostics;
using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Waiting for a descriptor without ever being out of the user's reach.</summary>
internal sealed class Readiness(CancellationToken token) : IDisposable
{
    private CancellationEvent? _cancelled;

    /// <summary>Waits until the descriptor can be read from or written to, or has an error or hang-up to tell.</summary>
    /// <param name="handle">The descriptor.</param>
    /// <param name="events">In or Out.</param>
    /// <param name="watched">Another one, whose error or hang-up ends the wait as well; may be null.</param>
    /// <param name="timeout">The longest time to wait; null for any.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public PollResult Wait(SafeHandle handle, PollEvents events, SafeHandle? watched = null, TimeSpan? timeout = null)
    {
        _cancelled ??= new CancellationEvent(token);
        var deadline = new Deadline(timeout);
        while (true)
        {
            (PollEvents returned, PollEvents seen) = Poll(handle, events, watched, deadline.Milliseconds);
            token.ThrowIfCancellationRequested();
            if (returned != PollEvents.None)
            {
                return PollResult.Ready;
            }

            if (seen != PollEvents.None)
            {
                return PollResult.WatchedGone;
            }

            if (deadline.IsOver)
            {
                return PollResult.TimedOut;
            }
        }
    }

    /// <summary>True if the descriptor is ready at this moment.</summary>
    public bool IsReady(SafeHandle handle, PollEvents events) =>
        Poll(handle, events, watched: null, timeout: 0).Returned != PollEvents.None;

    public void Dispose() => _cancelled?.Dispose();

    private (PollEvents Returned, PollEvents Seen) Poll(SafeHandle handle, PollEvents events, SafeHandle? watched, int timeout)
    {
        bool added = false;
        bool watches = false;
        try
        {
            handle.DangerousAddRef(ref added);
            watched?.DangerousAddRef(ref watches);
            Span<LibC.PollDescriptor> descriptors =
            [
                new() { Descriptor = (int)handle.DangerousGetHandle(), Events = events },

                // A negative descriptor is passed over by poll(2).
                new() { Descriptor = (int)(_cancelled?.Handle.DangerousGetHandle() ?? -1), Events = PollEvents.In },

                // Errors and hang-ups are told whether or not they are asked for.
                new() { Descriptor = (int)(watched?.DangerousGetHandle() ?? -1) },
            ];

            // EINTR leaves the returned events at none: the caller looks again.
            LibC.Poll(descriptors, timeout);
            return (descriptors[0].Returned, descriptors[2].Returned);
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }

            if (watches)
            {
                watched!.DangerousRelease();
            }
        }
    }
}

/// <summary>What ended a wait.</summary>
internal enum PollResult
{
    /// <summary>The descriptor is ready, or has an error or hang-up to tell.</summary>
    Ready,

    /// <summary>The descriptor that was watched meanwhile has an error or hang-up to tell.</summary>
    WatchedGone,

    /// <summary>Neither, for the longest time that there was.</summary>
    TimedOut,
}

/// <summary>A time from now that a wait may last.</summary>
/// <param name="timeout">The time; null for any.</param>
internal readonly struct Deadline(TimeSpan? timeout)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The one of two that is over first.</summary>
    public Deadline Earlier(Deadline other) => Left is null || other.Left < Left ? other : this;

    public bool IsOver => timeout <= Stopwatch.GetElapsedTime(_started);

    /// <summary>What is left of it; null for any time.</summary>
    public TimeSpan? Left => timeout is TimeSpan time ? time - Stopwatch.GetElapsedTime(_started) : null;

    /// <summary>What is left, for poll(2): rounded up, so that nobody wakes up too early; -1 for any time.</summary>
    public int Milliseconds =>
        Left is TimeSpan left ? (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue) : -1;
}
