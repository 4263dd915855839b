using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>Entries of the destination without a source, found by the names of both sides before anything is changed.</summary>
internal sealed class RemovalPlan
{
    private readonly SyncRequest _request;
    private readonly ISourceFolder _source;
    private readonly FolderCursor _destination;
    private readonly FolderPair _folders;
    private readonly CancellationToken _cancellation;
    private readonly List<TransferException> _reports = [];

    private RemovalPlan(
        SyncRequest request, FolderPair folders, ISourceFolder source, FolderCursor destination, CancellationToken cancellation)
    {
        _request = request;
        _folders = folders;
        _source = source;
        _destination = destination;
        _cancellation = cancellation;
        Remover = new ExtraRemover(folders, Removal.FilterOf(request), cancellation) { Report = _reports.Add };
    }

    /// <summary>The directories of the destination that have extra entries, in the order in which they were found.</summary>
    public List<PlannedFolder> Folders { get; } = [];

    /// <summary>Counted the extra entries, and removes them.</summary>
    public ExtraRemover Remover { get; }

    /// <summary>Number of entries of the destination, without what the filter does not select.</summary>
    public long EntryCount { get; private set; }

    /// <summary>Number of entries to remove, with those in directories that a file replaces.</summary>
    public long RemovalCount { get; private set; }

    /// <summary>The results of replacing directories with entries by files, links or special files, by the identities of these directories.</summary>
    public Dictionary<FileIdentity, TransferResult> Replacements { get; } = [];

    /// <summary>The first error of reading the source; null if all of it was read.</summary>
    public TransferException? SourceFailure { get; private set; }

    /// <summary>Errors of entries that cannot be removed.</summary>
    public IReadOnlyList<TransferException> Reports => _reports;

    /// <summary>Compares two directories and all that are in both.</summary>
    /// <exception cref="TransferException">A directory was moved during the comparison, the source is inside the destination, or a mount point
    /// is, which the kernel does not report.</exception>
    public static RemovalPlan Make(SyncRequest request, FolderPair folders, CancellationToken cancellation)
    {
        if (!MountTable.IsInStatus && MountTable.FindBelow(folders.Destination!) is string mount)
        {
            throw SyncErrors.MountBelow(folders.DestinationPath, mount);
        }

        PathFilter? filter = request.Tree.Filter;
        using ISourceFolder source = folders.OpenSource(filter);
        using var destination = FolderCursor.At(folders.Destination!, folders.DestinationPath, Removal.FilterOf(request), includesAll: request.Tree.IncludesAll);
        var plan = new RemovalPlan(request, folders, source, destination, cancellation);
        plan.Compare();
        return plan;
    }

    private void Compare()
    {
        var path = new Stack<Queue<FileName>>();
        path.Push(CompareNames());
        while (path.TryPeek(out Queue<FileName>? folders))
        {
            _cancellation.ThrowIfCancellationRequested();
            if (folders.TryDequeue(out FileName name))
            {
                if (TryEnter(name))
                {
                    path.Push(CompareNames());
                }

                continue;
            }

            path.Pop();
            if (path.Count > 0)
            {
                _source.Leave();
                _destination.Leave();
            }
        }
    }

    private bool TryEnter(FileName name)
    {
        SysResult entered = _source.TryEnter(name);
        if (!entered.Ok)
        {
            AddFailure(FileFailures.OpenSource(_source.PathOf(name), entered.Errno));
            return false;
        }

        if (_request.Tree.OneFileSystem && _source.IsMountRoot)
        {
            _source.Leave();
            return false;
        }

        entered = _destination.TryEnter(name);
        if (!entered.Ok)
        {
            if (entered.Errno != Errno.ENOENT)
            {
                _reports.Add(SyncErrors.NotListed(_destination.PathOf(name), entered.Errno));
            }

            _source.Leave();
            return false;
        }

        if (_destination.Status.IsMountRoot)
        {
            _source.Leave();
            _destination.Leave();
            return false;
        }

        return !_folders.IsSource(_destination.Status)
            ? true
            : throw SyncErrors.Overlap(_folders.SourcePath, _folders.DestinationPath);
    }

    /// <summary>Finds the extra entries of the directory.</summary>
    /// <returns>The directories that are on both sides.</returns>
    private Queue<FileName> CompareNames()
    {
        SysResult read = _source.Read(out Dictionary<FileName, DescriptorKind> wanted);
        if (!read.Ok)
        {
            AddFailure(FileFailures.ListFolder(_source.Path, read.Errno));
            return [];
        }

        foreach (FileName name in wanted.Where(entry => !IsMirrored(entry.Key, entry.Value)).Select(entry => entry.Key).ToList())
        {
            wanted.Remove(name);
        }

        var both = new Queue<FileName>();
        var extras = new List<(FileName Name, DescriptorKind Kind)>();
        read = _destination.Read(out Dictionary<FileName, DescriptorKind> existing);
        if (!read.Ok)
        {
            _reports.Add(SyncErrors.NotListed(_destination.Path, read.Errno));
            return [];
        }

        foreach ((FileName name, DescriptorKind kind) in existing)
        {
            if (!_destination.Selects(name, kind == DescriptorKind.Directory))
            {
                continue;
            }

            EntryCount++;
            if (!wanted.Remove(name, out DescriptorKind sourceKind))
            {
                extras.Add((name, kind));
            }
            else if (kind == DescriptorKind.Directory && sourceKind == DescriptorKind.Directory)
            {
                both.Enqueue(name);
            }
            else if (kind == DescriptorKind.Directory)
            {
                AddReplacement(name, name, sourceKind);
            }
        }

        if (extras.Count > 0)
        {
            Add(extras, wanted, both);
        }

        return both;
    }

