using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Checks of the item that a copy would replace or overwrite, before it is changed.</summary>
internal static class ExistingDestination
{
    /// <summary>Checks that the existing file, if there is one, may be replaced or overwritten.</summary>
    /// <param name="source">The source; null if the content does not come from a file.</param>
    public static void Check(CopyRequest request, FileStatus? source, object sourceLabel, DestinationEntry place)
    {
        if (place.Existing is not { } existing)
        {
            return;
        }

        if (request.NoClobber)
        {
            throw FileFailures.DestinationExists(place.Path);
        }

        if (!IsAddedTo(request, existing) && IsOfOtherSource(request, place))
        {
            throw OfOtherSource(request, sourceLabel, place, existing);
        }

        if (existing.Kind == DescriptorKind.Directory)
        {
            throw FileFailures.DestinationIsDirectory(place.Path);
        }

        // A device or FIFO that the user named is written in place.
        bool isRegular = existing.Kind == DescriptorKind.Regular;
        if (!place.IsNamedByUser || isRegular)
        {
            CheckFile(request, source, sourceLabel, place, existing, isRegular);
        }
    }

    /// <summary>True if the existing item is the copy of another source of the command, or was left as the copy of it.</summary>
    public static bool IsOfOtherSource(CopyRequest request, DestinationEntry place) =>
        request.CreatedFiles is { } created && place.Existing is { } existing
        && (created.HasFile(existing)
            || (existing.LinkCount > 1 && Identify(place.Folder) is FileIdentity folder && created.HasName(folder, place.Name)));

    /// <summary>Reserves the existing file before it is written in place. It may be a source under another name, or the destination of
    /// another source, which another thread may be writing.</summary>
    public static void ReserveToWrite(
        CopyRequest request, FileStatus source, object sourceLabel, DestinationEntry place, CancellationToken cancellation)
    {
        if (!request.InPlace || request.CreatedFiles is not { } created || place.Existing is not { Kind: DescriptorKind.Regular } existing)
        {
            return;
        }

        if (existing.Inode != source.Inode && IsSource(created, existing, sourceLabel, cancellation))
        {
            throw HardLink(sourceLabel, place, "another source");
        }

        if (!created.TryWrite(existing, source.Inode, place.Path))
        {
            throw OfOtherSource(request, sourceLabel, place, existing);
        }
    }

    /// <summary>Reserves the existing file before it is left as it is: another source may be written to it under another name.</summary>
    public static void ReserveToKeep(CopyRequest request, object sourceLabel, DestinationEntry place)
    {
        if (request.InPlace && request.CreatedFiles?.TryKeep(place.Existing!) == false)
        {
            throw OfOtherSource(request, sourceLabel, place, place.Existing!);
        }
    }

    /// <summary>Notes that a source has left the existing file as it is, which no other source of the command replaces then.</summary>
    public static void Keep(CopyRequest request, DestinationEntry place)
    {
        if (request.CreatedFiles is { } created && Identify(place.Folder) is FileIdentity folder)
        {
            created.AddKept(place.Existing!, folder, place.Name);
        }
    }

