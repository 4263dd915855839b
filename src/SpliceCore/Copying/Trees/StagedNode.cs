using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

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
            : throw FileFailures.OpenSource(sourceLabel.ToString()!, read.Errno);
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
                throw FileFailures.OpenDestination(_place.Path, opened.Errno);
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

/// <summary>Copies a single link or special file that was named, not one in a folder.</summary>
internal static class NodeCopy
{
    /// <param name="request">What to copy.</param>
    /// <param name="kind">What it was when it was looked at.</param>
    /// <param name="followLink">Whether a link stands for the special file that it leads to.</param>
    /// <param name="cancellation">Ends the wait for the disk.</param>
    /// <exception cref="TransferException">It was not copied; what was in its place is as before.</exception>
    public static TransferResult Copy(CopyRequest request, DescriptorKind kind, bool followLink, CancellationToken cancellation)
    {
        var tally = new TransferTally();
        int flags = OpenFlags.PathOnly | (followLink ? 0 : OpenFlags.NoFollow);
        SysResult opened = LibC.Open(request.Source, flags, out SafeFileHandle source);
        using (source)
        {
            FileStatus? status = null;
            SysResult looked = opened.Ok ? FileStatus.TryGet(source, out status) : opened;
            if (!looked.Ok)
            {
                throw FileFailures.OpenSource(request.Source, looked.Errno);
            }

            if (status!.Kind != kind)
            {
                throw TreeErrors.Moved(request.Source);
            }

            using var destination = TreeDestination.Find(request, status);
            Place place = destination.Place;
            if (place.Existing is { } existing)
            {
                if (FileStatus.TryGet(place.Folder, out FileStatus? folderStatus).Ok)
                {
                    ExistingDestination.CheckFolder(request, folderStatus!.Inode, existing, place.Label);
                }

                ExistingDestination.Check(
                    request, status, request.Source, existing, place.Label, () => LibC.MayWriteAt(place.Folder, place.Name));
                LinkCheck.ThrowIfLeadsTo(source, request.Source, place);
            }

            OptionCheck.Node(request, request.Source, kind, place);
            using SafeFileHandle? folder = request.Flush ? DiskFlush.OpenFolder(place) : null;
            var losses = new MetadataLosses();
            using var node = StagedNode.Make(place with { MayReplace = !request.NoClobber }, source, status, request.Source);
            FileIdentity made = node.Finish(source, status, request.Preserve, losses);
            request.Ledger?.AddNode(made);
            var result = new TransferResult
            {
                Source = request.Source,
                Destination = place.Path,
                Attempts = [],
                SystemCalls = tally.SystemCalls,
                Elapsed = tally.Elapsed,
                Warnings = losses.Describe(),
            };
            if (folder is not null)
            {
                DiskFlush.OfName(folder, place, result, cancellation);
            }

            return result with { Flushed = request.Flush };
        }
    }
}
