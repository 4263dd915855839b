using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Opening a destination that is written in place: a device, a FIFO, or a file that is not to be replaced.</summary>
internal static class OpenDestination
{
    private static readonly TimeSpan ReaderPollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Opens what is there. A FIFO is open when its first reader has come.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="access">O_WRONLY, or O_RDWR where it will be read as well.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TransferException">It cannot be opened, or is not what was looked at.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a reader was waited for.</exception>
    public static SafeFileHandle InPlace(Place place, int access, CancellationToken cancellation)
    {
        int flags = access | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal
            | (place.IsLink ? 0 : OpenFlags.NoFollow);
        while (true)
        {
            SysResult result = LeasedFile.OpenAt(place.Folder, place.Name, flags, cancellation, out SafeFileHandle handle);
            if (result.Ok)
            {
                return Checked(place, handle);
            }

            // ENXIO: a FIFO without a reader (fifo(7)). Nothing wakes up for one, short of opening its other end.
            if (result.Errno != Errno.ENXIO || place.Existing?.Kind != DescriptorKind.Fifo)
            {
                TransferException failure = result.Errno == Errno.ELOOP && !place.IsLink
                    ? Trees.TreeErrors.Moved(place.Path)
                    : Failures.OpenDestination(place.Path, result.Errno);
                throw (access & OpenFlags.AccessMode) == OpenFlags.ReadWrite && result.Errno == Errno.EACCES
                    ? failure.Adding("-Verify must be permitted to read it as well.")
                    : failure;
            }

            cancellation.WaitHandle.WaitOne(ReaderPollInterval);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>What has the name now need not be what was found there and may be written into.</summary>
    private static SafeFileHandle Checked(Place place, SafeFileHandle handle)
    {
        SysResult looked = FileStatus.TryGet(handle, out FileStatus? opened);
        if (looked.Ok && opened!.Inode == place.Existing?.Inode)
        {
            return handle;
        }

        handle.Dispose();
        throw looked.Ok ? Trees.TreeErrors.Moved(place.Path) : Failures.OpenDestination(place.Path, looked.Errno);
    }
}
