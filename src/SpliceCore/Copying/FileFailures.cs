using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Errors of files and folders, from the kernel's errno.</summary>
internal static class FileFailures
{
    private const string SeeKernelLog = "The disk may be failing: check the kernel log (dmesg).";

    public static TransferException OpenSource(string path, Errno errno) => errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => SourceNotFound(path, errno),
        Errno.EACCES or Errno.EPERM => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"No permission to read '{path}'",
            "Run as its owner or as root, or make it readable."),
        Errno.ENXIO or Errno.ENODEV => Failed(TransferErrorId.ReadFailed, path, errno,
            $"'{path}' cannot be opened: it is a socket, or its device is missing",
            "Connect to the socket first, and pass it to Copy-StreamZeroCopy."),
        _ => Open(path, errno, TransferErrorId.ReadFailed),
    };

    /// <summary>The entries of a folder could not be read.</summary>
    public static TransferException ListFolder(string path, Errno errno) => errno is Errno.ENOENT or Errno.ENOMEM
        ? OpenSource(path, errno)
        : Failed(TransferErrorId.ReadFailed, path, errno, $"'{path}' cannot be listed", SeeKernelLog);

    /// <summary>A destination, or its folder, could not be opened or created.</summary>
    public static TransferException OpenDestination(string path, Errno errno) => errno switch
    {
        Errno.ENOENT => Failed(TransferErrorId.DestinationFolderNotFound, path, errno,
            $"The folder '{FolderOf(path)}' does not exist",
            $"Create it first: {NewFolder(FolderOf(path))}"),
        Errno.ENOTDIR => NotAFolder(path, errno),
        Errno.ETXTBSY => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"'{path}' cannot be written: it is a running program, or a swap file in use",
            "Stop the program, or replace the file instead: a running program keeps the old one."),
        Errno.EROFS => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"'{path}' cannot be written: its file system is read-only",
            "Mount it for writing, or choose another destination."),
        Errno.EPERM => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"No permission to write '{path}'",
            "Check whether it or its folder is immutable or append-only (lsattr), or choose another destination."),
        Errno.EACCES => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"No permission to write '{path}'",
            "Replacing a file requires write permission on its folder; -InPlace requires it on the file itself.",
            "Get write permission on its folder, or choose another destination."),
        Errno.ENOSPC or Errno.EDQUOT => Failed(TransferErrorId.DiskFull, path, errno,
            $"No space is left for '{path}'",
            "Free some space, or choose another destination."),
        Errno.EEXIST => new(TransferErrorId.DestinationExists,
            $"'{path}' exists.",
            ["Choose another name, or omit -NoClobber.", "Choose another name."],
            errno, path),
        Errno.EISDIR => DestinationIsDirectory(path),
        _ => Open(path, errno, TransferErrorId.WriteFailed),
    };

    /// <summary>A complete file could not be given its name.</summary>
    public static TransferException NameDestination(string path, Errno errno) =>
        OpenDestination(path, errno) is { Id: not TransferErrorId.WriteFailed } known ? known : Failed(TransferErrorId.WriteFailed, path, errno,
            $"The new file could not be renamed to '{path}'",
            "Check the kernel log (dmesg), or choose a destination on another file system.");

    /// <summary>An item could not be removed. It stays as it is.</summary>
    public static TransferException Remove(string path, Errno errno) => errno switch
    {
        Errno.EBUSY => Failed(TransferErrorId.MountPoint, path, errno,
            $"'{path}' was not removed: it is a mount point",
            "Unmount it first (umount), or leave it there."),
        Errno.EPERM => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"No permission to remove '{path}'",
            "Check whether it or its folder is immutable or append-only (lsattr), or its folder is sticky and belongs to another user."),
        Errno.EACCES => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"No permission to remove '{path}'",
            "Get write permission on its folder."),
        Errno.EROFS => Failed(TransferErrorId.PermissionDenied, path, errno,
            $"'{path}' was not removed: its file system is read-only",
            "Mount it for writing."),
        Errno.ENOTEMPTY => Failed(TransferErrorId.FolderChanged, path, errno,
            $"'{path}' was not removed: another process keeps creating files in it",
            "Find out which process writes to it (lsof), and remove it after that process has ended."),
        _ => Failed(TransferErrorId.RemoveFailed, path, errno,
            $"'{path}' was not removed",
            SeeKernelLog),
    };

    /// <summary>An item that was moved aside has its temporary name still.</summary>
    public static TransferException GiveBack(string path, FileName temporaryName, Errno errno) =>
        Failed(TransferErrorId.WriteFailed, path, errno,
            $"'{path}' was moved aside and could not be renamed back: it is '{temporaryName}' in the same folder",
            "Rename it with Move-Item before the next synchronization, which removes temporary files.");

    public static TransferException OpenFolder(string path, Errno errno) => errno switch
    {
        Errno.ENOENT => Failed(TransferErrorId.DestinationFolderNotFound, path, errno,
            $"The folder '{path}' does not exist",
            $"Create it first: {NewFolder(path)}"),
        Errno.ENOTDIR => Failed(TransferErrorId.DestinationFolderNotFound, path, errno,
            $"'{path}' is not a folder",
            "Specify the folder for the files."),
        _ => OpenDestination(path, errno),
    };

    /// <summary>A file that was written in place could not be truncated where the copy ends.</summary>
    public static TransferException Cut(string path, long size, Errno errno) => new(TransferErrorId.WriteFailed,
        $"'{path}' has all copied bytes, but could not be truncated to {ByteText.Exact(size)} (ftruncate(2), {ErrnoText.Describe(errno)}): its old end remains.",
        "Check whether it is sealed, or a swap file in use.",
        errno, path);

    public static TransferException Flush(string path, Errno errno, string call = "fsync(2)")
    {
        bool isFull = errno is Errno.ENOSPC or Errno.EDQUOT;
        string what = isFull ? "No space is left on the disk for" : "Could not flush";
        return new TransferException(isFull ? TransferErrorId.DiskFull : TransferErrorId.WriteFailed,
            $"{what} '{path}' ({call}, {ErrnoText.Describe(errno)}).",
            isFull ? "Free some space, or choose another destination." : SeeKernelLog,
            errno, path);
    }

    public static TransferException FlushFolder(string path, Errno errno) => errno is not (Errno.EACCES or Errno.EPERM)
        ? OpenDestination(path, errno)
        : Failed(TransferErrorId.PermissionDenied, path, errno,
            $"'{path}' cannot be flushed: no permission to read its folder",
            "Make it readable, or omit -Flush.",
            "Make it readable.");

    public static TransferException FlushName(string path, Errno errno) => new(TransferErrorId.WriteFailed,
        $"'{path}' is complete, but its name could not be flushed to the disk (fsync(2) of the folder, {ErrnoText.Describe(errno)}): after a power failure, the old file may be back.",
        SeeKernelLog,
        errno, path);

    /// <summary>A copy differs from its source when it is read again.</summary>
    public static TransferException Different(string source, long sourceOffset, string path, long offset, bool isInPlace, bool isAppended)
    {
        string what = isAppended ? $"Nothing was appended to '{path}'"
            : isInPlace ? $"'{path}' is damaged from byte {offset} on"
            : $"'{path}' was not created";
        return new TransferException(TransferErrorId.VerificationFailed,
            $"{what}: byte {offset} of the copy differs from byte {sourceOffset} of '{source}'.",
            "Another process wrote to one of them, or the memory or a disk is failing: check the kernel log (dmesg), and copy again.",
            target: path)
        {
            DifferenceOffset = offset,
        };
    }

    public static TransferException DestinationExists(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' exists, and -NoClobber is set.",
        "Choose another name, or omit -NoClobber.",
        Errno.EEXIST, path);

    public static TransferException DestinationIsDirectory(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is a folder, and a file cannot replace it.",
        "Choose another name.",
        Errno.EISDIR, path);

    /// <summary>Returns the command that creates a folder.</summary>
    public static string NewFolder(string path) => $"New-Item -ItemType Directory {PowerShellText.Quote(path)}";

    /// <summary>A dangling link exists, although open(2) returns ENOENT.</summary>
    private static TransferException SourceNotFound(string path, Errno errno)
    {
        if (errno == Errno.ENOENT && LibC.ReadLink(path, out string? target).Ok)
        {
            return Failed(TransferErrorId.SourceNotFound, path, errno,
                $"'{path}' is a symbolic link to '{target}', which does not exist",
                "Restore its target, or use -Recurse without -FollowSymlink to copy the link itself.",
                "Restore its target, or specify another file.");
        }

        string[] actions = path.AsSpan().ContainsAny("*?[")
            ? ["Check the name: -LiteralPath takes every character literally, and -Path expands wildcards.", "Check the name: wildcards are not expanded here."]
            : ["Check the name."];
        return Failed(TransferErrorId.SourceNotFound, path, errno, $"Cannot find '{path}'", actions);
    }

    private static string FolderOf(string path) =>
        path.EndsWith('/') ? path.TrimEnd('/') : Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder : ".";

    /// <summary>Names the part of a path that is not a folder.</summary>
    private static TransferException NotAFolder(string path, Errno errno)
    {
        string part = path;
        for (string? above = Path.TrimEndingDirectorySeparator(path); !string.IsNullOrEmpty(above); above = Path.GetDirectoryName(above))
        {
            if (FileStatus.TryGet(above, followLink: true, out FileStatus? status).Ok && status!.Kind != DescriptorKind.Directory)
            {
                part = above;
                break;
            }
        }

        return Failed(TransferErrorId.DestinationFolderNotFound, path, errno,
            $"'{path}' cannot be written: '{part}' is not a folder",
            path.EndsWith('/') ? "Omit the '/' at the end to specify a file, or choose another folder." : "Choose another folder.");
    }

    private static TransferException Open(string path, Errno errno, TransferErrorId otherwise) => errno switch
    {
        Errno.EMFILE or Errno.ENFILE => Failed(TransferErrorId.ResourceExhausted, path, errno,
            $"'{path}' cannot be opened: too many files are open",
            "Close some files, or raise the limit (ulimit -n)."),
        Errno.ENOMEM or Errno.ENOBUFS => Failed(TransferErrorId.ResourceExhausted, path, errno,
            $"The system ran out of memory for '{path}'",
            "Free some memory, and run the command again."),
        Errno.ENAMETOOLONG or Errno.EINVAL or Errno.EILSEQ => Failed(TransferErrorId.InvalidPath, path, errno,
            $"This file system does not support the name '{path}'",
            "Choose another name."),
        Errno.EAGAIN => Failed(otherwise, path, errno,
            $"'{path}' cannot be opened: another process holds a lease on it, and does not release it",
            "Find the process in /proc/locks and end it, or run the command again later."),
        Errno.ELOOP => Failed(TransferErrorId.InvalidPath, path, errno,
            $"'{path}' leads through too many symbolic links",
            "Look for a link that points at itself."),
        _ => Failed(otherwise, path, errno,
            $"'{path}' cannot be opened",
            "Check the kernel log (dmesg)."),
    };

    /// <summary>Makes an error from a problem, to which the errno's text is added, and the recommended actions, the best first.</summary>
    private static TransferException Failed(TransferErrorId id, string path, Errno errno, string problem, params string[] actions) =>
        new(id, $"{problem} ({ErrnoText.Describe(errno)}).", actions, errno, path);
}
