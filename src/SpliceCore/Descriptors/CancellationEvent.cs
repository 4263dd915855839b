using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

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
