using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Waiting for several descriptors at once, without ever being out of the user's reach.</summary>
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

    /// <summary>What the last wait had to tell of a descriptor.</summary>
    public PollEvents this[int index] => _descriptors[index].Returned;

    public void Clear()
    {
        Release();
        Add(_cancelled.Handle, PollEvents.In);
    }

    /// <summary>Adds a descriptor. Errors and hang-ups are told whether or not they are asked for.</summary>
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

    /// <summary>Waits until one of them has something to tell, or for as long as there is patience.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void Wait(Deadline deadline)
    {
        while (LibC.Poll(_descriptors.AsSpan(0, _handles.Count), deadline.Milliseconds).Value <= 0 && !deadline.IsOver)
        {
            // EINTR: the events are none.
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

/// <summary>A cancellation token as a descriptor, so that poll(2) wakes up for it.</summary>
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
        // Waits for a signal under way, so that it never writes to a descriptor that is somebody else's by then.
        _registration.Dispose();
        _event.Dispose();
    }

    private static void Signal(SafeFileHandle handle)
    {
        ReadOnlySpan<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
        LibC.Write(handle, one, offset: null);
    }
}
