using System.Buffers;
using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Sync;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The items that only a host has, or that are in place of items of other types. The host removes them one by one: what it does
/// not list is not removed.</summary>
internal sealed class HostRemovals
{
    // So many names fit on a command line of the host.
    private const int MaxNames = 100;

    private readonly SendRequest _request;
    private readonly HostTreePlan _plan;
    private readonly HostListing _listing;
    private readonly ListedSelection _selection;
    private readonly string _destination;
    private readonly Dictionary<string, ListedFolder> _folders = [];
    private readonly List<HostExtra> _extras = [];
    private readonly List<TransferException> _reports = [];

    /// <param name="destination">The path of the folder on the host.</param>
    public HostRemovals(SendRequest request, HostTreePlan plan, HostListing listing, string destination)
    {
        _request = request;
        _plan = plan;
        _listing = listing;
        _destination = destination.TrimEnd('/');
        _selection = new ListedSelection(request.RemoveExcluded ? null : request.Filter, request.IsAllIncluded);
        for (int i = 0; i < listing.Count; i++)
        {
            if (listing.ItemAt(i, out byte[] path) is { } item && listing.Find(path)?.Index == i)
            {
                Add(item, path);
            }
        }

        RefuseIncomplete();
    }

    /// <summary>The path of the folder on the host, without a slash at its end.</summary>
    public string Destination => _destination;

    /// <summary>Errors of items that are not removed, or not replaced.</summary>
    public IReadOnlyList<TransferException> Reports => _reports;

    /// <summary>Number of items that the host has, without what the filter does not select.</summary>
    public long EntryCount { get; private set; }

    /// <summary>Number of items to remove.</summary>
    public long RemovalCount => _extras.Sum(extra => extra.IsReplaced ? Math.Max(0, extra.Count - 1) : extra.Count);

    /// <summary>True if the host removes something.</summary>
    public bool HasItems => _extras.Count > 0;

    /// <summary>Number of files, links and empty folders that sent items of other types replace: the host removes them, and they count as
    /// updated.</summary>
    public long UpdatedCount => _extras.Count(extra => extra is { IsReplaced: true, Count: 1 } && IsSent(extra));

    /// <summary>Throws an error if more items than permitted would be removed.</summary>
    public void ThrowIfTooMany()
    {
        long limit = Removal.LimitOf(_request.MaximumRemoval, EntryCount);
        if (RemovalCount > limit)
        {
            throw SyncErrors.TooManyRemovals(_destination, RemovalCount, EntryCount, limit, _request.IsDryRun);
        }
    }

    /// <summary>Keeps the items of which the user declines the removal.</summary>
    public void Confirm(Func<TransferResult, bool> mayRemove)
    {
        foreach (HostExtra extra in _extras.Where(extra => extra is { Count: > 1 } or { IsReplaced: false } && !mayRemove(ResultOf(extra))).ToList())
        {
            _extras.Remove(extra);
            if (extra.IsReplaced)
            {
                Refuse(extra, SyncErrors.Declined(PathOf(extra.Path)));
            }
        }
    }

    /// <summary>Describes what is removed.</summary>
    public IEnumerable<TransferResult> Results() =>
        _extras.Where(extra => extra is { Count: > 1 } or { IsReplaced: false }).Select(ResultOf);

    /// <summary>Lets the folders that lose items get their times afterwards.</summary>
    public void TouchFolders() => _extras.ForEach(extra => _plan.Touch(ParentOf(extra.Path)));

    /// <summary>Lists the items in the form of remove_listed in send-tree.sh, the deepest first.</summary>
    /// <param name="isReplaced">True for those that sent items replace: nothing comes in place of the others.</param>
    public byte[] ToList(bool isReplaced)
    {
        var list = new ArrayBufferWriter<byte>();
        var byFolder = _extras.Where(extra => extra.IsReplaced == isReplaced && (!isReplaced || IsSent(extra)))
            .SelectMany(extra => extra.Removed())
            .GroupBy(item => Encoding.Latin1.GetString(ParentOf(item.Path)))
            .OrderByDescending(group => group.Key.Count(c => c == '/'));
        foreach (IGrouping<string, (HostItem Item, byte[] Path)> group in byFolder)
        {
            byte[] folder = Encoding.Latin1.GetBytes(group.Key);
            ulong inode = _listing.Find(folder)!.Status.Inode.Inode;
            foreach (bool isFolder in new[] { false, true })
            {
                foreach ((HostItem Item, byte[] Path)[] part in group.Where(item => item.Item.Status.Kind == DescriptorKind.Directory == isFolder).Chunk(MaxNames))
                {
                    Write(list, string.Create(CultureInfo.InvariantCulture, $"{(isFolder ? 'd' : 'f')} {inode} {part.Length} {NameOf(folder)}\n"));
                    foreach ((HostItem item, byte[] path) in part)
                    {
                        FileStatus status = item.Status;
                        Write(list, string.Create(CultureInfo.InvariantCulture,
                            $"{status.Inode.Inode} {status.Size} {status.ModificationTime.Seconds} {NameOf(path.AsSpan(folder.Length))}\n"));
                    }
                }
            }
        }

        return list.WrittenSpan.ToArray();
    }

    /// <summary>Returns the name of an item in a list: read(1) of a shell takes blanks at the end away.</summary>
    public static string NameOf(ReadOnlySpan<byte> path)
    {
        string name = ChecksumList.NameOf(path, out bool isEscaped);
        return isEscaped || !name.EndsWith(' ') ? name : ChecksumList.Escape(path);
    }

