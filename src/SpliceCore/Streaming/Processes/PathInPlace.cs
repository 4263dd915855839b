using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Opening what a command writes to in its place, as a shell does: a file that is added to, a device, a FIFO, a file
/// for errors.</summary>
internal static class PathInPlace
{
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share

    /// <summary>Opens a path for writing, and makes the file where there is none.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="append">Whether all writes go to the end; otherwise a file begins anew.</param>
    /// <param name="cancellation">Ends the wait for a FIFO's reader.</param>
    /// <exception cref="TransferException">It cannot be opened.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a reader was waited for.</exception>
    public static SafeFileHandle Open(string path, bool append, CancellationToken cancellation)
    {
        using DestinationPath destination = Resolve(path);
        return Open(destination.ToPlace(mayReplace: true), append, cancellation);
    }

    /// <summary>Opens what is in a place.</summary>
    public static SafeFileHandle Open(Place place, bool append, CancellationToken cancellation)
    {
        int access = OpenFlags.WriteOnly | (append ? OpenFlags.Append : 0);
        SafeFileHandle handle;
        SysResult result;
        if (place.Existing is null)
        {
            // To add to a file that takes the name meanwhile destroys nothing.
            int flags = OpenFlags.Create | OpenFlags.NoControllingTerminal | OpenFlags.NoFollow | (append ? 0 : OpenFlags.Exclusive);
            result = LibC.OpenAt(place.Folder, place.Name, access | flags, DefaultMode, out handle);
        }
        else
        {
            handle = OpenDestination.InPlace(place, access, cancellation);

            // Only the open was not to wait.
            LibC.SetStatusFlags(handle, access);
            result = place.Existing.Kind == DescriptorKind.Regular && !append ? LibC.Truncate(handle, 0) : default;
        }

        if (!result.Ok)
        {
            handle.Dispose();
            throw place.NameFailure(result.Errno);
        }

        return handle;
    }

    /// <summary>Where a path leads. A folder takes no output.</summary>
    public static DestinationPath Resolve(string path)
    {
        PathCheck.Name(path);
        return FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory
            ? throw Failures.DestinationIsDirectory(path)
            : DestinationPath.Resolve(path, path);
    }
}
