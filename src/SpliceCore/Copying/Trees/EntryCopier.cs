using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>Copies the entries of folders that are no folders themselves.</summary>
internal sealed class EntryCopier
{
    private const int FileFlags = OpenFlags.ReadOnly | OpenFlags.NoControllingTerminal;

    private readonly TreeJob _job;
    private readonly TransferMonitor _monitor;
    private readonly bool _reportsFiles;

    public EntryCopier(TreeJob job)
    {
        _job = job;
        _monitor = new TransferMonitor(progress => Sums.BytesUnderWay = progress.BytesCopied, job.Cancellation);
        _reportsFiles = job.Request.PerFile;
    }

    public TreeSums Sums { get; } = new();

    /// <summary>Copies an entry.</summary>
    /// <exception cref="TransferException">It was not copied.</exception>
    public void Copy(TreeEntry entry, DescriptorKind kind)
    {
        try
        {
            CopyMakingRoom(entry, kind);
        }
        catch (TransferException exception) when (exception.Errno == Errno.EEXIST && entry.Folder.IsOurs)
        {
            throw ExistingDestination.TwoSources(entry.SourcePath, entry.DestinationPath);
        }
        catch (TransferException exception) when (AppendedFile.HasAppeared(_job.Copy, exception))
        {
            Copy(entry, kind);
        }
    }

    /// <summary>Takes note of an entry that was not copied, and goes on.</summary>
    public void Fail(TransferException exception)
    {
        Sums.Failed++;
        Sums.BytesUnderWay = 0;
        _job.Report(exception);
    }

