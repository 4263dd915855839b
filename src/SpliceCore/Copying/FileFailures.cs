using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>The errors of files and folders, from what the kernel returned.</summary>
internal static class FileFailures
{
    /// <summary>A source could not be opened.</summary>
    public static TransferException OpenSource(string path, Errno errno) => errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => SourceNotFound(path, errno),
        Errno.EACCES or Errno.EPERM => new(TransferErrorId.PermissionDenied,
            $"No permission to read '{path}' ({ErrnoText.Describe(errno)}).",
            "Run as its owner or as root, or have it made readable.",
            errno, path),
        Errno.ENXIO or Errno.ENODEV => new(TransferErrorId.ReadFailed,
            $"'{path}' cannot be opened: it is a socket, or a device that is not there ({ErrnoText.Describe(errno)}).",
            "Connect to a socket first and hand it to Copy-StreamZeroCopy.",
            errno, path),
        _ => Open(path, errno, TransferErrorId.ReadFailed),
    };

    /// <summary>A destination, or the folder for it, could not be opened or made.</summary>
    public static TransferException OpenDestination(string path, Errno errno) => errno switch
    {
        Errno.ENOENT => new(TransferErrorId.DestinationFolderNotFound,
            $"The folder of '{path}' does not exist ({ErrnoText.Describe(errno)}).",
            "Create it first (New-Item -ItemType Directory).",
            errno, path),
        Errno.ENOTDIR => NotAFolder(path, errno),
        Errno.ETXTBSY => new(TransferErrorId.PermissionDenied,
            $"'{path}' cannot be written into: it is a program that is running, or a swap file in use ({ErrnoText.Describe(errno)}).",
            "Stop what uses it, or replace the file instead of writing into it: what uses it keeps the old one.",
            errno, path),
        Errno.EROFS => new(TransferErrorId.PermissionDenied,
            $"'{path}' cannot be written: its file system is read-only ({ErrnoText.Describe(errno)}).",
            "Mount it for writing, or choose another destination.",
            errno, path),
        Errno.EPERM => new(TransferErrorId.PermissionDenied,
            $"No permission to write '{path}' ({ErrnoText.Describe(errno)}).",
            "See whether it or its folder is immutable or append-only (lsattr), or choose another destination.",
            errno, path),
        Errno.EACCES => new(TransferErrorId.PermissionDenied,
            $"No permission to write '{path}' ({ErrnoText.Describe(errno)}).",
            ["To replace a file takes write permission on its folder, and -InPlace takes it on the file itself.",
                "Ask for write permission on its folder, or choose another destination."],
            errno, path),
        Errno.ENOSPC or Errno.EDQUOT => new(TransferErrorId.DiskFull,
            $"No space is left for '{path}' ({ErrnoText.Describe(errno)}).",
            "Free some space, or choose another destination.",
            errno, path),
        Errno.EEXIST => new(TransferErrorId.DestinationExists,
            $"'{path}' exists.",
            ["Choose another name, or leave -NoClobber out.", "Choose another name."],
            errno, path),
        Errno.EISDIR => DestinationIsDirectory(path),
        _ => Open(path, errno, TransferErrorId.WriteFailed),
    };

    /// <summary>A file that is complete could not be given its name.</summary>
    public static TransferException NameDestination(string path, Errno errno) => OpenDestination(path, errno) is { Id: not TransferErrorId.WriteFailed } known
        ? known
        : new TransferException(TransferErrorId.WriteFailed,
            $"'{path}' could not be given its name ({ErrnoText.Describe(errno)}).",
            "See the kernel's log (dmesg), or choose a destination on another file system.",
            errno, path);

    /// <summary>A folder that takes files could not be opened.</summary>
    public static TransferException OpenFolder(string path, Errno errno) => errno switch
    {
        Errno.ENOENT => new(TransferErrorId.DestinationFolderNotFound,
            $"The folder '{path}' does not exist ({ErrnoText.Describe(errno)}).",
            "Create it first (New-Item -ItemType Directory).",
            errno, path),
        Errno.ENOTDIR => new(TransferErrorId.DestinationFolderNotFound,
            $"'{path}' is not a folder ({ErrnoText.Describe(errno)}).",
            "Name the folder that takes the files.",
            errno, path),
        _ => OpenDestination(path, errno),
    };

    /// <summary>A file that was written in place could not be cut where the copy ends.</summary>
    public static TransferException Cut(string path, long size, Errno errno) => new(TransferErrorId.WriteFailed,
        $"'{path}' has all that was copied, but could not be cut to {ByteText.Of(size)} (ftruncate(2), {ErrnoText.Describe(errno)}): its old end is still there.",
        "See whether it is sealed, or a swap file in use.",
        errno, path);

    /// <summary>The disk did not take what was written.</summary>
    public static TransferException Flush(string path, Errno errno) => errno switch
    {
        Errno.ENOSPC or Errno.EDQUOT => new(TransferErrorId.DiskFull,
            $"No space is left on the disk for '{path}' (fsync(2), {ErrnoText.Describe(errno)}).",
            "Free some space, or choose another destination.",
            errno, path),
        _ => new(TransferErrorId.WriteFailed,
            $"The disk did not take '{path}' (fsync(2), {ErrnoText.Describe(errno)}).",
            "The disk may be failing: see the kernel's log (dmesg).",
            errno, path),
    };

    /// <summary>A folder cannot be opened for flushing.</summary>
    public static TransferException FlushFolder(string path, Errno errno) => errno switch
    {
        Errno.EACCES or Errno.EPERM => new(TransferErrorId.PermissionDenied,
            $"-Flush must be permitted to read the folder of '{path}' ({ErrnoText.Describe(errno)}).",
            "Have it made readable, or leave -Flush out.",
            errno, path),
        _ => OpenDestination(path, errno),
    };

    /// <summary>The disk did not take a file's name.</summary>
    public static TransferException FlushName(string path, Errno errno) => new(TransferErrorId.WriteFailed,
        $"'{path}' is complete and in its place, but the disk did not take its name (fsync(2) of the folder, {ErrnoText.Describe(errno)}): after a power failure the old file may be back.",
        "The disk may be failing: see the kernel's log (dmesg).",
        errno, path);

    /// <summary>A copy that was read again is not the source.</summary>
    public static TransferException Different(string source, long sourceOffset, string path, long offset, bool isInPlace, bool isAppended)
    {
        string what = isAppended ? $"Nothing was added to '{path}'"
            : isInPlace ? $"'{path}' is damaged from byte {offset} on"
            : $"'{path}' was not made";
        return new TransferException(TransferErrorId.VerificationFailed,
            $"{what}: read again, its byte {offset} is not byte {sourceOffset} of '{source}'.",
            "Somebody has written to one of them meanwhile, or the memory or a disk fails: see the kernel's log (dmesg), and copy again.",
            target: path)
        {
            DifferenceOffset = offset,
        };
    }

    /// <summary>The destination is there, and the user did not want it touched.</summary>
    public static TransferException DestinationExists(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' exists, and -NoClobber says not to replace it.",
        "Choose another name, or leave -NoClobber out.",
        Errno.EEXIST, path);

    /// <summary>The destination is a directory, or became one meanwhile.</summary>
    public static TransferException DestinationIsDirectory(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is a directory, and a file cannot replace it.",
        "Choose another name.",
        Errno.EISDIR, path);

    /// <summary>A link that leads nowhere is there, whatever the open says.</summary>
    private static TransferException SourceNotFound(string path, Errno errno)
    {
        if (errno == Errno.ENOENT && LibC.ReadLink(path, out string? target).Ok)
        {
            return new TransferException(TransferErrorId.SourceNotFound,
                $"'{path}' is a symbolic link to '{target}', which does not exist ({ErrnoText.Describe(errno)}).",
                ["Restore what it leads to, or use -Recurse without -FollowSymlink to copy the link itself.", "Restore what it leads to, or name another file."],
                errno, path);
        }

        return new TransferException(TransferErrorId.SourceNotFound,
            $"Cannot find '{path}' ({ErrnoText.Describe(errno)}).",
            path.AsSpan().ContainsAny("*?[")
                ? ["Check the name: -LiteralPath takes every character as it stands, and -Path expands wildcards.", "Check the name: wildcards are not expanded here."]
                : ["Check the name."],
            errno, path);
    }

    /// <summary>Names the part of a path that should be a folder, and is something else.</summary>
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

        return new TransferException(TransferErrorId.DestinationFolderNotFound,
            $"'{path}' cannot be written: '{part}' is not a folder ({ErrnoText.Describe(errno)}).",
            path.EndsWith('/') ? "Leave the '/' at the end out to name the file, or choose another folder." : "Choose another folder.",
            errno, path);
    }

    private static TransferException Open(string path, Errno errno, TransferErrorId otherwise) => errno switch
    {
        Errno.EMFILE or Errno.ENFILE => new(TransferErrorId.ResourceExhausted,
            $"'{path}' cannot be opened: too many files are open ({ErrnoText.Describe(errno)}).",
            "Close some, or raise the limit (ulimit -n).",
            errno, path),
        Errno.ENOMEM or Errno.ENOBUFS => new(TransferErrorId.ResourceExhausted,
            $"The system ran out of memory for '{path}' ({ErrnoText.Describe(errno)}).",
            "Try again when it has some.",
            errno, path),
        Errno.ENAMETOOLONG or Errno.EINVAL or Errno.EILSEQ => new(TransferErrorId.InvalidPath,
            $"'{path}' is not a name that this file system takes ({ErrnoText.Describe(errno)}).",
            "Choose another name.",
            errno, path),
        Errno.EAGAIN => new(otherwise,
            $"'{path}' cannot be opened: another process holds a lease on it, and does not release it ({ErrnoText.Describe(errno)}).",
            "See in /proc/locks which process holds it, and end that, or start again later.",
            errno, path),
        Errno.ELOOP => new(TransferErrorId.InvalidPath,
            $"'{path}' leads through too many symbolic links ({ErrnoText.Describe(errno)}).",
            "Look for a link that points at itself.",
            errno, path),
        _ => new(otherwise,
            $"'{path}' cannot be opened ({ErrnoText.Describe(errno)}).",
            "See the kernel's log (dmesg) if the device is at fault.",
            errno, path),
    };
}
