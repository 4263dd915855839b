using System.Globalization;
using Splice.Copying;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>Errors of synchronizations.</summary>
internal static class SyncErrors
{
    public static TransferException SourceNotFolder(string path, bool isForHosts = false) => new(TransferErrorId.SourceNotFolder,
        $"'{path}' is not a folder. Nothing was changed.",
        $"Specify a folder, or use {(isForHosts ? "Send" : "Copy")}-ItemZeroCopy -Update Changed for a file.",
        Errno.ENOTDIR, path);

    public static TransferException EmptySource(string path) => new(TransferErrorId.EmptySource,
        $"'{path}' is empty: it may be a mount point whose file system is not mounted. Nothing was changed.",
        "Mount it, or use -AllowEmptySource if the empty source is intended.",
        target: path);

    public static TransferException Overlap(string source, string destination)
    {
        bool isRoot = source.Trim('/').Length == 0 || destination.Trim('/').Length == 0;
        string what = $"'{source}' and '{destination}' are the same folder, or one is inside the other. Nothing was changed.";
        return new TransferException(TransferErrorId.FoldersOverlap,
            isRoot ? $"{what} The path '/' is often an empty variable followed by a slash." : what,
            "Choose folders that do not contain each other, or exclude the inner one with -Exclude.",
            Errno.ELOOP, destination);
    }

    public static TransferException Busy(string path) => new(TransferErrorId.DestinationBusy,
        $"Another synchronization to '{path}' is running. Nothing was changed.",
        "Wait until it has ended.",
        Errno.EAGAIN, path);

    public static TransferException Stopped(FolderPair folders) => new(TransferErrorId.Cancelled,
        $"Synchronizing '{folders.DestinationPath}' with '{folders.SourcePath}' was stopped. What was done so far is complete.",
        "Run the command again.",
        Errno.ECANCELED, folders.DestinationPath);

    public static TransferException TooManyRemovals(string path, long removals, long entries, long limit, bool isDryRun) => new(TransferErrorId.TooManyRemovals,
        string.Create(CultureInfo.InvariantCulture, $"{removals} of {entries} items in '{path}' would be removed; the limit is {limit}. ")
            + (isDryRun ? "Without -WhatIf, nothing would be changed." : "Nothing was changed."),
        string.Create(CultureInfo.InvariantCulture,
            $"Check that the source is complete{(isDryRun ? string.Empty : " (-WhatIf lists what would be removed)")}, then set -MaximumRemoval {removals}."),
        target: path);

    public static TransferException Changed(string path) => new(TransferErrorId.DestinationChanged,
        $"'{path}' has no source, but changed since the synchronization began: it was not removed.",
        "Synchronize again while no other process writes to the destination.",
        target: path);

    /// <summary>A folder of the destination cannot be read, so what has no source in it is unknown.</summary>
    public static TransferException NotListed(string path, Errno errno) => new(
        errno is Errno.EACCES or Errno.EPERM ? TransferErrorId.PermissionDenied : TransferErrorId.ReadFailed,
        $"'{path}' cannot be listed ({ErrnoText.Describe(errno)}): nothing in it was removed.",
        errno is Errno.EACCES or Errno.EPERM
            ? "Run as its owner or as root, or make it readable."
            : "Check the kernel log (dmesg) and the file system, then synchronize again.",
        errno, path);

    /// <summary>The destination has something that excludes its own removal.</summary>
    public static TransferException Kept(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is a folder, which the source's item of that name cannot replace: excluded items are in it.",
        "Use -RemoveExcluded to remove these too, or rename the folder.",
        target: path);

    public static TransferException NotEmpty(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is a folder with items in it, and the source has an item of another type with that name.",
        "Use -RemoveExtra to replace such folders, or rename it.",
        Errno.ENOTEMPTY, path);

    /// <summary>The user did not confirm that a file or link replaces it.</summary>
    public static TransferException Declined(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is a folder with items in it, and its removal was not confirmed: the source's item of that name was not copied.",
        "Synchronize again and confirm its removal, or rename the folder.",
        target: path);

    public static TransferException NotCounted(string path) => new(TransferErrorId.DestinationChanged,
        $"'{path}' is a folder whose items could not be counted, or changed since the synchronization began: the source's item of that name did not replace it.",
        "Synchronize again while no other process writes to the destination, or rename the folder.",
        target: path);

    /// <summary>A folder that has been replaced, and changed while it had a temporary name.</summary>
    public static TransferException ChangedAside(string path, FileName temporaryName) => new(TransferErrorId.DestinationChanged,
        $"'{path}' has been replaced, but the old folder changed during the copy and was not completely removed: it is '{temporaryName}' in the same folder.",
        "Move what you need out of it now, then remove it: later commands may remove temporary folders.",
        target: path);

    /// <summary>Removals would not notice the mount point.</summary>
    public static TransferException MountBelow(string path, string mount) => new(TransferErrorId.MountPoint,
        $"'{mount}' is a mount point in '{path}', which Linux before 5.8 does not distinguish from a folder. Nothing was changed.",
        "Unmount it first (umount), or omit -RemoveExtra.",
        target: path);

    public static TransferException Subvolume(string path) => new(TransferErrorId.MountPoint,
        $"'{path}' was not removed: it is a subvolume (btrfs), which is a file system of its own.",
        "Delete it with 'btrfs subvolume delete', or leave it there.",
        target: path);

    /// <summary>Nothing is to be added, and all would have to be.</summary>
    public static TransferException MissingDestination(string path) => new(TransferErrorId.DestinationFolderNotFound,
        $"The folder '{path}' does not exist, and -ExistingOnly adds nothing.",
        $"Create it first ({FileFailures.NewFolder(path)}), or omit -ExistingOnly.",
        Errno.ENOENT, path);
}
