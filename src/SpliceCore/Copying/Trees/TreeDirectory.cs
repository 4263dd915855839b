using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>A directory of the source, and the one that it is copied to. Their entries are reached through the handles, so that a
/// link put in place of a directory does not redirect the copy.</summary>
internal sealed class TreeDirectory
{
    private readonly (string Source, string Destination) _root;
    private int _pending = 1;
    private uint? _closedMode;

    /// <summary>The top of the tree.</summary>
    public TreeDirectory(string source, string destination) => _root = (source, destination);

    public TreeDirectory(TreeDirectory parent, FileName name)
    {
        Parent = parent;
        Name = name;
    }

    public TreeDirectory? Parent { get; }

    public FileName Name { get; }

    /// <summary>The source; null while it is closed because too many are open.</summary>
    public SafeFileHandle? Source { get; set; }

    /// <summary>The destination; null while it is closed because too many are open, and where <see cref="IsPlanned"/>.</summary>
    public SafeFileHandle? Destination { get; set; }

    /// <summary>True in a dry run if the destination would be created.</summary>
    public bool IsPlanned { get; set; }

    /// <summary>True if the entries of the source are skipped, as it is a mount point.</summary>
    public bool IsNotEntered { get; set; }

    /// <summary>Path from the top of the tree without a slash at either end, if a filter needs it; empty for the top.</summary>
    public byte[] Path { get; init; } = [];

    /// <summary>True if a filter includes everything in it.</summary>
    public bool IsIncluded { get; init; }

    /// <summary>True if the copy of the directory has entries.</summary>
    public bool HasEntries { get; set; }

    /// <summary>The status of the source before any of its entries was read.</summary>
    public FileStatus Status { get; set; } = null!;

    public FileIdentity DestinationIdentity { get; set; }

    /// <summary>True if this copy created the destination, false if it existed.</summary>
    public bool IsNew { get; set; }

    /// <summary>True if this command created everything in the destination: none of it may be replaced.</summary>
    public bool IsOurs { get; set; }

    public FileSystemPairCache Devices { get; set; } = null!;

    /// <summary>The modes that new files get in the destination.</summary>
    public CreateModeCache Modes { get; } = new();

    /// <summary>True if the source was reached through a symbolic link: its ".." is not the parent, which stays open.</summary>
    public bool IsLinked { get; init; }

    /// <summary>Number of users of the handles.</summary>
    public int Pins { get; set; }

    /// <summary>True if it could not be reopened, and that was reported.</summary>
    public bool IsLost { get; set; }

    /// <summary>The offset in the source's entries, while it is closed.</summary>
    public long Offset { get; set; }

    public string SourcePath => PathFrom(top => top._root.Source);

    public string DestinationPath => PathFrom(top => top._root.Destination);

    /// <summary>Formats as the source's path; the directory itself formats as the destination's.</summary>
    public object SourceLabel => new SourceName(this);

    public static string Join(string directory, FileName name) => directory.EndsWith('/') ? $"{directory}{name}" : $"{directory}/{name}";

    /// <summary>Permits the owner to write to the destination until it is closed, as root may anyway.</summary>
    /// <returns>True if it is permitted now, by this worker or another one; false if that changes nothing, or another user owns it.</returns>
    public bool TryOpenUp()
    {
        lock (Modes)
        {
            if (_closedMode is null && Destination is not null && FileStatus.TryGet(Destination, out FileStatus? status).Ok
                && (status!.Permissions & LibC.S_IRWXU) != LibC.S_IRWXU && LibC.ChangeMode(Destination, status.Permissions | LibC.S_IRWXU).Ok)
            {
                _closedMode = status.Permissions;
            }

            return _closedMode is not null;
        }
    }

    /// <summary>Takes back what <see cref="TryOpenUp"/> permitted.</summary>
    public void CloseUp()
    {
        lock (Modes)
        {
            if (_closedMode is uint mode)
            {
                LibC.ChangeMode(Destination!, mode);
                _closedMode = null;
            }
        }
    }

    /// <summary>Counts one more part of the directory that is not done yet.</summary>
    public void AddPending() => Interlocked.Increment(ref _pending);

    /// <summary>True if the part that is done was the last one.</summary>
    public bool RemovePending() => Interlocked.Decrement(ref _pending) == 0;

    public override string ToString() => DestinationPath;

    private string PathFrom(Func<TreeDirectory, string> root)
    {
        List<FileName> names = [];
        TreeDirectory top = this;
        while (top.Parent is { } parent)
        {
            names.Add(top.Name);
            top = parent;
        }

        var path = new StringBuilder(root(top).TrimEnd('/'));
        for (int i = names.Count - 1; i >= 0; i--)
        {
            path.Append('/').Append(names[i].ToString());
        }

        return path.Length == 0 ? "/" : path.ToString();
    }

    private sealed class SourceName(TreeDirectory directory)
    {
        public override string ToString() => directory.SourcePath;
    }
}

/// <summary>An entry of a directory that is copied. Its paths are built only where they are read: in a deep tree they are
/// long.</summary>
internal sealed class TreeEntry(TreeDirectory directory, FileName name)
{
    public TreeDirectory Directory => directory;

    public FileName Name => name;

    /// <summary>True if it is a symbolic link that stands for its target.</summary>
    public bool IsFollowed { get; private set; }

    public string SourcePath => TreeDirectory.Join(directory.SourcePath, name);

    public string DestinationPath => TreeDirectory.Join(directory.DestinationPath, name);

    /// <summary>Formats as the source's path.</summary>
    public object SourceLabel => this;

    /// <summary>Formats as the destination's path.</summary>
    public object DestinationLabel => new DestinationName(this);

