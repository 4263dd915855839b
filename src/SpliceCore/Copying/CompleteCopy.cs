using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Finds out whether an earlier copy has written all of a file, so that -Resume leaves it as it is.</summary>
internal static class CompleteCopy
{
    /// <summary>True if a file may be complete. A copy gets the source's times before its name.</summary>
    public static bool IsPossible(CopyRequest request, FileStatus source, FileStatus existing, TimePrecision precision) =>
        request is { Resume: true, IsWhole: true } && request.Preserve.HasFlag(PreserveAttributes.Timestamps)
        && existing.Kind == DescriptorKind.Regular && existing.Inode != source.Inode
        && request.CreatedFiles?.HasFile(existing) != true
        && existing.Size == source.Size && precision.IsPreserved(source.ModificationTime, existing.ModificationTime);

    /// <summary>True if the extents of a file prove that it has the bytes of its source. A lost device or a power failure leaves files
    /// with their size and times that have holes or zeros in place of bytes that did not reach the disk. And a source can be changed
    /// and its modification time set back, which the time of its last status change (ctime) shows. A time that the file system of the
    /// copy does not store exactly proves nothing.</summary>
    public static bool IsProvable(FileStatus source, FileStatus existing, FileSystemType fileSystem, long? bootTime) =>
        existing.HasSameSizeAndMTime(source) && source.ChangeTime.CompareTo(existing.ChangeTime) < 0
        && DataProof.IsByExtents(existing, fileSystem, bootTime, existing.ChangeTime);

    /// <summary>True if a file that may be complete has the bytes of its source.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="isProvable">True if only its extents are compared; otherwise its bytes, and its times are then set again: with a
    /// newer ctime the next run need not read it.</param>
    /// <param name="fromDisk">True to compare what is on the disk, not in the cache.</param>
    /// <param name="isDryRun">True to set no times.</param>
    public static bool HasContent(
        Descriptor source, FileStatus existing, SafeFileHandle file, string path, bool isProvable, bool fromDisk, bool isDryRun, TransferMonitor monitor)
    {
        long started = Stopwatch.GetTimestamp();
        using var comparison = new Comparison(source, file, path, monitor.Cancellation)
        {
            TrustsData = isProvable,
            Compared = same => monitor.Progress?.Invoke(
                new TransferProgress(same, existing.Size, Stopwatch.GetElapsedTime(started)) { Phase = TransferPhase.Verifying }),
        };
        try
        {
            if (fromDisk)
            {
                DiskFlush.OfFile(file, existing.Kind, path, monitor.Cancellation);
                comparison.ReadFromDisk(0, existing.Size);
            }

            if (comparison.Run(0, 0, existing.Size) != existing.Size)
            {
                return false;
            }
        }
        catch (TransferException)
        {
            // Unreadable: it is copied again.
            return false;
        }

        if (!isProvable && !isDryRun)
        {
            LibC.ChangeTimes(file, source.Status.AccessTime, source.Status.ModificationTime);
        }

        return true;
    }
}
