using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>Copies the entries of directories that are not directories themselves.</summary>
internal sealed class EntryCopier
{
    private const int FileFlags = LibC.O_RDONLY | LibC.O_NOCTTY;

    private readonly TreeCopyContext _context;
    private readonly CopyRequest _copy;
    private readonly TransferMonitor _monitor;

    public EntryCopier(TreeCopyContext context)
    {
        _context = context;
        _copy = context.Copy;
        _monitor = new TransferMonitor(progress => Counters.BytesInProgress = progress.BytesCopied, context.Cancellation);
    }

    public TreeCounters Counters { get; } = new();

    /// <param name="mayMakeRoom">True to close idle directories where the process may open no more files, and to start again.</param>
    public void Copy(TreeEntry entry, DescriptorKind kind, bool mayMakeRoom = true)
    {
        try
        {
            CopyKind(entry, kind);
        }
        catch (TransferException exception) when (exception.Errno == Errno.EEXIST && entry.Directory.IsOurs)
        {
            throw ExistingDestination.TwoSources(entry.SourcePath, entry.DestinationPath);
        }
        catch (TransferException exception) when (AppendedFile.HasAppeared(_copy, exception))
        {
            Copy(entry, kind);
        }
        catch (TransferException exception) when (
            mayMakeRoom && exception.Errno is Errno.EMFILE or Errno.ENFILE && _context.Handles.CloseIdle())
        {
            Copy(entry, kind, mayMakeRoom: false);
        }
    }

    /// <summary>Counts and reports an entry that was not copied.</summary>
    public void Fail(TransferException exception)
    {
        Counters.Failed++;
        Counters.BytesInProgress = 0;
        _context.Report(exception);
    }

    private void CopyKind(TreeEntry entry, DescriptorKind kind)
    {
        switch (kind)
        {
            case DescriptorKind.Regular:
                CopyFile(entry);
                break;
            case DescriptorKind.SymbolicLink:
            case DescriptorKind.Fifo or DescriptorKind.Socket or DescriptorKind.Character or DescriptorKind.Block
                when _copy.Preserve == PreserveAttributes.All:
                CopyNode(entry, kind);
                break;
            default:
                _context.Report($"'{entry.SourcePath}' is a special file ({kind}) and was left out. Use -Preserve All to recreate it.");
                break;
        }
    }

    private void CopyFile(TreeEntry entry)
    {
        // Without O_NONBLOCK the open would wait for a FIFO that was put in place of the file.
        int flags = FileFlags | LibC.O_NONBLOCK | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW);
        using SafeFileHandle handle = _context.Open(entry.Directory.Source!, entry.Name, flags, entry.SourceLabel, isSource: true);
        var source = Descriptor.OfOpened(handle, entry.SourceLabel, FileFlags);
        if (source.Kind != DescriptorKind.Regular)
        {
            throw TreeErrors.Moved(entry.SourcePath);
        }

