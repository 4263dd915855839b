using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Waits until the written bytes are on the disk (fsync(2)).</summary>
internal static class DiskFlush
{
    private static readonly FileName ThisFolder = ".";

    /// <summary>Flushes content and metadata of a file or device.</summary>
    /// <param name="waiting">Called from time to time until they are on the disk.</param>
    public static bool OfFile(SafeFileHandle file, DescriptorKind kind, string path, CancellationToken cancellation, Action? waiting = null)
    {
        SysResult result = Wait(file, cancellation, waiting);
        bool isSpecial = kind is not (DescriptorKind.Regular or DescriptorKind.Block);
        return result.Errno switch
        {
            Errno.None => true,
            Errno.EINVAL => false,
            Errno.EROFS when isSpecial => false,
            _ => throw FileFailures.Flush(path, result.Errno),
        };
    }

    /// <summary>Opens the directory for flushing, which a handle opened with O_PATH does not support.</summary>
    public static SafeFileHandle OpenFolder(DestinationEntry place)
    {
        SysResult opened = LibC.OpenAt(
            place.Folder, ThisFolder, LibC.O_RDONLY | LibC.O_DIRECTORY, 0, out SafeFileHandle folder);
        if (opened.Ok)
        {
            return folder;
        }

        folder.Dispose();
        throw FileFailures.FlushFolder(place.Path, opened.Errno);
    }

    /// <summary>Flushes the names in a directory.</summary>
    /// <param name="waiting">Called from time to time until they are on the disk.</param>
    public static void OfFolder(SafeFileHandle folder, string path, CancellationToken cancellation, Action? waiting = null)
    {
        SysResult result = Wait(folder, cancellation, waiting);
        if (!result.Ok && result.Errno != Errno.EINVAL)
        {
            throw FileFailures.FlushName(path, result.Errno);
        }
    }

    /// <summary>Flushes the name of a complete tree or link.</summary>
    public static void OfName(
        SafeFileHandle folder, DestinationEntry place, TransferResult result, CancellationToken cancellation, Action? waiting = null)
    {
        try
        {
            OfFolder(folder, place.Path, cancellation, waiting);
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"'{place.Path}' is complete, but the copy was stopped before its name was on the disk.",
                "Run sync(1) to flush it.",
                Errno.ECANCELED, place.Path)
            {
                Partial = result,
            };
        }
    }

    /// <summary>fsync(2) cannot be interrupted: on another thread, cancellation need not wait for it.</summary>
    private static SysResult Wait(SafeFileHandle handle, CancellationToken cancellation, Action? waiting = null)
    {
        if (!cancellation.CanBeCanceled)
        {
            return LibC.Flush(handle);
        }

        cancellation.ThrowIfCancellationRequested();
        Task<SysResult> flush = Task.Run(() => LibC.Flush(handle), CancellationToken.None);
        while (!flush.Wait(Tuning.ReportInterval, cancellation))
        {
            waiting?.Invoke();
        }

        SystemCallCount.Increment();
        return flush.Result;
    }
}
