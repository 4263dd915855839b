using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Waiting for a descriptor without ever being out of the user's reach.</summary>
internal sealed class Readiness(CancellationToken token) : IDisposable
{
    private CancellationEvent? _cancelled;

    /// <summary>Waits until the descriptor can be read from or written to, or has an error or hang-up to tell.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void Wait(SafeHandle handle, PollEvents events)
    {
        _cancelled ??= new CancellationEvent(token);
        while (Poll(handle, events, timeout: -1) == PollEvents.None)
        {
            token.ThrowIfCancellationRequested();
        }

        token.ThrowIfCancellationRequested();
    }

    /// <summary>Whether the descriptor is ready at this moment.</summary>
    public bool IsReady(SafeHandle handle, PollEvents events) => Poll(handle, events, timeout: 0) != PollEvents.None;

    public void Dispose() => _cancelled?.Dispose();

    private PollEvents Poll(SafeHandle handle, PollEvents events, int timeout)
    {
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            Span<LibC.PollDescriptor> descriptors =
            [
                new() { Descriptor = (int)handle.DangerousGetHandle(), Events = events },

                // A negative descriptor is passed over by poll(2).
                new() { Descriptor = (int)(_cancelled?.Handle.DangerousGetHandle() ?? -1), Events = PollEvents.In },
            ];

            // EINTR leaves the returned events at none: the caller looks again.
            LibC.Poll(descriptors, timeout);
            return descriptors[0].Returned;
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }
}
