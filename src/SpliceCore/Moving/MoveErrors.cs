using Splice.Copying;
using Splice.Errors;

namespace Splice.Moving;

/// <summary>Errors of moves that copies do not have.</summary>
internal static class MoveErrors
{
    public static TransferException NoName(string path) => new(TransferErrorId.InvalidPath,
        $"'{path}' cannot be moved: its path ends without a name.",
        "Specify it by its name, for example '/srv/data' and not '/srv/data/.'.",
        Errno.EBUSY, path);

    public static TransferException MountPoint(string path) => new(TransferErrorId.MountPoint,
        $"'{path}' is a mount point, and can be neither moved nor replaced ({ErrnoText.Describe(Errno.EBUSY)}).",
        "Unmount it first (umount), or move its content.",
        Errno.EBUSY, path);

    public static TransferException MountBelow(string source, string mount) => new(TransferErrorId.MountPoint,
        $"'{source}' cannot be moved to another file system: '{mount}' is a mount point. Nothing was changed.",
        "Unmount it first (umount), or move the other items in the folder.",
        Errno.EBUSY, source);

    public static TransferException Exists(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' exists.",
        "Choose another name, or replace it with -Force and without -NoClobber.",
        Errno.EEXIST, path);

    public static TransferException Device(string path) => new(TransferErrorId.DestinationNotReplaceable,
        $"'{path}' is a device, and a move would remove its node. Nothing was changed.",
        "Choose another name, or write to the device with Copy-ItemZeroCopy.",
        Errno.EEXIST, path);

    public static TransferException FolderExists(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is an existing folder, which a move neither replaces nor merges. Nothing was changed.",
        "Choose another name, or merge the folders with Copy-ItemZeroCopy -Recurse and then remove the source.",
        Errno.EEXIST, path);

    public static TransferException TwoSources(string source, string destination) => new(TransferErrorId.DestinationExists,
        $"'{destination}' was moved there by this command, and '{source}' would replace it. '{source}' was not moved.",
        "Move them into different folders.",
        Errno.EEXIST, destination);

    /// <summary>rename(2) failed: nothing has changed.</summary>
    public static TransferException Rename(string source, string destination, Errno errno) => errno switch
    {
        Errno.EEXIST => Exists(destination),
        Errno.EBUSY => MountPoint(source),
        Errno.ENOENT => FileFailures.OpenSource(source, errno),
        Errno.EACCES or Errno.EPERM => new(TransferErrorId.PermissionDenied,
            $"No permission to move '{source}' to '{destination}' ({ErrnoText.Describe(errno)}).",
            "A move requires write permission on both folders, and on a folder that is moved. Check also whether one of them is immutable (lsattr) or sticky.",
            errno, destination),
        // rename(2) does not leave a mount: the source is on this file system as well.
        Errno.EROFS => ReadOnly(source),
        _ => FileFailures.NameDestination(destination, errno),
    };

    public static TransferException ReadOnly(string source) => new(TransferErrorId.PermissionDenied,
        $"'{source}' cannot be moved: its file system is read-only ({ErrnoText.Describe(Errno.EROFS)}). Nothing was changed.",
        "Mount it for writing, or copy it with Copy-ItemZeroCopy.",
        Errno.EROFS, source);

    /// <summary>The destination has an entry as it was copied, and the source has another one by now.</summary>
    public static TransferException Kept(string path) => new(TransferErrorId.SourceChanged,
        $"'{path}' was created or changed after the copy, and was not removed.",
        "Compare it with the destination, and move or remove it while no process writes to it.",
        target: path);

    public static TransferException CopyChanged(string source, string destination) => new(TransferErrorId.DestinationChanged,
        $"Another process changed the copy of '{source}' before it was complete. '{source}' was not moved.",
        "Exclude folders named .splice-*.move from the process that cleans up the destination's folder, and run the command again.",
        target: destination);

    public static TransferException Stopped(string source, string destination, bool isWhole) => new(TransferErrorId.Cancelled,
        isWhole
            ? $"Moving '{source}' to '{destination}' was stopped. '{source}' is unchanged."
            : $"Moving '{source}' was stopped after '{destination}' was complete: '{source}' is not completely removed.",
        isWhole ? "Run the command again." : "Remove the rest of the source: the destination is complete.",
        Errno.ECANCELED, destination);

    public static TransferException StoppedBeforeFlush(string source, string destination) => new(TransferErrorId.Cancelled,
        $"Moving '{source}' was stopped: it is unchanged, and '{destination}' is complete, but its name may not be on the disk.",
        "Run sync(1), then remove the source.",
        Errno.ECANCELED, destination);
}