    /// <summary>A copy takes several descriptors. Where the process may have no more, the folders that nobody uses give
    /// theirs, and the copy begins anew.</summary>
    private void CopyMakingRoom(TreeEntry entry, DescriptorKind kind)
    {
        try
        {
            CopyKind(entry, kind);
        }
        catch (TransferException exception) when (exception.Errno is Errno.EMFILE or Errno.ENFILE && _job.Handles.CloseIdle())
        {
            CopyKind(entry, kind);
        }
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
                when _job.Copy.Preserve == PreserveAttributes.All:
                CopyNode(entry, kind);
                break;
            default:
                _job.Report($"'{entry.SourcePath}' is a special file ({kind}) and was left out. Use -Preserve All to make it anew.");
                break;
        }
    }

    private void CopyFile(TreeEntry entry)
    {
        using SafeFileHandle handle = OpenFile(entry);
        var source = Descriptor.OfOpened(handle, entry.SourceLabel, FileFlags);
        if (source.Kind != DescriptorKind.Regular)
        {
            throw TreeErrors.Moved(entry.SourcePath);
        }

        if (source.Status.LinkCount > 1 && _job.Copy.Preserve.HasFlag(PreserveAttributes.HardLink))
        {
            _job.Links.Copy(_job, entry, source.Status, () => MakeFile(entry, source, isIdentified: true)!.Value, LinkTo);
        }
        else
        {
            MakeFile(entry, source, isIdentified: !entry.Folder.IsOurs);
        }
    }

    private SafeFileHandle OpenFile(TreeEntry entry)
    {
        // Without O_NONBLOCK a FIFO that has come into the file's place would be waited for.
        int flags = FileFlags | OpenFlags.NonBlock | (entry.IsFollowed ? 0 : OpenFlags.NoFollow);
        return _job.Open(entry.Folder.Source!, entry.Name, flags, entry.SourceLabel, isSource: true);
    }

    /// <summary>Makes a file, and says which it is where that was asked for: it takes another call.</summary>
    private FileIdentity? MakeFile(TreeEntry entry, Descriptor source, bool isIdentified)
    {
        TreeFolder folder = entry.Folder;
        FileStatus? existing = Look(entry);
        if (existing is not null && IsComplete(existing, source.Status)
            && HasSameBytes(entry, source, existing))
        {
            Leave(entry, existing);
            return existing.Inode;
        }

        Place place = PlaceOf(entry, source.Status, existing);
        var tally = new TransferTally();
        TransferSpec spec = CopySpec.Of(_job.Copy, source, _monitor, tally) with
        {
            DestinationFileSystem = folder.Devices.FileSystem,
            SourceFileSystem = folder.Devices.SourceFileSystemOf(source),
            SkipsReflink = folder.Devices.RefusesReflink,
        };
        using var file = new DestinationWriter(_job.Copy, source, place, spec, _monitor, tally, _job.Losses);
        FileIdentity? identity = file.WriteAndCommit(isIdentified);
        AddToLedger(entry, identity);
        folder.Devices.Learn(file.Attempts);
        Sums.Add(tally);
        Sums.Files++;
        if (_reportsFiles)
        {
            // What could not be kept is told once, of the tree.
            _job.Report(file.Result() with { Warnings = [] });
        }

        return identity;
    }

    /// <summary>True if an earlier copy that was interrupted has made the file. It got the source's times before its name, so
    /// what has both size and times is whole. Nobody asks whether it may be replaced: it is not.</summary>
    private bool IsComplete(FileStatus existing, FileStatus source) =>
        _job.Copy is { Resume: true, Verify: false } && _job.Copy.Preserve.HasFlag(PreserveAttributes.Timestamps)
        && existing.Kind == DescriptorKind.Regular && existing.Inode != source.Inode
        && _job.Copy.Ledger?.HasFile(existing) != true
        && existing.HasContentOf(source);

    /// <summary>A lost device or a power failure leaves files that have their size and their times, and holes or zeros where the
    /// disk did not get the bytes any more. And a source can have been changed, and its modification time set back, which the
    /// time of its last status change (ctime) shows.</summary>
    private bool HasSameBytes(TreeEntry entry, Descriptor source, FileStatus existing)
    {
        if (existing.Size == 0)
        {
            return true;
        }

        bool isProvable = source.Status.ChangeTime.CompareTo(existing.ChangeTime) < 0
            && DataProof.IsByExtents(existing, entry.Folder.Devices.FileSystem, _job.BootTime, existing.ChangeTime);
        using SafeFileHandle file = OpenComplete(entry);
        using var comparison = new Comparison(source, file, entry.DestinationPath, _job.Cancellation) { TrustsData = isProvable };
        bool same;
        try
        {
            same = comparison.Run(0, 0, source.Size) == source.Size;
        }
        catch (TransferException exception) when (exception.DifferenceOffset.HasValue)
        {
            same = false;
        }

        if (same && !isProvable)
        {
            // It was read. And from now on nobody has to compare it again.
            LibC.ChangeTimes(file, source.Status.AccessTime, source.Status.ModificationTime);
        }

        return same;
    }

    private SafeFileHandle OpenComplete(TreeEntry entry)
    {
        int flags = FileFlags | OpenFlags.NonBlock | OpenFlags.NoFollow;
        return _job.Open(entry.Folder.Destination!, entry.Name, flags, entry.DestinationLabel, isSource: false);
    }

    /// <summary>Leaves a file that is complete as it is.</summary>
    private void Leave(TreeEntry entry, FileStatus existing)
    {
        if (existing.LinkCount == 1)
        {
            // Other names of the file are complete as well, and no other source's.
            AddToLedger(entry, existing.Inode);
        }

        if (_job.Copy.Flush)
        {
            // The copy that was interrupted need not have flushed it.
            using SafeFileHandle file = OpenComplete(entry);
            DiskFlush.OfFile(file, existing.Kind, entry.DestinationPath, _job.Cancellation);
        }

        Sums.Unchanged++;
        Count(entry);
    }

    private void CopyNode(TreeEntry entry, DescriptorKind kind)
    {
        int flags = OpenFlags.PathOnly | (entry.IsFollowed ? 0 : OpenFlags.NoFollow);
        using SafeFileHandle node = _job.Open(entry.Folder.Source!, entry.Name, flags, entry.SourceLabel, isSource: true);
        SysResult result = FileStatus.TryGet(node, out FileStatus? status);
        if (!result.Ok || status!.Kind != kind)
        {
            throw TreeErrors.Moved(entry.SourcePath);
        }

        if (status.LinkCount > 1 && _job.Copy.Preserve.HasFlag(PreserveAttributes.HardLink))
        {
            _job.Links.Copy(_job, entry, status, () => PutNode(entry, node, status), LinkTo);
        }
        else
        {
            PutNode(entry, node, status);
        }
    }

    private FileIdentity PutNode(TreeEntry entry, SafeFileHandle source, FileStatus status)
    {
        Place place = PlaceOf(entry, status, Look(entry), source);
        OptionCheck.Node(_job.Copy, entry.SourceLabel, status.Kind, place);
        using var node = StagedNode.Make(place, source, status, entry.SourceLabel);
        FileIdentity identity = node.Finish(source, status, _job.Copy.Preserve, _job.Losses, _job.Handles.CloseIdle);
        if (!entry.Folder.IsOurs)
        {
            _job.Copy.Ledger?.AddNode(identity);
        }

        Count(entry);
        return identity;
    }

    private bool LinkTo(TreeEntry entry, FileStatus status, SafeFileHandle made, FileIdentity identity)
    {
        FileStatus? existing = Look(entry);
        if (_job.Copy is { WritesInto: true, NoClobber: false } && existing is { Kind: DescriptorKind.Regular })
        {
            // What is written into stays the file that it is. It may be the copy already, under this name too.
            bool isCopy = existing.Inode == identity;
            if (isCopy)
            {
                Count(entry);
            }

            return isCopy;
        }

        using var node = StagedNode.Link(PlaceOf(entry, status, existing, made), made);
        node.Commit();
        AddToLedger(entry, identity);
        Count(entry);
        return true;
    }

    /// <summary>In a folder of our own nothing is replaced anyway.</summary>
    private void AddToLedger(TreeEntry entry, FileIdentity? identity)
    {
        if (!entry.Folder.IsOurs && identity is FileIdentity known)
        {
            _job.Copy.Ledger?.AddFile(known);
        }
    }

    private void Count(TreeEntry entry)
    {
        Sums.Files++;
        if (_reportsFiles)
        {
            _job.Report(new TransferResult { Source = entry.SourcePath, Destination = entry.DestinationPath, Attempts = [] });
        }
    }

    /// <summary>Where the entry goes, if what is there may be replaced.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="source">What it is.</param>
    /// <param name="existing">What is there.</param>
    /// <param name="node">The entry itself, opened with O_PATH, or its copy, if it may be a link.</param>
    private Place PlaceOf(TreeEntry entry, FileStatus source, FileStatus? existing, SafeFileHandle? node = null)
    {
        TreeFolder folder = entry.Folder;
        if (existing is not null)
        {
            ExistingDestination.Check(
                _job.Copy, source, entry.SourceLabel, existing, entry.DestinationLabel,
                () => LibC.MayWriteAt(folder.Destination!, entry.Name));
            if (node is not null && source.Kind == DescriptorKind.SymbolicLink)
            {
                LinkCheck.ThrowIfLeadsTo(
                    node, entry.SourceLabel, folder.Source!, folder.Destination!, entry.Name, existing, entry.DestinationLabel);
            }
        }

        return new Place(folder.Destination!, entry.Name, existing, entry.DestinationLabel, MayReplace: !folder.IsOurs && !_job.Copy.NoClobber)
        {
            Modes = folder.Modes,
        };
    }

    /// <summary>Looks at what is in the entry's place; in a folder of ours that is nothing, or what a source is added to.</summary>
    private FileStatus? Look(TreeEntry entry)
    {
        if (entry.Folder.IsOurs && !_job.Copy.Append)
        {
            return null;
        }

        SysResult looked = FileStatus.TryGet(entry.Folder.Destination!, entry.Name, followLink: false, out FileStatus? existing);
        return looked.Ok || looked.Errno == Errno.ENOENT ? existing : throw FileFailures.OpenDestination(entry.DestinationPath, looked.Errno);
    }
}