    /// <summary>Checks the options against the source and the existing destination, before that is opened.</summary>
    public static void CheckKinds(CopyRequest request, Descriptor source, DestinationEntry place)
    {
        if (request.Verify && !source.IsSeekable)
        {
            throw NotReadableAgain(source.Name, source.Kind);
        }

        DescriptorKind special = place is { IsNamedByUser: true, Existing.Kind: not DescriptorKind.Regular } ? place.Existing.Kind : DescriptorKind.Regular;
        if (request.Verify && special is not (DescriptorKind.Regular or DescriptorKind.Block))
        {
            throw NotReadableAgain(place.Path, special);
        }

        if (request.HashAlgorithm.HasValue && !source.IsSeekable && special is not (DescriptorKind.Regular or DescriptorKind.Block))
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"Neither '{source.Name}' nor '{place.Path}' can be read twice, which -HashAlgorithm requires.",
                "Omit -HashAlgorithm.",
                Errno.ESPIPE, place.Path);
        }

        if (request.Resume && !source.IsSeekable)
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"'{source.Name}' cannot be read from an offset, which -Resume requires: it is a {source.Kind}.",
                "Omit -Resume.",
                Errno.ESPIPE, source.Name);
        }

        if (request.Resume && special != DescriptorKind.Regular)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Resume writes a new file, and '{place.Path}' is a {special}.", "Omit -Resume.", target: request.Destination);
        }

        if (request.Append && special != DescriptorKind.Regular)
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"'{place.Path}' cannot be appended to: it is a {special}.",
                "Omit -Append; -DestinationOffset writes to an offset of a device.",
                Errno.ESPIPE, place.Path);
        }
    }

    /// <summary>Checks that a link or special file does not replace a file that is to be written in place.</summary>
    public static void CheckNode(CopyRequest request, object sourceLabel, DescriptorKind kind, DestinationEntry place)
    {
        if (request.WritesInto && place.Existing?.Kind == DescriptorKind.Regular)
        {
            string option = request.Append ? "-Append" : "-InPlace";
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"{option} writes to the existing file '{place.Path}', and '{sourceLabel}' is a {kind}, which can only replace it.",
                $"Omit {option} to replace it, or choose another destination.",
                target: place.Path);
        }
    }

    private static void CheckFile(CopyRequest request, FileStatus? source, object sourceLabel, DestinationEntry place, FileStatus existing, bool isRegular)
    {
        if (request.IsExact && existing.Inode == source?.Inode)
        {
            throw RangeCheck.SameFile(sourceLabel.ToString()!, place.Path);
        }

        if (request.WritesInto && isRegular)
        {
            return;
        }

        if (existing.IsMountRoot || !place.IsReplaceable)
        {
            throw new TransferException(TransferErrorId.DestinationNotReplaceable,
                $"'{place.Path}' cannot be replaced: it is a mount point, or a link to an open file such as /dev/stdout.",
                ["Use -InPlace to write to the file itself.", "Specify the file by its own name, or append to it with -Append.", "Choose another destination."],
                Errno.EBUSY, place.Path);
        }

        SysResult access = isRegular ? LibC.MayWriteAt(place.Folder, place.Name) : default;
        if (!access.Ok && (!request.Force || access.Errno != Errno.EACCES))
        {
            IReadOnlyList<string> cures = access.Errno == Errno.EACCES
                ? ["Use -Force to replace a read-only file, or choose another destination.", "Make it writable, or choose another destination."]
                : ["Check whether it is immutable (lsattr) or its file system is read-only, or choose another destination."];
            throw new TransferException(TransferErrorId.PermissionDenied,
                $"'{place.Path}' is not writable ({ErrnoText.Describe(access.Errno)}).",
                cures,
                access.Errno, place.Path);
        }
    }

    /// <summary>Checks that a command does not replace a file in a folder that was empty when the command came to it.</summary>
    public static void CheckFolder(CopyRequest request, DestinationEntry place, FileIdentity? folder = null)
    {
        if (request.CreatedFiles is not null && place.Existing is { } existing && !IsAddedTo(request, existing)
            && (folder ?? Identify(place.Folder)) is FileIdentity known && request.CreatedFiles.HasFolder(known))
        {
            throw CameMeanwhile(request.Source, place.Path);
        }
    }

    /// <summary>Another source of the command, or another process, created the destination.</summary>
    public static TransferException CameMeanwhile(string source, string destination) => new(TransferErrorId.DestinationExists,
        $"'{destination}' was created after this command had started, from another source or by another process, and '{source}' would replace it.",
        "Copy into different folders, or find out which process writes to this one.",
        Errno.EEXIST, destination);

    public static TransferException TwoSources(string source, string destination) => new(TransferErrorId.DestinationExists,
        $"'{destination}' is the copy of another source of this command, and '{source}' would replace it.",
        "Copy into different folders.",
        Errno.EEXIST, destination);

    private static TransferException OfOtherSource(CopyRequest request, object source, DestinationEntry place, FileStatus existing) =>
        request.InPlace && existing.LinkCount > 1
            ? HardLink(source, place, "the copy of another source")
            : TwoSources(source.ToString()!, place.Path);

    private static TransferException HardLink(object source, DestinationEntry place, string other) => new(TransferErrorId.SameFile,
        $"'{place.Path}' is a hard link of {other}, and '{source}' would overwrite both. It was not changed.",
        "Omit -InPlace to replace it, or remove it first.",
        target: place.Path);

    private static bool IsSource(CreatedFiles created, FileStatus existing, object sourceLabel, CancellationToken cancellation)
    {
        try
        {
            return created.IsSource(existing, cancellation);
        }
        catch (TransferException exception)
        {
            throw TreeErrors.About(sourceLabel.ToString()!, exception);
        }
    }

    /// <summary>At the end of a file one source follows the other, as in a pipe, whose files are never among the created ones.</summary>
    private static bool IsAddedTo(CopyRequest request, FileStatus existing) => request.Append && existing.Kind == DescriptorKind.Regular;

    private static TransferException NotReadableAgain(string name, DescriptorKind kind) => new(TransferErrorId.NotSeekable,
        $"'{name}' cannot be read twice, which -Verify requires: it is a {kind}.",
        "Omit -Verify.", Errno.ESPIPE, name);

    private static FileIdentity? Identify(SafeFileHandle folder) => FileStatus.TryGet(folder, out FileStatus? status).Ok ? status!.Inode : null;
}