    private bool IsSent(HostExtra extra) => _listing.MarkOf(extra.Item.Index) == HostMark.Replaced;

    private static void Write(ArrayBufferWriter<byte> list, string line) => list.Write(Encoding.Latin1.GetBytes(line));

    private static ReadOnlySpan<byte> ParentOf(ReadOnlySpan<byte> path) => path[..path.LastIndexOf((byte)'/')];

    /// <summary>Adds an item of the listing, which has each folder before its items.</summary>
    private void Add(HostItem item, byte[] path)
    {
        bool isFolder = item.Status.Kind == DescriptorKind.Directory;
        if (path.Length == 0)
        {
            _folders.Add(string.Empty, new ListedFolder(item.Status, null, null));
            return;
        }

        // What is in a folder that is not entered, or has no folder, stays. So does what no path can name.
        byte[] name = path[(path.AsSpan().LastIndexOf((byte)'/') + 1)..];
        if (name.AsSpan().SequenceEqual(".."u8) || name.AsSpan().SequenceEqual("."u8)
            || !_folders.TryGetValue(Encoding.Latin1.GetString(ParentOf(path)), out ListedFolder? parent))
        {
            return;
        }

        if (TemporaryNames.Contains(new FileName(name)) || !_selection.Selects(path, isFolder))
        {
            parent.Keep();
            return;
        }

        EntryCount++;
        HostMark mark = _listing.MarkOf(item.Index);
        HostExtra? extra = parent.Extra ?? (mark is HostMark.None or HostMark.Conflict ? new HostExtra(item, path, mark == HostMark.Conflict) : null);
        if (_listing.Mounts.Contains(Encoding.Latin1.GetString(path)) || (isFolder && item.Status.Inode.Device != parent.Status.Inode.Device))
        {
            if (extra is not null)
            {
                parent.Keep();
                _reports.Add(FileFailures.Remove(PathOf(path), Errno.EBUSY));
                RefuseReplacement(mark, item.Index);
            }

            return;
        }

        ListedFolder? folder = isFolder && mark != HostMark.Frozen ? new ListedFolder(item.Status, parent, extra) : null;
        if (folder is not null)
        {
            _folders.TryAdd(Encoding.Latin1.GetString(path), folder);
        }

        if (extra is not null)
        {
            extra.Add(item, path, folder);
            if (parent.Extra is null)
            {
                _extras.Add(extra);
            }
        }
    }

    /// <summary>A folder of which something stays is not replaced.</summary>
    private void RefuseIncomplete()
    {
        foreach (HostExtra extra in _extras.FindAll(extra => extra is { IsReplaced: true, IsWhole: false }))
        {
            _extras.Remove(extra);
            Refuse(extra, SyncErrors.Kept(PathOf(extra.Path)));
        }

        _extras.RemoveAll(extra => extra.Count == 0);
    }

    private void Refuse(HostExtra extra, TransferException reason)
    {
        _reports.Add(reason);
        RefuseReplacement(HostMark.Conflict, extra.Item.Index);
    }

    private void RefuseReplacement(HostMark mark, int index)
    {
        if (mark == HostMark.Conflict)
        {
            _plan.Refuse(index);
        }
    }

    private string PathOf(byte[] path) => _destination + RemoteFailure.Shown(Encoding.UTF8.GetString(path));

    private TransferResult ResultOf(HostExtra extra) => new()
    {
        Source = _request.Source.TrimEnd('/') + Encoding.UTF8.GetString(extra.Path),
        Destination = PathOf(extra.Path),
        Status = ItemStatus.Removed,
        Reason = extra.IsReplaced ? "replaced by an item of another type" : "missing in the source",
        FileCount = 0,
        Removed = extra.Count,
        Attempts = [],
    };

    /// <summary>A folder on the host.</summary>
    /// <param name="Extra">The item to remove that it is, or is in; null for none.</param>
    public sealed record ListedFolder(FileStatus Status, ListedFolder? Parent, HostExtra? Extra)
    {
        /// <summary>True if something in it stays.</summary>
        public bool IsKept { get; private set; }

        public void Keep()
        {
            for (ListedFolder? folder = this; folder?.Extra is not null && !folder.IsKept; folder = folder.Parent)
            {
                folder.IsKept = true;
            }
        }
    }

    /// <summary>An item to remove, with all that is in it.</summary>
    /// <param name="isReplaced">True if an item of another type replaces it.</param>
    public sealed class HostExtra(HostItem item, byte[] path, bool isReplaced)
    {
        private readonly List<(HostItem Item, byte[] Path, ListedFolder? Folder)> _items = [];

        public HostItem Item => item;

        public byte[] Path => path;

        public bool IsReplaced => isReplaced;

        public bool IsWhole => _items.TrueForAll(one => one.Folder?.IsKept != true);

        /// <summary>Number of items to remove.</summary>
        public long Count => _items.Count(one => one.Folder?.IsKept != true);

        public void Add(HostItem one, byte[] its, ListedFolder? folder) => _items.Add((one, its, folder));

        /// <summary>The items to remove, without folders in which something stays.</summary>
        public IEnumerable<(HostItem Item, byte[] Path)> Removed() => _items.Where(one => one.Folder?.IsKept != true).Select(one => (one.Item, one.Path));
    }
}
