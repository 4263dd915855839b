using Splice.Descriptors;

namespace Splice.Copying.Trees;

/// <summary>What can go wrong with a tree and not with a single file.</summary>
internal static class TreeErrors
{
    public static TransferException Moved(string path) => new(TransferErrorId.FolderChanged,
        $"'{path}' was moved, or something else was put in its place, while it was copied: what it leads to now was not touched.",
        "Copy it again when nobody changes it.",
        Errno.ESTALE, path);

    /// <summary>An error that does not say itself which of the many files it is about.</summary>
    public static TransferException About(string path, TransferException exception) =>
        exception.WithProblem($"'{path}' was not copied. {exception.Problem}", path);

    public static TransferException NotAFolder(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' is there and is not a folder, so no folder's entries can go into it.",
        "Choose another destination, or remove it.",
        Errno.ENOTDIR, path);

    public static TransferException NoFolderForSeveral(string path) => new(TransferErrorId.DestinationExists,
        $"'{path}' exists and is not a folder. Several sources, what a wildcard finds, and what comes from the pipeline go into a folder. Nothing was copied.",
        "Name a folder, or copy one source by its path.",
        Errno.ENOTDIR, path);

    public static TransferException IntoItself(string source, string destination) => new(TransferErrorId.CopyIntoItself,
        $"'{destination}' is inside '{source}', and would be copied into itself without end. Nothing was touched.",
        "Choose a destination outside.",
        Errno.ELOOP, destination);

    public static TransferException Range(string path, DescriptorKind kind) => new(TransferErrorId.RangeOfFolder,
        kind == DescriptorKind.Directory
            ? $"'{path}' is a folder, and a range is one of a single file's bytes. Nothing was touched."
            : $"'{path}' is a {kind} and would be copied as such, which has no range of bytes. Nothing was touched.",
        kind == DescriptorKind.Directory
            ? "Leave -Offset, -Count and -DestinationOffset out, or name the file."
            : "Leave -Recurse out: then a link is followed, and a device is read.",
        Errno.EISDIR, path);

    public static TransferException NoThreads(string path) => new(TransferErrorId.ResourceExhausted,
        $"'{path}' cannot be copied: the system has no thread left to do it. Nothing was copied.",
        "End some processes, or raise the limit (ulimit -u).",
        Errno.EAGAIN, path);

    public static TransferException Loop(string path) => new(TransferErrorId.CopyIntoItself,
        $"'{path}' leads back to a folder that it is in, or to the copy itself. It was left out.",
        "Copy without -FollowSymlink to copy links as links.",
        Errno.ELOOP, path);
}
