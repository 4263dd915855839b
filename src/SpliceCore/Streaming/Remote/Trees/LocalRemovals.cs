using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Sync;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Removes from a received folder what the host does not have, or what is in place of items of other types.</summary>
internal sealed class LocalRemovals : IDisposable
{
    private readonly FolderPair _folders;
    private readonly Removal _removal;

    /// <param name="source">The source, for messages.</param>
    /// <param name="destination">The open folder, which this owns.</param>
    /// <param name="fail">Receives the error of each item that stays although it should not.</param>
    /// <exception cref="TransferException">There are more items than permitted, and it is not a dry run.</exception>
    public LocalRemovals(
        ReceiveRequest request, string source, string path, SafeFileHandle destination, HostListing listing, TreeMonitor monitor,
        Func<TransferResult, bool>? mayRemove, Action<TransferException> fail)
    {
        var tree = new ListedTree(listing);
        _folders = new FolderPair(source, path, destination, filter => tree.Open(source, new ListedSelection(filter, request.IsAllIncluded)));
        var sync = new SyncRequest
        {
            Tree = new TreeRequest
            {
                Copy = new CopyRequest { Source = source, Destination = path, Preserve = request.Preserve, Flush = request.Flush },
                Filter = request.Filter,
                IncludesAll = request.IsAllIncluded,
                IsDryRun = request.IsDryRun,
            },
            RemoveExtra = true,
            MaximumRemoval = request.MaximumRemoval,
            RemoveExcluded = request.RemoveExcluded,
        };
        _removal = new Removal(sync, _folders, monitor, mayRemove, fail);
        _removal.ThrowIfTooMany();
        _removal.PromptForReplacements();
        if (request.IsDryRun)
        {
            _removal.Plan.Replacements.Values.ToList().ForEach(item => monitor.FileCopied?.Invoke(item));
        }
    }

    /// <summary>Number of items removed.</summary>
    public long Removed { get; private set; }

    /// <summary>Checks that an item may be received in place of a folder here.</summary>
    /// <exception cref="TransferException">It may not.</exception>
    public void ThrowIfKept(byte[] path)
    {
        string label = _folders.DestinationPath + Encoding.UTF8.GetString(path);
        using FolderCursor folder = Reach(NamesOf(path)[..^1], label);
        _removal.ThrowIfKept(folder, NamesOf(path)[^1], label);
    }

    /// <summary>Removes an item in place of which another one is received.</summary>
    /// <exception cref="TransferException">Something of it is left.</exception>
    public void Replace(IReadOnlyList<FileName> names, FileStatus item, string label)
    {
        using FolderCursor folder = Reach(names.SkipLast(1), label);
        if (item.Kind != DescriptorKind.Directory)
        {
            SysResult removed = LibC.UnlinkAt(folder.Handle, names[^1]);
            if (!removed.Ok)
            {
                throw FileFailures.Remove(label, removed.Errno);
            }

            return;
        }

        Removed += _removal.Replace(folder, names[^1], label)?.Removed ?? 0;
    }

    /// <summary>Removes what the host does not have.</summary>
    public void Remove() => Removed += _removal.Remove();

    public void Dispose() => _folders.Dispose();

    private static FileName[] NamesOf(byte[] path) =>
        [.. Encoding.Latin1.GetString(path).Split('/', StringSplitOptions.RemoveEmptyEntries).Select(name => new FileName(Encoding.Latin1.GetBytes(name)))];

    private FolderCursor Reach(IEnumerable<FileName> names, string label)
    {
        FolderCursor folder = _removal.OpenDestination();
        if (names.All(name => folder.TryEnter(name).Ok))
        {
            return folder;
        }

        folder.Dispose();
        throw TreeErrors.Moved(label);
    }
}

/// <summary>The items of a listing by their folders.</summary>
internal sealed class ListedTree
{
    private readonly Dictionary<string, Dictionary<FileName, DescriptorKind>> _folders = [];

    public ListedTree(HostListing listing)
    {
        for (int i = 0; i < listing.Count; i++)
        {
            if (listing.ItemAt(i, out byte[] path) is not { } item || listing.Find(path)?.Index != i)
            {
                continue;
            }

            int slash = path.AsSpan().LastIndexOf((byte)'/');
            if (slash >= 0)
            {
                ItemsOf(Encoding.Latin1.GetString(path.AsSpan(0, slash)))[new FileName(path.AsSpan(slash + 1))] = item.Status.Kind;
            }

            if (item.Status.Kind == DescriptorKind.Directory)
            {
                ItemsOf(Encoding.Latin1.GetString(path));
            }
        }
    }

    /// <summary>Opens the top.</summary>
    /// <param name="label">Its path, for messages.</param>
    public ISourceFolder Open(string label, ListedSelection selection) => new Folder(this, label, selection);

    private Dictionary<FileName, DescriptorKind> ItemsOf(string folder)
    {
        if (!_folders.TryGetValue(folder, out Dictionary<FileName, DescriptorKind>? items))
        {
            _folders.Add(folder, items = []);
        }

        return items;
    }

    private sealed class Folder(ListedTree tree, string label, ListedSelection selection) : ISourceFolder
    {
        private readonly Stack<string> _above = [];
        private string _path = string.Empty;

        public string Path => label.TrimEnd('/') + Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(_path));

        public bool IsMountRoot => false;

        public string PathOf(FileName name) => TreeDirectory.Join(Path, name);

        public bool Selects(FileName name, bool isFolder) => selection.Selects(Encoding.Latin1.GetBytes(Below(name)), isFolder);

        public SysResult TryEnter(FileName name)
        {
            string path = Below(name);
            if (!tree._folders.ContainsKey(path))
            {
                return new SysResult(-1, Errno.ENOENT);
            }

            _above.Push(_path);
            _path = path;
            return default;
        }

        public void Leave() => _path = _above.Pop();

        public SysResult Read(out Dictionary<FileName, DescriptorKind> entries)
        {
            entries = new Dictionary<FileName, DescriptorKind>(tree.ItemsOf(_path));
            return default;
        }

        public bool Has(FileName name) => tree.ItemsOf(_path).ContainsKey(name);

        public void Dispose()
        {
        }

        private string Below(FileName name) => $"{_path}/{Encoding.Latin1.GetString(name.Bytes)}";
    }
}
