using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Parts;

/// <summary>A file whose name another one takes. It has a hidden name until all is done, so that it can come back.</summary>
internal sealed class ReplacedFile
{
    private readonly Place _place;
    private readonly FileName _hidden;

    private ReplacedFile(Place place, FileName hidden)
    {
        _place = place;
        _hidden = hidden;
    }

    /// <summary>Keeps what has the place's name; null where nothing has.</summary>
    /// <exception cref="TransferException">It cannot be kept, and is as before.</exception>
    public static ReplacedFile? Keep(Place place)
    {
        FileName hidden = StagedFile.TemporaryName();
        SysResult kept = LibC.LinkAt(place.Folder, place.Name, hidden);
        if (kept.Errno == Errno.EMLINK || (kept.Errno != Errno.ENOENT && UnlinkableFileSystems.IsRefusal(kept.Errno)))
        {
            // A file system without hard links, or somebody else's file (fs.protected_hardlinks). A folder stays where it is:
            // it cannot be replaced anyway.
            FileStatus.TryGet(place.Folder, place.Name, followLink: false, out FileStatus? status);
            if (status is null or { Kind: DescriptorKind.Directory })
            {
                return null;
            }

            kept = LibC.RenameAt(place.Folder, place.Name, hidden);
        }

        return kept.Errno switch
        {
            Errno.None => new ReplacedFile(place, hidden),
            Errno.ENOENT => null,
            _ => throw FileFailures.OpenDestination(place.Path, kept.Errno),
        };
    }

    /// <summary>Takes a file its name.</summary>
    /// <exception cref="TransferException">It cannot be renamed, and is as before.</exception>
    public static ReplacedFile Hide(Place place)
    {
        FileName hidden = StagedFile.TemporaryName();
        SysResult renamed = LibC.RenameAt(place.Folder, place.Name, hidden);
        return renamed.Ok ? new ReplacedFile(place, hidden) : throw FileFailures.OpenDestination(place.Path, renamed.Errno);
    }

    /// <summary>Gives it its name back, unless it still has it: between two names of one file rename(2) does nothing.</summary>
    public void PutBack()
    {
        if (Look(_hidden) is { } kept && kept == Look(_place.Name))
        {
            Forget();
        }
        else
        {
            LibC.RenameAt(_place.Folder, _hidden, _place.Name);
        }
    }

    /// <summary>Takes the hidden name away.</summary>
    public void Forget() => LibC.UnlinkAt(_place.Folder, _hidden);

    private FileIdentity? Look(FileName name) =>
        FileStatus.TryGet(_place.Folder, name, followLink: false, out FileStatus? status).Ok ? status!.Inode : null;
}
