using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Opening a destination that is written in place: a device, a FIFO, or a file with an offset.</summary>
internal static class OpenDestination
{
    private static readonly TimeSpan ReaderPollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Opens what is there. A FIFO is open when its first reader has come.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled while a reader was waited for.</exception>
    public static SafeFileHandle InPlace(string path, CancellationToken cancellation)
    {
        while (true)
        {
            SysResult result = LibC.Open(
                path, OpenFlags.WriteOnly | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal, out SafeFileHandle handle);
            if (result.Ok)
            {
                return handle;
            }

            // ENXIO: a FIFO without a reader (fifo(7)). Nothing wakes up for one, short of opening its other end.
            bool waits = result.Errno == Errno.ENXIO
                && FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Fifo;
            if (!waits)
            {
                throw Failures.OpenDestination(path, result.Errno);
            }

            cancellation.WaitHandle.WaitOne(ReaderPollInterval);
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
