using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>A link or special file. Where something has its name already, it is made under a hidden one and put in place in
/// one step.</summary>
internal sealed class StagedNode : IDisposable
{
    private readonly Place _place;
    private readonly FileName _name;
    private bool _isTemporary;

    private StagedNode(Place place, FileName name, bool isTemporary)
    {
        _place = place;
        _name = name;
        _isTemporary = isTemporary;
    }

    /// <summary>Makes a link or special file like another one.</summary>
    /// <param name="place">Where it will be.</param>
    /// <param name="source">The other one, opened with O_PATH.</param>
    /// <param name="status">What that is.</param>
    /// <param name="sourceLabel">Says its path.</param>
    /// <exception cref="TransferException">It could not be made.</exception>
    public static StagedNode Make(Place place, SafeFileHandle source, FileStatus status, object sourceLabel)
    {
        if (status.Kind != DescriptorKind.SymbolicLink)
        {
            return Make(place, (folder, name) => LibC.MakeNodeAt(
                folder, name, (uint)status.Kind, status.SpecialDevice.Major, status.SpecialDevice.Minor));
        }

        SysResult read = LibC.ReadLink(source, out FileName target);
        return read.Ok
            ? Make(place, (folder, name) => LibC.SymbolicLinkAt(target, folder, name))
            : throw Failures.OpenSource(sourceLabel.ToString()!, read.Errno);
    }

    /// <summary>Makes another name of an open file.</summary>
    /// <exception cref="TransferException">It could not be made.</exception>
    public static StagedNode Link(Place place, SafeFileHandle file) =>
        Make(place, (folder, name) => LibC.LinkOpen(file, folder, name));

    /// <summary>Gives it the source's attributes, and its place.</summary>
    /// <param name="source">The source, opened with O_PATH.</param>
    /// <param name="status">What that is.</param>
    /// <param name="preserve">What to keep.</param>
    /// <param name="losses">Hears what could not be kept.</param>
    /// <param name="makeRoom">Closes what need not be open, where the process may open no more files; null where all must.</param>
    public FileIdentity Finish(
        SafeFileHandle source, FileStatus status, PreserveAttributes preserve, MetadataLosses losses, Func<bool>? makeRoom = null)
    {
        SysResult opened = Open(out SafeFileHandle node);
        if (opened.Errno is Errno.EMFILE or Errno.ENFILE && makeRoom?.Invoke() == true)
        {
            opened = Open(out node);
        }

        using (node)
        {
            if (!opened.Ok && opened.Errno is not (Errno.ENOENT or Errno.ELOOP))
            {
                throw Failures.OpenDestination(_place.Path, opened.Errno);
            }

            FileStatus? made = null;
            if (!opened.Ok || !FileStatus.TryGet(node, out made).Ok || made!.Kind != status.Kind || made.LinkCount != 1)
            {
                throw TreeErrors.Moved(_place.Path);
            }

            Metadata.Set(node, _place.Label, source, status, preserve, isPath: true, losses);
            Commit();
            return made.Inode;
        }
    }

    /// <summary>Puts it in its place.</summary>
    public void Commit()
    {
        if (!_isTemporary)
        {
            return;
        }

        SysResult renamed = StagedFile.Rename(_place, _name, _place.Replaces);
        if (!renamed.Ok)
        {
            throw _place.NameFailure(renamed.Errno);
        }

        // rename(2) does nothing where both names are of one file already: then there is one name too many.
        LibC.UnlinkAt(_place.Folder, _name);
        _isTemporary = false;
    }

    /// <summary>Without a commit, what was there stays, and nothing beside it.</summary>
    public void Dispose()
    {
        if (_isTemporary)
        {
            LibC.UnlinkAt(_place.Folder, _name);
        }
    }

    private SysResult Open(out SafeFileHandle node) =>
        LibC.OpenAt(_place.Folder, _name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out node);

    private static StagedNode Make(Place place, Func<SafeFileHandle, FileName, SysResult> make)
    {
        bool isTemporary = place.Existing is not null;
        FileName name = isTemporary ? StagedFile.TemporaryName() : place.Name;
        SysResult made = make(place.Folder, name);
        return made.Ok ? new StagedNode(place, name, isTemporary) : throw place.NameFailure(made.Errno);
    }
}