    /// <summary>Finds the kind, if the directory does not report it or a link is to be followed.</summary>
    public DescriptorKind FindKind(DescriptorKind listed, bool followLinks)
    {
        DescriptorKind kind = listed == DescriptorKind.Other ? Look(followLink: false).Kind : listed;
        if (kind == DescriptorKind.SymbolicLink && followLinks)
        {
            IsFollowed = true;
            kind = Look(followLink: true).Kind;
        }

        return kind;
    }

    /// <summary>Queries the source, or what the link stands for.</summary>
    public FileStatus LookAtSource() => Look(IsFollowed);

    /// <summary>Queries what has the name in the destination; null for nothing.</summary>
    public FileStatus? LookAtDestination()
    {
        if (directory.IsPlanned)
        {
            return null;
        }

        SysResult looked = FileStatus.TryGet(directory.Destination!, name, followLink: false, out FileStatus? existing);
        return looked.Ok || looked.Errno == Errno.ENOENT ? existing : throw FileFailures.OpenDestination(DestinationPath, looked.Errno);
    }

    public override string ToString() => SourcePath;

    private FileStatus Look(bool followLink)
    {
        SysResult looked = FileStatus.TryGet(directory.Source!, name, followLink, out FileStatus? status);
        return looked.Ok ? status! : throw FileFailures.OpenSource(SourcePath, looked.Errno);
    }

    private sealed class DestinationName(TreeEntry entry)
    {
        public override string ToString() => entry.DestinationPath;
    }
}

/// <summary>Keeps the number of open directories small, however deep the tree. A directory that is not in use may be closed; it is
/// reopened as ".." of one of its own directories, and must be the same then.</summary>
internal sealed class DirectoryHandles : IDisposable
{
    public const int DirectoryFlags = LibC.O_RDONLY | LibC.O_NONBLOCK;

    private static readonly FileName Above = "..";

    private readonly object _lock = new();
    private readonly LinkedList<TreeDirectory> _open = new(); // the least recently used comes first
    private bool _isDisposed;

    /// <summary>Adds a directory that its user has just opened.</summary>
    public void Add(TreeDirectory directory)
    {
        lock (_lock)
        {
            directory.Pins = 1;
            _open.AddLast(directory);
            if (_isDisposed)
            {
                Close(directory);
            }
        }
    }

    /// <summary>Adds a user of a directory, and reopens it if it was closed.</summary>
    /// <exception cref="TransferException">It was closed, and something else is in its place.</exception>
    public void Pin(TreeDirectory directory, TreeDirectory? inside = null)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (directory.Source is null)
            {
                Reopen(directory, inside);
                _open.AddLast(directory);
            }

            directory.Pins++;
        }
    }

    public void Unpin(TreeDirectory directory)
    {
        lock (_lock)
        {
            directory.Pins--;
            if (directory.Pins == 0 && directory.Source is not null)
            {
                _open.Remove(directory);
                _open.AddLast(directory);
                CloseIdle(Tuning.IdleDirectories);
            }
        }
    }

    public void Close(TreeDirectory directory)
    {
        lock (_lock)
        {
            if (directory.Source is not null)
            {
                _open.Remove(directory);
                directory.CloseUp();
                directory.Source.Dispose();
                directory.Destination?.Dispose();
                directory.Source = null;
                directory.Destination = null;
            }
        }
    }

    /// <summary>Closes directories that are not in use, all of them where the process may open no more files.</summary>
    /// <returns>True if one was closed.</returns>
    public bool CloseIdle(int max = 0)
    {
        lock (_lock)
        {
            bool isClosed = false;
            LinkedListNode<TreeDirectory>? node = _open.First;
            for (int surplus = _open.Count - max; surplus > 0 && node is not null; surplus--)
            {
                LinkedListNode<TreeDirectory>? next = node.Next;
                if (node.Value.Pins == 0 && TrySaveOffset(node.Value))
                {
                    Close(node.Value);
                    isClosed = true;
                }

                node = next;
            }

            return isClosed;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            while (_open.First is { } first)
            {
                Close(first.Value);
            }
        }
    }

    /// <summary>A directory without an offset stays open.</summary>
    private static bool TrySaveOffset(TreeDirectory directory)
    {
        SysResult offset = LibC.Seek(directory.Source!, 0, SeekOrigin.Current);
        directory.Offset = offset.Value;
        return offset.Ok;
    }

    private void Reopen(TreeDirectory directory, TreeDirectory? inside)
    {
        SafeFileHandle source = OpenAbove(inside?.Source, directory.Status.Inode, directory.SourceLabel);
        try
        {
            SysResult sought = LibC.Seek(source, directory.Offset, SeekOrigin.Begin);
            if (!sought.Ok)
            {
                throw FileFailures.OpenSource(directory.SourcePath, sought.Errno);
            }

            directory.Destination = directory.IsPlanned ? null : OpenAbove(inside?.Destination, directory.DestinationIdentity, directory);
            directory.Source = source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private SafeFileHandle OpenAbove(SafeFileHandle? inside, FileIdentity identity, object label)
    {
        SafeFileHandle? handle = null;
        SysResult opened = new(-1, Errno.ENOENT);
        if (inside is not null)
        {
            do
            {
                opened = LibC.OpenAt(inside, Above, DirectoryFlags | LibC.O_DIRECTORY, 0, out handle);
            }
            while (opened.Errno is Errno.EMFILE or Errno.ENFILE && CloseIdle());
        }

        if (opened.Ok && FileStatus.TryGet(handle!, out FileStatus? status).Ok && status!.Inode == identity)
        {
            return handle!;
        }

        handle?.Dispose();
        string path = label.ToString()!;
        throw opened.Errno is Errno.None or Errno.ENOENT ? TreeErrors.Moved(path) : FileFailures.OpenSource(path, opened.Errno);
    }
}
