using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Waits for one descriptor, or for a cancellation.</summary>
internal sealed class Readiness(CancellationToken token) : IDisposable
{
    private CancellationEvent? _cancelled;

    /// <summary>Waits until a descriptor is readable or writable, or reports an error or hang-up.</summary>
    /// <param name="handle">The descriptor.</param>
    /// <param name="events">In or Out.</param>
    /// <param name="watched">Another descriptor, whose error or hang-up ends the wait as well.</param>
    /// <param name="timeout">The longest wait; null for unlimited.</param>
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

                // poll(2) ignores a negative descriptor.
                new() { Descriptor = (int)(_cancelled?.Handle.DangerousGetHandle() ?? -1), Events = PollEvents.In },

                // Errors and hang-ups are always reported.
                new() { Descriptor = (int)(watched?.DangerousGetHandle() ?? -1) },
            ];

            // EINTR leaves the returned events at None: the caller polls again.
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

internal enum PollResult
{
    /// <summary>The descriptor is ready, or reports an error or hang-up.</summary>
    Ready,

    /// <summary>The watched descriptor reports an error or hang-up.</summary>
    WatchedGone,

    TimedOut,
}

/// <summary>The end of a timeout that starts now.</summary>
/// <param name="timeout">The timeout; null for unlimited.</param>
internal readonly struct Deadline(TimeSpan? timeout)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    public Deadline Earlier(Deadline other) => Left is null || other.Left < Left ? other : this;

    public bool IsOver => timeout <= Stopwatch.GetElapsedTime(_started);

    public TimeSpan? Left => timeout is TimeSpan time ? time - Stopwatch.GetElapsedTime(_started) : null;

    /// <summary>The rest of the timeout for poll(2), rounded up; -1 for unlimited.</summary>
    public int Milliseconds =>
        Left is TimeSpan left ? (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue) : -1;
}

/// <summary>Waits for several descriptors, or for a cancellation.</summary>
internal sealed class PollSet : IDisposable
{
    private readonly CancellationToken _token;
    private readonly CancellationEvent _cancelled;
    private readonly List<SafeHandle> _handles = [];
    private LibC.PollDescriptor[] _descriptors = new LibC.PollDescriptor[8];

    public PollSet(CancellationToken token)
    {
        _token = token;
        _cancelled = new CancellationEvent(token);
        Clear();
    }

    /// <summary>The events that the last wait returned for a descriptor.</summary>
    public PollEvents this[int index] => _descriptors[index].Returned;

    public void Clear()
    {
        Release();
        Add(_cancelled.Handle, PollEvents.In);
    }

    /// <summary>Adds a descriptor. Errors and hang-ups are always reported.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public int Add(SafeHandle handle, PollEvents events)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        int index = _handles.Count;
        _handles.Add(handle);
        if (index == _descriptors.Length)
        {
            Array.Resize(ref _descriptors, index * 2);
        }

        _descriptors[index] = new() { Descriptor = (int)handle.DangerousGetHandle(), Events = events };
        return index;
    }

    /// <summary>Waits until a descriptor is ready, or the deadline is over.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void Wait(Deadline deadline)
    {
        while (LibC.Poll(_descriptors.AsSpan(0, _handles.Count), deadline.Milliseconds).Value <= 0 && !deadline.IsOver)
        {
            _token.ThrowIfCancellationRequested();
        }

        _token.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        Release();
        _cancelled.Dispose();
    }

    private void Release()
    {
        foreach (SafeHandle handle in _handles)
        {
            handle.DangerousRelease();
        }

        _handles.Clear();
    }
}

/// <summary>A cancellation token as a descriptor for poll(2).</summary>
internal sealed class CancellationEvent : IDisposable
{
    private readonly SafeFileHandle _event;
    private readonly CancellationTokenRegistration _registration;

    public CancellationEvent(CancellationToken token)
    {
        SysResult result = LibC.EventFd(out _event);
        if (!result.Ok)
        {
            throw new TransferException(TransferErrorId.ResourceExhausted,
                $"No event descriptor could be made ({ErrnoText.Describe(result.Errno)}).",
                "Close some files, or raise the limit (ulimit -n).",
                result.Errno);
        }

        _registration = token.UnsafeRegister(static state => Signal((SafeFileHandle)state!), _event);
    }

    public SafeHandle Handle => _event;

    public void Dispose()
    {
        // Waits for a callback that is running: its descriptor must not be closed, and reused, before it writes.
        _registration.Dispose();
        _event.Dispose();
    }

    private static void Signal(SafeFileHandle handle)
    {
        ReadOnlySpan<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
        LibC.Write(handle, one, offset: null);
    }
}
