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
        DestinationPath destination = Resolve(path);
        using SafeFileHandle folder = destination.OpenFolder();
        var place = new Place(folder, destination.Name, destination.Existing, destination.Path, MayReplace: true) { IsNamedByUser = true };
        return Open(place, append, cancellation);
    }

    /// <summary>Opens what is in a place.</summary>
    public static SafeFileHandle Open(Place place, bool append, CancellationToken cancellation)
    {
        int access = OpenFlags.WriteOnly | (append ? OpenFlags.Append : OpenFlags.Truncate);
        SafeFileHandle handle;
        if (place.Existing is null)
        {
            const int Flags = OpenFlags.Create | OpenFlags.NoControllingTerminal;
            SysResult opened = LibC.OpenAt(place.Folder, place.Name, access | Flags, DefaultMode, out handle);
            if (!opened.Ok)
            {
                handle.Dispose();
                throw Failures.OpenDestination(place.Path, opened.Errno);
            }
        }
        else
        {
            handle = OpenDestination.InPlace(place, access, cancellation);

            // Only the open was not to wait.
            LibC.SetStatusFlags(handle, access);
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
