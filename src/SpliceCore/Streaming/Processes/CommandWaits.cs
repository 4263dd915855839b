using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Waiting for several descriptors to be readable, and never for long: somebody wants to know how far it is. The
/// first waits are short, so that short commands are seen as well.</summary>
internal sealed class CommandWaits
{
    private const int FirstInterval = 2; // milliseconds
    private const int LongestInterval = 200;
    private const int LongestUnasked = 20;

    private readonly List<LibC.PollDescriptor> _descriptors = [];
    private int _interval = FirstInterval;

    /// <summary>Begins anew with one.</summary>
    public void Begin(SafeHandle? first)
    {
        _descriptors.Clear();
        Add(first);
    }

    public void Add(SafeHandle? handle)
    {
        if (handle is not null)
        {
            _descriptors.Add(new() { Descriptor = (int)handle.DangerousGetHandle(), Events = PollEvents.In });
        }
    }

    public void AddAll(IEnumerable<SafeHandle?> handles)
    {
        foreach (SafeHandle? handle in handles)
        {
            Add(handle);
        }
    }

    /// <summary>Waits.</summary>
    /// <param name="mustAsk">Whether there is something that no descriptor tells of.</param>
    public void Wait(bool mustAsk)
    {
        int timeout = mustAsk ? Math.Min(_interval, LongestUnasked) : _interval;
        if (LibC.Poll(CollectionsMarshal.AsSpan(_descriptors), timeout).Value == 0)
        {
            _interval = Math.Min(_interval * 2, LongestInterval);
        }
    }

    /// <summary>Whether one of them is readable, or has hung up.</summary>
    public bool IsReady(SafeHandle handle)
    {
        int number = (int)handle.DangerousGetHandle();
        return _descriptors.Exists(entry => entry.Descriptor == number && entry.Returned != PollEvents.None);
    }
}
