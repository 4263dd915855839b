using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Waits until the written bytes are on the disk (fsync(2), syncfs(2)).</summary>
internal static class DiskFlush
{
    private static readonly FileName ThisFolder = ".";

    /// <summary>Flushes content and metadata of a file or device.</summary>
    /// <param name="waiting">Called from time to time until they are on the disk.</param>
    public static bool OfFile(SafeFileHandle file, DescriptorKind kind, string path, CancellationToken cancellation, Action? waiting = null)
    {
        SysResult result = Wait(LibC.Flush, file, cancellation, waiting);
        bool isSpecial = kind is not (DescriptorKind.Regular or DescriptorKind.Block);
        return result.Errno switch
        {
            Errno.None => true,
            Errno.EINVAL => false,
            Errno.EROFS when isSpecial => false,
            _ => throw FileFailures.Flush(path, result.Errno),
        };
    }

    /// <summary>Writes the content of a file back, whose metadata are flushed with its file system.</summary>
    /// <param name="size">Its size; of a small one, the call is as short as that of writing it, and needs no thread.</param>
    /// <param name="waiting">Called from time to time until it is on the disk.</param>
    public static void OfContent(SafeFileHandle file, long size, string path, CancellationToken cancellation, Action? waiting = null)
    {
        SysResult result = size <= Tuning.WrittenBackAtOnce ? LibC.WriteBack(file) : Wait(LibC.WriteBack, file, cancellation, waiting);
        if (!result.Ok)
        {
            throw FileFailures.Flush(path, result.Errno, "sync_file_range(2)");
        }
    }

    /// <summary>True if <see cref="OfFileSystem"/> reports the write-back errors of files, as syncfs(2) does since Linux 5.8.</summary>
    public static bool OfFileSystemReportsErrors { get; } = OperatingSystem.IsOSPlatformVersionAtLeast("linux", 5, 8);

    /// <summary>Flushes the file system of a directory.</summary>
    /// <param name="folder">Opened before the first byte was written, since errors are reported from then on.</param>
    /// <param name="waiting">Called from time to time until all is on the disk.</param>
    public static void OfFileSystem(SafeFileHandle folder, string path, CancellationToken cancellation, Action? waiting = null)
    {
        SysResult result = Wait(LibC.FlushFileSystem, folder, cancellation, waiting);
        if (!result.Ok)
        {
            throw FileFailures.Flush(path, result.Errno, "syncfs(2)");
        }
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
        SysResult result = Wait(LibC.Flush, folder, cancellation, waiting);
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

    /// <summary>These calls cannot be interrupted: on another thread, cancellation need not wait for them.</summary>
    private static SysResult Wait(Func<SafeHandle, SysResult> call, SafeFileHandle handle, CancellationToken cancellation, Action? waiting = null)
    {
        if (!cancellation.CanBeCanceled)
        {
            return call(handle);
        }

        cancellation.ThrowIfCancellationRequested();
        Task<SysResult> flush = Task.Run(() => call(handle), CancellationToken.None);
        while (!flush.Wait(Tuning.ReportInterval, cancellation))
        {
            waiting?.Invoke();
        }

        SystemCallCount.Increment();
        return flush.Result;
    }
}
