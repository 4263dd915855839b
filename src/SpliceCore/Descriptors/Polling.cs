using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Waits for one or several descriptors, or for a cancellation: poll(2).</summary>
internal sealed class Poller(CancellationToken token) : IDisposable
{
    private readonly List<SafeHandle> _handles = [];
    private LibC.PollDescriptor[] _descriptors = new LibC.PollDescriptor[4];
    private CancellationEvent? _cancelled;

    /// <summary>The events that the last wait returned for a descriptor.</summary>
    public PollEvents this[int index] => _descriptors[index].Returned;

    /// <summary>Removes all descriptors, and releases their handles.</summary>
    public void Clear()
    {
        foreach (SafeHandle handle in _handles)
        {
            handle.DangerousRelease();
        }

        _handles.Clear();
    }

    /// <summary>Adds a descriptor. Errors and hang-ups are always reported.</summary>
    public int Add(SafeHandle handle, PollEvents events)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        int index = _handles.Count;
        _handles.Add(handle);

        // One more, for the cancellation.
        if (index + 1 == _descriptors.Length)
        {
            Array.Resize(ref _descriptors, _descriptors.Length * 2);
        }

        _descriptors[index] = new() { Descriptor = (int)handle.DangerousGetHandle(), Events = events };
        return index;
    }

    /// <summary>Waits until a descriptor is ready, or the deadline is over.</summary>
    public void Wait(Deadline deadline)
    {
        _cancelled ??= new CancellationEvent(token);
        int count = _handles.Count;
        _descriptors[count] = new() { Descriptor = (int)_cancelled.Handle.DangerousGetHandle(), Events = PollEvents.In };
        SysResult polled;
        do
        {
            token.ThrowIfCancellationRequested();
            polled = LibC.Poll(_descriptors.AsSpan(0, count + 1), deadline.Milliseconds);
            if (polled.Errno is not (Errno.None or Errno.EINTR or Errno.EAGAIN))
            {
                throw new TransferException(TransferErrorId.ResourceExhausted,
                    $"Could not wait for {count} {(count == 1 ? "descriptor" : "descriptors")} (poll(2), {ErrnoText.Describe(polled.Errno)}).",
                    "Free some memory, or raise the limit on open files (ulimit -n).",
                    polled.Errno);
            }
        }
        while (polled.Value <= 0 && !deadline.IsOver);

        token.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until one descriptor is readable or writable, or reports an error or hang-up.</summary>
    /// <param name="watched">Another descriptor, whose error or hang-up ends the wait as well.</param>
    /// <param name="timeout">The longest wait; null for unlimited.</param>
    public PollResult Wait(SafeHandle handle, PollEvents events, SafeHandle? watched = null, TimeSpan? timeout = null)
    {
        try
        {
            Add(handle, events);
            int other = watched is null ? 0 : Add(watched, PollEvents.None);
            Wait(new Deadline(timeout));
            return this[0] != PollEvents.None ? PollResult.Ready
                : this[other] != PollEvents.None ? PollResult.WatchedGone
                : PollResult.TimedOut;
        }
        finally
        {
            Clear();
        }
    }

    public bool IsReady(SafeHandle handle, PollEvents events)
    {
        try
        {
            Add(handle, events);
            LibC.Poll(_descriptors.AsSpan(0, 1), timeout: 0);
            return this[0] != PollEvents.None;
        }
        finally
        {
            Clear();
        }
    }

    public void Dispose()
    {
        Clear();
        _cancelled?.Dispose();
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
                $"No event descriptor could be created ({ErrnoText.Describe(result.Errno)}).",
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