    /// <summary>A folder that vanished belongs to the source no longer. What is left of it in the destination has no source in the next
    /// run.</summary>
    private void AddFailure(TransferException exception)
    {
        if (exception.Errno != Errno.ENOENT)
        {
            SourceFailure ??= exception;
        }
    }

    /// <summary>True if an entry of the source is to be in the destination.</summary>
    private bool IsMirrored(FileName name, DescriptorKind kind) =>
        _source.Selects(name, kind == DescriptorKind.Directory) && !TemporaryNames.Contains(name);

    /// <param name="missing">The entries of the source that have no name in the destination.</param>
    private void Add(List<(FileName Name, DescriptorKind Kind)> extras, Dictionary<FileName, DescriptorKind> missing, Queue<FileName> both)
    {
        Dictionary<FileIdentity, FileName> spellings = FindSpellings(missing.Keys);
        var folder = new PlannedFolder(_destination.Names, _destination.Status.Inode);
        foreach ((FileName name, DescriptorKind kind) in extras)
        {
            if (Count(name, out long count, out _) is not { } status)
            {
                continue;
            }

            if (spellings.TryGetValue(status.Inode, out FileName spelling))
            {
                folder.Renames.Add((name, spelling));
                if (kind == DescriptorKind.Directory && missing[spelling] == DescriptorKind.Directory)
                {
                    both.Enqueue(spelling);
                }
                else if (kind == DescriptorKind.Directory)
                {
                    AddReplacement(name, spelling, missing[spelling]);
                }
            }
            else if (count > 0)
            {
                EntryCount += count - 1;
                RemovalCount += count;
                folder.Extras.Add(new Extra(name, status, count));
            }
        }

        if (folder.Extras.Count + folder.Renames.Count > 0)
        {
            Folders.Add(folder);
        }
    }

    /// <summary>Adds a directory that the copy replaces, with what is in it.</summary>
    private void AddReplacement(FileName name, FileName sourceName, DescriptorKind sourceKind)
    {
        if (Count(name, out long count, out bool isWhole) is not { } status || count == 0)
        {
            return;
        }

        EntryCount += count - 1;
        if (!isWhole || count == 1 || !IsCopied(sourceKind))
        {
            // It stays, or is empty.
            return;
        }

        RemovalCount += count - 1;
        Replacements[status.Inode] = new TransferResult
        {
            Source = _source.PathOf(sourceName),
            Destination = _destination.PathOf(sourceName),
            Status = ItemStatus.Removed,
            Reason = sourceKind switch
            {
                DescriptorKind.Regular => "replaced by a file",
                DescriptorKind.SymbolicLink => "replaced by a link",
                _ => "replaced by a special file",
            },
            FileCount = 0,
            Removed = count,
            Attempts = [],
        };
    }

    /// <summary>True if the copy writes an entry of that kind although the destination has another one.</summary>
    private bool IsCopied(DescriptorKind kind) => !_request.Tree.Copy.NoClobber
        && (kind is DescriptorKind.Regular or DescriptorKind.SymbolicLink || _request.Tree.Copy.Preserve == PreserveAttributes.All);

    /// <summary>Where case does not count, a name of the source is found although the directory lists another spelling.</summary>
    private Dictionary<FileIdentity, FileName> FindSpellings(IEnumerable<FileName> missing)
    {
        Dictionary<FileIdentity, FileName> spellings = [];
        foreach (FileName name in missing)
        {
            if (FileStatus.TryGet(_destination.Handle, name, followLink: false, out FileStatus? status).Ok)
            {
                spellings[status!.Inode] = name;
            }
        }

        return spellings;
    }

    private FileStatus? Count(FileName name, out long count, out bool isWhole)
    {
        (count, isWhole) = (0, false);
        FileStatus.TryGet(_destination.Handle, name, followLink: false, out FileStatus? status);
        count = status is null ? 0 : Remover.Count(_destination, name, out isWhole);
        return status;
    }
}

/// <summary>A directory of the destination that has extra entries.</summary>
/// <param name="Names">The names from the top of the tree.</param>
internal sealed record PlannedFolder(FileName[] Names, FileIdentity Inode)
{
    public List<Extra> Extras { get; } = [];

    /// <summary>Entries that have another spelling than in the source, in a directory where case does not count.</summary>
    public List<(FileName From, FileName To)> Renames { get; } = [];
}

/// <summary>An entry of the destination that the source does not have.</summary>
/// <param name="Count">Number of entries to remove: itself, unless it stays, and what is in it.</param>
internal sealed record Extra(FileName Name, FileStatus Status, long Count)
{
    public static bool IsLinked(FileStatus status) => status.Kind != DescriptorKind.Directory && status.LinkCount > 1;

    /// <summary>True if it is what was counted. A file that has other names may have got other times by one of these.</summary>
    public bool Is(FileStatus now) => Status.Inode == now.Inode && (IsLinked(Status) || Status.HasSameSizeAndMTime(now));
}
