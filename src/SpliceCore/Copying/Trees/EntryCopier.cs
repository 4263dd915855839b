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
    private readonly EntryUpdate _update;

    public EntryCopier(TreeCopyContext context)
    {
        _context = context;
        _copy = context.Copy;
        _update = new EntryUpdate(context);
        _monitor = new TransferMonitor(Counters.Take, context.Cancellation);
    }

    public TreeCounters Counters { get; } = new();

    /// <param name="mayMakeRoom">True to close idle directories where the process may open no more files, and to start again.</param>
    /// <param name="mayOpenUp">True to make a read-only directory of this user writable, and to start again.</param>
    public void Copy(TreeEntry entry, DescriptorKind kind, bool mayMakeRoom = true, bool mayOpenUp = true)
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
            Copy(entry, kind, mayMakeRoom, mayOpenUp);
        }
        catch (TransferException exception) when (
            mayMakeRoom && exception.Errno is Errno.EMFILE or Errno.ENFILE && _context.Handles.CloseIdle())
        {
            Copy(entry, kind, mayMakeRoom: false, mayOpenUp);
        }
        catch (TransferException exception) when (
            mayOpenUp && exception.Errno == Errno.EACCES && _context.Request.Sync is not null && entry.Directory.TryOpenUp())
        {
            Copy(entry, kind, mayMakeRoom, mayOpenUp: false);
        }
    }

    /// <summary>Counts and reports an entry that was not copied.</summary>
    public void Fail(TransferException exception)
    {
        Counters.Failed++;
        Counters.EndFile();
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
                _context.Report($"'{entry.SourcePath}' is a special file ({kind}) and was skipped. Use -Preserve All to recreate it.");
                break;
        }
    }

    private void CopyFile(TreeEntry entry)
    {
        if (_update.IsWantedIn(entry.Directory))
        {
            FileStatus source = entry.LookAtSource();
            ThrowIfMoved(entry, source, DescriptorKind.Regular);
            CopyLinked(entry, source, () => UpdateFile(entry, source));
            return;
        }

        using SafeFileHandle handle = OpenFile(entry, out Descriptor file);
        CopyLinked(entry, file.Status, () =>
        {
            FileStatus? existing = Look(entry);
            EntryDecision decision = existing is not null && _update.IsComplete(entry, file, existing)
                ? _update.DecideMetadata(entry, file.Status, existing)
                : EntryDecision.Of(file.Status, existing, UpdateMode.Always, TimePrecision.Exact);
            return decision.WritesContent ? WriteFile(entry, file, existing, decision) : Leave(entry, existing, decision, isFlushed: true);
        });
    }

    private SafeFileHandle OpenFile(TreeEntry entry, out Descriptor file)
    {
        // Without O_NONBLOCK the open would wait for a FIFO that was put in place of the file.
        int flags = FileFlags | LibC.O_NONBLOCK | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW);
        SafeFileHandle handle = _context.Open(entry.Directory.Source!, entry.Name, flags, entry.SourceLabel, isSource: true);
        try
        {
            file = Descriptor.OfOpened(handle, entry.SourceLabel, FileFlags);
            ThrowIfMoved(entry, file.Status, DescriptorKind.Regular);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private void CopyLinked(TreeEntry entry, FileStatus source, Func<LinkedCopy?> copy)
    {
        if (_context.Links is { } links && source.LinkCount > 1)
        {
            links.Copy(entry, source, copy, LinkTo);
        }
        else
        {
            copy();
        }

        _copy.Copied?.Add(entry.Directory.Status.Inode, entry.Name, source);
    }

    private LinkedCopy? UpdateFile(TreeEntry entry, FileStatus source)
    {
        FileStatus? existing = Look(entry);
        EntryDecision decision = _update.Decide(entry, source, existing);
        if (!decision.WritesContent)
        {
            return Leave(entry, existing, decision);
        }

        using SafeFileHandle handle = OpenFile(entry, out Descriptor file);
        return WriteFile(entry, file, existing, decision);
    }

    private LinkedCopy? WriteFile(TreeEntry entry, Descriptor source, FileStatus? existing, EntryDecision decision)
    {
        using ObstacleAside? obstacle = MoveObstacle(entry, ref existing);
        DestinationEntry place = PlaceOf(entry, source.Status, existing);
        ExistingDestination.ReserveToWrite(_copy, source.Status, entry.SourceLabel, place, _context.Cancellation);
        if (_context.Request.IsDryRun)
        {
            return Plan(entry, decision, source.Status);
        }

        FileSystemPairCache devices = entry.Directory.Devices;
        var counters = new TransferCounters();
        TransferSpec spec = _copy.ToSpec(source, _monitor, counters, devices);
        using var file = new DestinationWriter(_copy, source, place, spec, _monitor, counters, _context.MetadataWarnings);

        // The identity takes another call.
        bool isLinked = _context.Links is not null && source.Status.LinkCount > 1;
        FileIdentity? identity = file.WriteAndCommit(isLinked || !entry.Directory.IsOurs);
        LinkedCopy? made = identity is FileIdentity known ? new LinkedCopy(known, IsKept: false) : null;
        AddToLedger(entry, made, existing: null);
        devices.Learn(file.Attempts);
        Counters.Add(counters);
        obstacle?.Remove();

        // What could not be kept is reported once, for the tree.
        TransferResult? result = _context.Request.PerFile ? file.Result() with { Warnings = [] } : null;
        Count(entry, decision, result: result);
        return made is { } copy ? copy with { Hash = result?.Hash } : null;
    }

    /// <summary>In a synchronization, what cannot be replaced atomically is moved aside.</summary>
    private ObstacleAside? MoveObstacle(TreeEntry entry, ref FileStatus? existing)
    {
        if (_context.Request.Sync is not { } sync || existing is not { Kind: DescriptorKind.Directory } directory)
        {
            return null;
        }

        existing = null;
        return new ObstacleAside(entry, directory, sync, _context.Report, moves: !_context.Request.IsDryRun);
    }

    private LinkedCopy Plan(TreeEntry entry, EntryDecision decision, FileStatus source)
    {
        // A link has a size too.
        long? size = source.Kind == DescriptorKind.Regular ? source.Size : null;
        Counters.Transfers.Add(TransferMethod.Auto, size ?? 0);
        Count(entry, decision, size, planned: size ?? 0);
        return default;
    }

    /// <summary>Leaves the content of an entry as it is.</summary>
    /// <param name="isFlushed">True for a complete file, which the interrupted copy may not have flushed.</param>
    private LinkedCopy? Leave(TreeEntry entry, FileStatus? existing, EntryDecision decision, bool isFlushed = false)
    {
        if (_copy.InPlace && decision.Status != ItemStatus.Skipped)
        {
            ExistingDestination.ReserveToKeep(_copy, entry.SourceLabel, DestinationOf(entry, existing));
        }

        if (decision.IsMetadataOnly && !_context.Request.IsDryRun)
        {
            decision = _update.SetMetadata(entry, existing!) ? decision : new(ItemStatus.Unchanged);
            isFlushed = existing!.Kind == DescriptorKind.Regular;
        }

        if (isFlushed && _copy.Flush && !_context.Request.IsDryRun)
        {
            _update.Flush(entry, existing!);
        }

        string? hash = decision.Status == ItemStatus.Skipped ? null : _update.Hash(entry, existing!);
        Count(entry, decision, existing?.Kind == DescriptorKind.Regular ? existing.Size : null, hash);
        if (decision.Status == ItemStatus.Skipped)
        {
            return null;
        }

        var kept = new LinkedCopy(existing!.Inode, IsKept: true, hash);
        AddToLedger(entry, kept, existing);
        return kept;
    }

    private void CopyNode(TreeEntry entry, DescriptorKind kind)
    {
        if (_update.IsWantedIn(entry.Directory))
        {
            FileStatus source = entry.LookAtSource();
            ThrowIfMoved(entry, source, kind);
            CopyLinked(entry, source, () => UpdateNode(entry, source));
            return;
        }

        using SafeFileHandle node = OpenNode(entry, kind, out FileStatus status);
        CopyLinked(entry, status, () =>
        {
            FileStatus? existing = Look(entry);
            return CreateNode(entry, node, status, existing, EntryDecision.Of(status, existing, UpdateMode.Always, TimePrecision.Exact));
        });
    }

    private LinkedCopy? UpdateNode(TreeEntry entry, FileStatus source)
    {
        FileStatus? existing = Look(entry);
        EntryDecision decision = _update.Decide(entry, source, existing);
        if (!decision.WritesContent)
        {
            return Leave(entry, existing, decision);
        }

        using SafeFileHandle node = OpenNode(entry, source.Kind, out FileStatus status);
        return CreateNode(entry, node, status, existing, decision);
    }

    private SafeFileHandle OpenNode(TreeEntry entry, DescriptorKind kind, out FileStatus status)
    {
        int flags = LibC.O_PATH | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW);
        SafeFileHandle node = _context.Open(entry.Directory.Source!, entry.Name, flags, entry.SourceLabel, isSource: true);
        if (!FileStatus.TryGet(node, out FileStatus? found).Ok || found!.Kind != kind)
        {
            node.Dispose();
            throw TreeErrors.Moved(entry.SourcePath);
        }

        status = found;
        return node;
    }

    private LinkedCopy? CreateNode(TreeEntry entry, SafeFileHandle source, FileStatus status, FileStatus? existing, EntryDecision decision)
    {
        using ObstacleAside? obstacle = MoveObstacle(entry, ref existing);
        DestinationEntry place = PlaceOf(entry, status, existing, source);
        ExistingDestination.CheckNode(_copy, entry.SourceLabel, status.Kind, place);
        if (_context.Request.IsDryRun)
        {
            return Plan(entry, decision, status);
        }

        using var node = NodeWriter.Create(place, source, status, entry.SourceLabel);
        FileIdentity identity = node.Finish(source, status, _copy.Preserve, _context.MetadataWarnings, () => _context.Handles.CloseIdle());
        if (!entry.Directory.IsOurs)
        {
            _copy.CreatedFiles?.AddNode(identity);
        }

        obstacle?.Remove();
        Count(entry, decision);
        return new LinkedCopy(identity, IsKept: false);
    }

    private bool LinkTo(TreeEntry entry, FileStatus status, SafeFileHandle? copied, LinkedCopy copy)
    {
        FileStatus? existing = Look(entry);
        if (existing is not null && existing.Inode == copy.Identity)
        {
            // A file that is written in place stays the same file, and may be the copy under this name too.
            AddToLedger(entry, copy, existing);
            Count(entry, new EntryDecision(copy.IsKept ? ItemStatus.Unchanged : ItemStatus.Updated), status.Size, copy.Hash);
            return true;
        }

        if (_copy is { WritesInto: true, NoClobber: false } && existing is { Kind: DescriptorKind.Regular })
        {
            return false;
        }

        EntryDecision decision = _update.DecideLink(entry, status, existing);
        if (decision.Status == ItemStatus.Skipped)
        {
            Count(entry, decision);
            return true;
        }

        using ObstacleAside? obstacle = MoveObstacle(entry, ref existing);
        DestinationEntry place = PlaceOf(entry, status, existing, copied);
        if (copied is not null)
        {
            using var node = NodeWriter.Link(place, copied);
            node.Commit();
            AddToLedger(entry, copy, existing: null);
        }

        obstacle?.Remove();
        Count(entry, decision, status.Kind == DescriptorKind.Regular ? status.Size : null, copy.Hash);
        return true;
    }

    /// <summary>In a directory that this command created nothing is replaced anyway.</summary>
    /// <param name="existing">The item that was kept; null for one that was written, and for a name that was added to it.</param>
    private void AddToLedger(TreeEntry entry, LinkedCopy? copy, FileStatus? existing)
    {
        if (entry.Directory.IsOurs || copy is not { } known)
        {
            return;
        }

        if (known.IsKept)
        {
            _copy.CreatedFiles?.AddKept(existing, entry.Directory.DestinationIdentity, entry.Name);
        }
        else
        {
            _copy.CreatedFiles?.AddFile(known.Identity);
        }
    }

    /// <param name="length">Size of a regular file.</param>
    /// <param name="result">The result of a copy; null where nothing was copied.</param>
    private void Count(
        TreeEntry entry, EntryDecision decision, long? length = null, string? hash = null, long planned = 0, TransferResult? result = null)
    {
        Counters.Add(decision);
        entry.Directory.HasEntries |= decision.Status != ItemStatus.Skipped;
        if (_context.Request.PerFile)
        {
            _context.Report(decision.Complete(result ?? new TransferResult
            {
                Source = entry.SourcePath,
                Destination = entry.DestinationPath,
                Length = length,
                BytesMoved = planned,
                Hash = hash,
                Algorithm = hash is null ? null : _copy.HashAlgorithm,
                Attempts = [],
            }));
        }
    }

    private static void ThrowIfMoved(TreeEntry entry, FileStatus source, DescriptorKind kind)
    {
        if (source.Kind != kind)
        {
            throw TreeErrors.Moved(entry.SourcePath);
        }
    }

    /// <summary>Checks that what exists may be replaced.</summary>
    /// <param name="node">The entry or its copy, open with O_PATH, if it may be a link.</param>
    private DestinationEntry PlaceOf(TreeEntry entry, FileStatus source, FileStatus? existing, SafeFileHandle? node = null)
    {
        DestinationEntry place = DestinationOf(entry, existing);
        ExistingDestination.Check(_copy, source, entry.SourceLabel, place);
        if (existing is not null && node is not null && source.Kind == DescriptorKind.SymbolicLink)
        {
            LinkCheck.ThrowIfLeadsTo(node, entry.SourceLabel, entry.Directory.Source!, place, isMirrored: _context.Request.Sync is not null);
        }

        return place;
    }

    private DestinationEntry DestinationOf(TreeEntry entry, FileStatus? existing)
    {
        TreeDirectory directory = entry.Directory;
        return new DestinationEntry(
            directory.Destination!, entry.Name, existing, entry.DestinationLabel, MayReplace: !directory.IsOurs && !_copy.NoClobber)
        {
            Modes = directory.Modes,
        };
    }

    /// <summary>Looks for what has the entry's name. A directory that this command created has nothing, or a file to append
    /// to.</summary>
    private FileStatus? Look(TreeEntry entry) => entry.Directory.IsOurs && !_copy.Append ? null : entry.LookAtDestination();
}
