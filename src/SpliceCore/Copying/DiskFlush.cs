using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Waits until the disk has what was written.</summary>
internal static class DiskFlush
{
    private static readonly FileName ThisFolder = ".";

    /// <summary>A file's or device's bytes and attributes.</summary>
    /// <returns>Whether there is a disk behind it.</returns>
    /// <exception cref="TransferException">The disk does not have it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static bool OfFile(SafeFileHandle file, DescriptorKind kind, string path, CancellationToken cancellation)
    {
        SysResult result = Wait(file, cancellation);
        bool isSpecial = kind is not (DescriptorKind.Regular or DescriptorKind.Block);
        return result.Errno switch
        {
            Errno.None => true,
            Errno.EINVAL => false,
            Errno.EROFS when isSpecial => false,
            _ => throw FileFailures.Flush(path, result.Errno),
        };
    }

    /// <summary>Opens a place's folder so that it can be flushed; one that was opened with O_PATH cannot be.</summary>
    public static SafeFileHandle OpenFolder(Place place)
    {
        SysResult opened = LibC.OpenAt(
            place.Folder, ThisFolder, OpenFlags.ReadOnly | OpenFlags.Directory, 0, out SafeFileHandle folder);
        if (opened.Ok)
        {
            return folder;
        }

        folder.Dispose();
        throw FileFailures.FlushFolder(place.Path, opened.Errno);
    }

    /// <summary>The names in a folder.</summary>
    /// <param name="folder">What <see cref="OpenFolder"/> opened.</param>
    /// <param name="path">The file that got its name.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static void OfFolder(SafeFileHandle folder, string path, CancellationToken cancellation)
    {
        SysResult result = Wait(folder, cancellation);
        if (!result.Ok && result.Errno != Errno.EINVAL)
        {
            throw FileFailures.FlushName(path, result.Errno);
        }
    }

    /// <summary>The name of a tree or a link that is complete.</summary>
    /// <param name="folder">What <see cref="OpenFolder"/> opened, before anything was made.</param>
    /// <param name="place">The place.</param>
    /// <param name="result">What was done.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TransferException">The disk does not have it, or the copy was stopped before it did.</exception>
    public static void OfName(SafeFileHandle folder, Place place, TransferResult result, CancellationToken cancellation)
    {
        try
        {
            OfFolder(folder, place.Path, cancellation);
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"'{place.Path}' is complete, but the copy was stopped before the disk had its name.",
                "Run sync to have it there.",
                Errno.ECANCELED, place.Path)
            {
                Partial = result,
            };
        }
    }

    /// <summary>fsync(2) answers when the disk does, and nothing ends it before. On another thread nobody has to wait.</summary>
    private static SysResult Wait(SafeFileHandle handle, CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled)
        {
            return LibC.Flush(handle);
        }

        cancellation.ThrowIfCancellationRequested();
        Task<SysResult> flush = Task.Run(() => LibC.Flush(handle), CancellationToken.None);
        flush.Wait(cancellation);
        SystemCallCount.Increment();
        return flush.Result;
    }
}