/// <summary>Checks of symbolic links through which a copy would destroy other files than its destination.</summary>
internal static class LinkCheck
{
    private static readonly int FolderFlags = LibC.O_PATH | LibC.O_DIRECTORY;
    private static readonly FileName Here = ".";

    /// <summary>Checks that a link that is copied as a link does not lead to what it would replace: the copy would lead to itself,
    /// and the content would be lost.</summary>
    /// <param name="source">The link, opened with O_PATH.</param>
    /// <param name="sourceFolder">The link's directory; null if it was never in one of this system.</param>
    /// <param name="isMirrored">True if the destination has nothing of its own that a link of the source must not replace.</param>
    public static void ThrowIfLeadsTo(
        SafeHandle source, object sourceLabel, SafeFileHandle? sourceFolder, DestinationEntry place, bool isMirrored = false)
    {
        FileStatus existing = place.Existing!;
        // A link that is replaced has no content. It is lost only where the source leads through it.
        bool isLink = existing.Kind == DescriptorKind.SymbolicLink;
        if (LibC.ReadLink(source, out FileName target).Ok
            && ((sourceFolder is not null && LeadsTo(sourceFolder, target, existing.Inode))
                || (!isLink && !isMirrored && LeadsTo(place.Folder, target, existing.Inode)))
            && !(isLink && IsSameLink(place.Folder, place.Name, target)))
        {
            throw new TransferException(TransferErrorId.SameFile,
                $"'{sourceLabel}' is a link to '{place.Label}'. The copy would replace its own target, and point to itself. Nothing was changed.",
                "Choose another destination, or copy the target of the link.",
                target: place.Path);
        }
    }

    /// <summary>Checks a link that was named by its path.</summary>
    public static void ThrowIfLeadsTo(SafeHandle source, string path, DestinationEntry place)
    {
        SysResult opened = LibC.Open(System.IO.Path.GetDirectoryName(path) ?? "/", FolderFlags, out SafeFileHandle folder);
        using (folder)
        {
            ThrowIfLeadsTo(source, path, opened.Ok ? folder : null, place);
        }
    }

    /// <summary>Checks that a destination's path does not lead through a link that the same command created: the source would go
    /// where an earlier source leads, which the user did not name.</summary>
    public static void ThrowIfMade(CreatedFiles? created, string source, string path)
    {
        if (created?.MayHaveLinks == true && FindMade(created, path, depth: 0) is string link)
        {
            throw new TransferException(TransferErrorId.DestinationExists,
                $"'{link}' is a link that this command copied from an earlier source, and '{source}' would be written through it. Nothing was written.",
                "Copy into different folders.",
                Errno.EEXIST, path);
        }
    }

    private static string? FindMade(CreatedFiles created, string path, int depth)
    {
        FileIdentity? folder = null;
        for (int end = 1; depth <= LinkWalk.MostLinks && end > 0 && end <= path.Length;)
        {
            int next = path.IndexOf('/', end);
            string part = next < 0 ? path : path[..next];
            end = next < 0 ? -1 : next + 1;
            FileStatus.TryGet(part, followLink: false, out FileStatus? status);
            if (status?.Kind == DescriptorKind.SymbolicLink)
            {
                if (created.HasFile(status) || (folder is FileIdentity known && created.HasFolder(known)))
                {
                    return part;
                }

                if (LibC.ReadLink(part, out string? target).Ok
                    && FindMade(created, System.IO.Path.Combine(System.IO.Path.GetDirectoryName(part)!, target!), depth + 1) is string link)
                {
                    return link;
                }

                FileStatus.TryGet(part, followLink: true, out status);
            }

            folder = status?.Inode;
        }

        return null;
    }

    /// <summary>True if a link in a directory with this text leads to a file or link, directly or through other links.</summary>
    private static bool LeadsTo(SafeFileHandle folder, FileName text, FileIdentity file)
    {
        if (!LibC.OpenAt(folder, Here, FolderFlags, 0, out SafeFileHandle start).Ok)
        {
            start.Dispose();
            return false;
        }

        using var walk = new LinkWalk(start, Here, string.Empty);
        SysResult gone = walk.GoTo(text);
        while (gone.Ok && walk.Look().Ok && walk.Status is { } status)
        {
            if (status.Inode == file)
            {
                return true;
            }

            if (!walk.IsAtLink || walk.IsAtMagicLink)
            {
                return FileStatus.TryGet(walk.Folder, walk.Name, followLink: true, out FileStatus? open).Ok && open!.Inode == file;
            }

            gone = walk.Follow();
        }

        return false;
    }

    /// <summary>True if the same link exists already, so that nothing would be lost.</summary>
    private static bool IsSameLink(SafeFileHandle folder, FileName name, FileName target)
    {
        SysResult opened = LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle link);
        using (link)
        {
            return opened.Ok && LibC.ReadLink(link, out FileName other).Ok && other.Bytes.SequenceEqual(target.Bytes);
        }
    }
}