        if (_context.Links is { } links && source.Status.LinkCount > 1)
        {
            links.Copy(entry, source.Status, () => WriteFile(entry, source, isIdentified: true)!.Value, LinkTo);
        }
        else
        {
            WriteFile(entry, source, isIdentified: !entry.Directory.IsOurs);
        }
    }

    /// <returns>The identity of the copy where it is needed, which takes another call.</returns>
    private FileIdentity? WriteFile(TreeEntry entry, Descriptor source, bool isIdentified)
    {
        FileStatus? existing = Look(entry);
        if (existing is not null && IsComplete(existing, source.Status) && HasSameBytes(entry, source, existing))
        {
            Leave(entry, existing);
            return existing.Inode;
        }

        DestinationEntry place = PlaceOf(entry, source.Status, existing);
        FileSystemPairCache devices = entry.Directory.Devices;
        var counters = new TransferCounters();
        TransferSpec spec = _copy.ToSpec(source, _monitor, counters, devices);
        using var file = new DestinationWriter(_copy, source, place, spec, _monitor, counters, _context.MetadataWarnings);
        FileIdentity? identity = file.WriteAndCommit(isIdentified);
        AddToLedger(entry, identity);
        devices.Learn(file.Attempts);
        Counters.Add(counters);
        Counters.Files++;
        if (_context.Request.PerFile)
        {
            // What could not be kept is reported once, for the tree.
            _context.Report(file.Result() with { Warnings = [] });
        }

        return identity;
    }

    /// <summary>True if an interrupted copy has written the file. It got the source's times before its name, so a file with the same
    /// size and times is complete. It is not replaced, so nothing has to permit that.</summary>
    private bool IsComplete(FileStatus existing, FileStatus source) =>
        _copy is { Resume: true, Verify: false } && _copy.Preserve.HasFlag(PreserveAttributes.Timestamps)
        && existing.Kind == DescriptorKind.Regular && existing.Inode != source.Inode
        && _copy.CreatedFiles?.HasFile(existing) != true
        && existing.HasSameSizeAndMTime(source);

    /// <summary>A lost device or a power failure leaves files with their size and times that have holes or zeros in place of bytes
    /// that did not reach the disk. And a source can be changed and its modification time set back, which the time of its last
    /// status change (ctime) shows.</summary>
    private bool HasSameBytes(TreeEntry entry, Descriptor source, FileStatus existing)
    {
        if (existing.Size == 0)
        {
            return true;
        }

        bool isProvable = source.Status.ChangeTime.CompareTo(existing.ChangeTime) < 0
            && DataProof.IsByExtents(existing, entry.Directory.Devices.FileSystem, _context.BootTime, existing.ChangeTime);
        using SafeFileHandle file = OpenComplete(entry);
        using var comparison = new Comparison(source, file, entry.DestinationPath, _context.Cancellation) { TrustsData = isProvable };
        try
        {
            if (comparison.Run(0, 0, source.Size) != source.Size)
            {
                return false;
            }
        }
        catch (TransferException exception) when (exception.DifferenceOffset.HasValue)
        {
            return false;
        }

        if (!isProvable)
        {
            // The comparison read all of it. With a newer ctime the next run need not.
            LibC.ChangeTimes(file, source.Status.AccessTime, source.Status.ModificationTime);
        }

        return true;
    }

    private SafeFileHandle OpenComplete(TreeEntry entry) => _context.Open(
        entry.Directory.Destination!, entry.Name, FileFlags | LibC.O_NONBLOCK | LibC.O_NOFOLLOW, entry.DestinationLabel, isSource: false);

    /// <summary>Leaves a complete file as it is.</summary>
    private void Leave(TreeEntry entry, FileStatus existing)
    {
        if (existing.LinkCount == 1)
        {
            // Other names of the file are complete as well, and not those of another source.
            AddToLedger(entry, existing.Inode);
        }

        if (_copy.Flush)
        {
            // The interrupted copy may not have flushed it.
            using SafeFileHandle file = OpenComplete(entry);
            DiskFlush.OfFile(file, existing.Kind, entry.DestinationPath, _context.Cancellation);
        }

        Counters.Unchanged++;
        Count(entry);
    }

    private void CopyNode(TreeEntry entry, DescriptorKind kind)
    {
        int flags = LibC.O_PATH | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW);
        using SafeFileHandle node = _context.Open(entry.Directory.Source!, entry.Name, flags, entry.SourceLabel, isSource: true);
        SysResult result = FileStatus.TryGet(node, out FileStatus? status);
        if (!result.Ok || status!.Kind != kind)
        {
            throw TreeErrors.Moved(entry.SourcePath);
        }

        if (_context.Links is { } links && status.LinkCount > 1)
        {
            links.Copy(entry, status, () => CreateNode(entry, node, status), LinkTo);
        }
        else
        {
            CreateNode(entry, node, status);
        }
    }

    private FileIdentity CreateNode(TreeEntry entry, SafeFileHandle source, FileStatus status)
    {
        DestinationEntry place = PlaceOf(entry, status, Look(entry), source);
        ExistingDestination.CheckNode(_copy, entry.SourceLabel, status.Kind, place);
        using var node = NodeWriter.Create(place, source, status, entry.SourceLabel);
        FileIdentity identity = node.Finish(source, status, _copy.Preserve, _context.MetadataWarnings, () => _context.Handles.CloseIdle());
        if (!entry.Directory.IsOurs)
        {
            _copy.CreatedFiles?.AddNode(identity);
        }

        Count(entry);
        return identity;
    }

    private bool LinkTo(TreeEntry entry, FileStatus status, SafeFileHandle copied, FileIdentity identity)
    {
        FileStatus? existing = Look(entry);
        if (_copy is { WritesInto: true, NoClobber: false } && existing is { Kind: DescriptorKind.Regular })
        {
            // A file that is written in place stays the same file. It may be the copy already, under this name too.
            bool isCopy = existing.Inode == identity;
            if (isCopy)
            {
                Count(entry);
            }

            return isCopy;
        }

        using var node = NodeWriter.Link(PlaceOf(entry, status, existing, copied), copied);
        node.Commit();
        AddToLedger(entry, identity);
        Count(entry);
        return true;
    }

    /// <summary>In a directory that this command created nothing is replaced anyway.</summary>
    private void AddToLedger(TreeEntry entry, FileIdentity? identity)
    {
        if (!entry.Directory.IsOurs && identity is FileIdentity known)
        {
            _copy.CreatedFiles?.AddFile(known);
        }
    }

    private void Count(TreeEntry entry)
    {
        Counters.Files++;
        if (_context.Request.PerFile)
        {
            _context.Report(new TransferResult { Source = entry.SourcePath, Destination = entry.DestinationPath, Attempts = [] });
        }
    }

    /// <summary>Checks that what exists may be replaced.</summary>
    /// <param name="node">The entry or its copy, open with O_PATH, if it may be a link.</param>
    private DestinationEntry PlaceOf(TreeEntry entry, FileStatus source, FileStatus? existing, SafeFileHandle? node = null)
    {
        TreeDirectory directory = entry.Directory;
        var place = new DestinationEntry(
            directory.Destination!, entry.Name, existing, entry.DestinationLabel, MayReplace: !directory.IsOurs && !_copy.NoClobber)
        {
            Modes = directory.Modes,
        };
        ExistingDestination.Check(_copy, source, entry.SourceLabel, place);
        if (existing is not null && node is not null && source.Kind == DescriptorKind.SymbolicLink)
        {
            LinkCheck.ThrowIfLeadsTo(node, entry.SourceLabel, directory.Source!, place);
        }

        return place;
    }

    /// <summary>Looks for what has the entry's name. A directory that this command created has nothing, or a file to append
    /// to.</summary>
    private FileStatus? Look(TreeEntry entry)
    {
        if (entry.Directory.IsOurs && !_copy.Append)
        {
            return null;
        }

        SysResult looked = FileStatus.TryGet(entry.Directory.Destination!, entry.Name, followLink: false, out FileStatus? existing);
        return looked.Ok || looked.Errno == Errno.ENOENT ? existing : throw FileFailures.OpenDestination(entry.DestinationPath, looked.Errno);
    }
}
