using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>Creates a link or special file. Where something has its name, it is created under a temporary one and then replaces
/// that atomically.</summary>
internal sealed class NodeWriter : IDisposable
{
    private readonly DestinationEntry _place;
    private readonly FileName _name;
    private readonly DescriptorKind? _kind;
    private FileIdentity? _created;
    private bool _isTemporary;
    private bool _isCommitted;

    /// <param name="kind">The kind of a new item; null for another name of an existing one.</param>
    private NodeWriter(DestinationEntry place, DescriptorKind? kind, Func<SafeFileHandle, FileName, SysResult> create)
    {
        _place = place;
        _kind = kind;
        _name = place.Existing is null ? place.Name : StagedFile.TemporaryName();
        SysResult created = create(place.Folder, _name);
        if (!created.Ok)
        {
            throw place.NameFailure(created.Errno);
        }

        _isTemporary = place.Existing is not null;
    }

    /// <summary>Creates a link or special file like another one, which is open with O_PATH.</summary>
    public static NodeWriter Create(DestinationEntry place, SafeFileHandle source, FileStatus status, object sourceLabel)
    {
        if (status.Kind != DescriptorKind.SymbolicLink)
        {
            return new NodeWriter(place, status.Kind, (directory, name) => LibC.MakeNodeAt(
                directory, name, (uint)status.Kind, status.SpecialDevice.Major, status.SpecialDevice.Minor));
        }

        SysResult read = LibC.ReadLink(source, out FileName target);
        return read.Ok
            ? new NodeWriter(place, status.Kind, (directory, name) => LibC.SymbolicLinkAt(target, directory, name))
            : throw FileFailures.OpenSource(sourceLabel.ToString()!, read.Errno);
    }

    /// <summary>Creates another name of an open file.</summary>
    public static NodeWriter Link(DestinationEntry place, SafeFileHandle file) =>
        new(place, kind: null, (directory, name) => LibC.LinkOpen(file, directory, name));

    /// <summary>Sets the source's attributes, and gives it its name.</summary>
    /// <param name="source">The source, open with O_PATH.</param>
    /// <param name="makeRoom">Closes idle files where the process may open no more; null where there are none.</param>
    public FileIdentity Finish(
        SafeFileHandle source, FileStatus status, PreserveAttributes preserve, MetadataWarnings warnings, Func<bool>? makeRoom = null)
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

            FileStatus? created = null;
            if (!opened.Ok || !FileStatus.TryGet(node, out created).Ok || !IsNew(created!))
            {
                throw TreeErrors.Moved(_place.Path);
            }

            _created = created!.Inode;
            Metadata.Set(node, _place.Label, source, status, preserve, isPath: true, warnings);
            Commit();
            return created.Inode;
        }
    }

    public void Commit()
    {
        if (!_isTemporary)
        {
            _isCommitted = true;
            return;
        }

        SysResult renamed = StagedFile.Rename(_place, _name, _place.Replaces);
        if (!renamed.Ok)
        {
            throw _place.NameFailure(renamed.Errno);
        }

        // rename(2) does nothing where both are names of one file already.
        LibC.UnlinkAt(_place.Folder, _name);
        _isTemporary = false;
        _isCommitted = true;
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        if (_isTemporary || (!_isCommitted && IsInPlace()))
        {
            LibC.UnlinkAt(_place.Folder, _name);
        }
    }

    /// <summary>True if the new item has its final name already, and no other process has given that to another one.</summary>
    private bool IsInPlace() => FileStatus.TryGet(_place.Folder, _name, followLink: false, out FileStatus? status).Ok
        && IsNew(status!) && (_created is null || status!.Inode == _created);

    private bool IsNew(FileStatus status) => status.Kind == _kind && status.LinkCount == 1;

    private SysResult Open(out SafeFileHandle node) =>
        LibC.OpenAt(_place.Folder, _name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out node);
}

/// <summary>Copies a single link or special file that the user named.</summary>
internal static class NodeCopy
{
    /// <exception cref="TransferException">It was not copied; the destination is as before.</exception>
    public static TransferResult Copy(CopyRequest request, DescriptorKind kind, bool followLink, CancellationToken cancellation)
    {
        var counters = new TransferCounters();
        SysResult result = LibC.Open(request.Source, LibC.O_PATH | (followLink ? 0 : LibC.O_NOFOLLOW), out SafeFileHandle source);
        using (source)
        {
            FileStatus? status = null;
            result = result.Ok ? FileStatus.TryGet(source, out status) : result;
            if (!result.Ok)
            {
                throw FileFailures.OpenSource(request.Source, result.Errno);
            }

            if (status!.Kind != kind)
            {
                throw TreeErrors.Moved(request.Source);
            }

            using var destination = TreeDestination.Find(request, status);
            DestinationEntry place = destination.DestinationEntry with { MayReplace = !request.NoClobber };
            if (place.Existing is not null)
            {
                ExistingDestination.CheckFolder(request, place);
                ExistingDestination.Check(request, status, request.Source, place);
                LinkCheck.ThrowIfLeadsTo(source, request.Source, place);
            }

            ExistingDestination.CheckNode(request, request.Source, kind, place);
            using SafeFileHandle? flushed = request.Flush ? DiskFlush.OpenFolder(place) : null;
            var warnings = new MetadataWarnings(request.RequiresMetadata);
            using var node = NodeWriter.Create(place, source, status, request.Source);
            FileIdentity identity = node.Finish(source, status, request.Preserve, warnings);
            request.CreatedFiles?.AddNode(identity);
            request.AddToCopied(status);
            var copied = new TransferResult
            {
                Source = request.Source,
                Destination = place.Path,
                Status = place.Existing is null ? ItemStatus.Copied : ItemStatus.Updated,
                Attempts = [],
                SystemCalls = counters.SystemCalls,
                Elapsed = counters.Elapsed,
                Warnings = warnings.Describe(),
            };
            if (flushed is not null)
            {
                DiskFlush.OfName(flushed, place, copied, cancellation);
            }

            return copied with { Flushed = request.Flush };
        }
    }
}
