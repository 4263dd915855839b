using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>The old file of a name that was given to a new one. It has a temporary name until a command has given all its names,
/// so that they can be taken back.</summary>
internal sealed class ReplacedFile
{
    private readonly Place _place;
    private readonly FileName? _hidden;

    private ReplacedFile(Place place, FileName? hidden)
    {
        _place = place;
        _hidden = hidden;
    }

    /// <summary>Keeps the file that is about to be replaced, if there is one.</summary>
    /// <exception cref="TransferException">It cannot be kept, and is unchanged.</exception>
    public static ReplacedFile Keep(Place place)
    {
        if (!place.Replaces)
        {
            return new ReplacedFile(place, hidden: null);
        }

        FileName hidden = StagedFile.TemporaryName();
        SysResult kept = LibC.LinkAt(place.Folder, place.Name, hidden);
        if (kept.Errno == Errno.EMLINK || (kept.Errno != Errno.ENOENT && UnlinkableFileSystems.IsRefusal(kept.Errno)))
        {
            // A file system without hard links, or another user's file (fs.protected_hardlinks). A folder stays where it is:
            // it cannot be replaced anyway.
            FileStatus.TryGet(place.Folder, place.Name, followLink: false, out FileStatus? status);
            kept = status is null or { Kind: DescriptorKind.Directory }
                ? new SysResult(-1, Errno.ENOENT)
                : LibC.RenameAt(place.Folder, place.Name, hidden);
        }

        return kept.Errno switch
        {
            Errno.None => new ReplacedFile(place, hidden),
            Errno.ENOENT => new ReplacedFile(place, hidden: null),
            _ => throw FileFailures.OpenDestination(place.Path, kept.Errno),
        };
    }

    /// <summary>Takes a file its name.</summary>
    /// <exception cref="TransferException">It cannot be renamed, and is unchanged.</exception>
    public static ReplacedFile Hide(Place place)
    {
        FileName hidden = StagedFile.TemporaryName();
        SysResult renamed = LibC.RenameAt(place.Folder, place.Name, hidden);
        return renamed.Ok ? new ReplacedFile(place, hidden) : throw FileFailures.OpenDestination(place.Path, renamed.Errno);
    }

    /// <summary>Gives the name back to the old file, or frees it if there was none.</summary>
    public void PutBack(bool isCommitted = true)
    {
        if (_hidden is not FileName hidden)
        {
            _ = isCommitted ? LibC.UnlinkAt(_place.Folder, _place.Name) : default;
        }
        else if (Look(hidden) is { } kept && kept == Look(_place.Name))
        {
            // Between two names of one file rename(2) does nothing.
            Forget();
        }
        else
        {
            LibC.RenameAt(_place.Folder, hidden, _place.Name);
        }
    }

    /// <summary>Removes the old file.</summary>
    public void Forget()
    {
        if (_hidden is FileName hidden)
        {
            LibC.UnlinkAt(_place.Folder, hidden);
        }
    }

    private FileIdentity? Look(FileName name) =>
        FileStatus.TryGet(_place.Folder, name, followLink: false, out FileStatus? status).Ok ? status!.Inode : null;
}
