using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Comparing;

/// <summary>A name in a directory of two trees, with its kind on each side; null where it is missing.</summary>
internal readonly record struct PairedEntry(FileName Name, DescriptorKind? Reference, DescriptorKind? Difference)
{
    public bool HasDirectory => Reference == DescriptorKind.Directory || Difference == DescriptorKind.Directory;
}

/// <summary>A directory of two trees, or of one of them, and the names that it has there, in the order of their bytes.</summary>
internal sealed class PairedDirectory
{
    private readonly PairedDirectory? _parent;
    private readonly PathFilter? _filter;
    private readonly List<PairedEntry> _entries;
    private int _next;
    private bool _isOpen = true;

    private PairedDirectory(PairedDirectory? parent, PathFilter? filter, DirectorySide? reference, DirectorySide? difference)
    {
        _parent = parent;
        _filter = filter;
        (Reference, Difference) = (reference, difference);
        ThrowIfLoop();
        _entries = Merge(reference?.ReadEntries() ?? [], difference?.ReadEntries() ?? []);
    }

    /// <summary>Null if it is in the other tree only.</summary>
    public DirectorySide? Reference { get; }

    /// <summary>Null if it is in the other tree only.</summary>
    public DirectorySide? Difference { get; }

    /// <summary>The path from the top of the trees, without a slash at either end, if the filter needs it.</summary>
    private byte[] RelativePath { get; init; } = [];

    /// <summary>True if everything in it is included.</summary>
    private bool IsIncluded { get; init; }

    /// <summary>Opens the directories at the top; links there are followed.</summary>
    public static PairedDirectory OpenRoot(ComparisonRequest request) => Open(
        () => DirectorySide.OpenRoot(request.ReferencePath),
        () => DirectorySide.OpenRoot(request.DifferencePath),
        (reference, difference) => new PairedDirectory(null, request.Filter, reference, difference) { IsIncluded = request.ComparesFolders });

    /// <summary>Takes the next name.</summary>
    public bool TryTake(out PairedEntry entry)
    {
        bool found = _next < _entries.Count;
        entry = found ? _entries[_next++] : default;
        return found;
    }

    /// <summary>Finds the kinds that the directories did not report.</summary>
    public PairedEntry FindKinds(PairedEntry entry) => entry with
    {
        Reference = Reference?.FindKind(entry.Name, entry.Reference),
        Difference = Difference?.FindKind(entry.Name, entry.Difference),
    };

    /// <summary>Takes away the sides that the filter leaves out.</summary>
    public PairedEntry Select(PairedEntry entry) =>
        entry with { Reference = Select(entry.Name, entry.Reference), Difference = Select(entry.Name, entry.Difference) };

    /// <summary>True if an entry is compared itself: not a directory in which only some files are included.</summary>
    public bool Compares(PairedEntry entry) =>
        (entry.Reference ?? entry.Difference) is not null
        && (IsIncluded || IncludesAllOf(entry.Name)
            || entry is not { Reference: null or DescriptorKind.Directory, Difference: null or DescriptorKind.Directory });

    /// <summary>Opens the directories of a name, on the sides where it is one.</summary>
    public PairedDirectory Enter(PairedEntry entry) => Open(
        () => entry.Reference == DescriptorKind.Directory ? Reference!.Enter(entry.Name) : null,
        () => entry.Difference == DescriptorKind.Directory ? Difference!.Enter(entry.Name) : null,
        (reference, difference) => new PairedDirectory(this, _filter, reference, difference)
        {
            RelativePath = _filter?.PathOf(RelativePath, entry.Name) ?? [],
            IsIncluded = IsIncluded || IncludesAllOf(entry.Name),
        });

    /// <summary>Formats as the path of a name from the top of the trees.</summary>
    public object PathTo(FileName name) => (Reference ?? Difference)!.RelativePathTo(name);

    public void AddUser()
    {
        Reference?.AddUser();
        Difference?.AddUser();
    }

    public void RemoveUser()
    {
        Reference?.RemoveUser();
        Difference?.RemoveUser();
    }

    /// <summary>Closes it for the walk; its handles stay open as long as they have other users.</summary>
    public void Close()
    {
        if (_isOpen)
        {
            _isOpen = false;
            RemoveUser();
        }
    }

    /// <summary>Opens it for the walk again, as ".." of a directory in it.</summary>
    public void Reopen(PairedDirectory inside)
    {
        if (_isOpen)
        {
            return;
        }

        Reference?.Reopen(inside.Reference);
        try
        {
            Difference?.Reopen(inside.Difference);
            _isOpen = true;
        }
        catch
        {
            Reference?.RemoveUser();
            throw;
        }
    }

    private static PairedDirectory Open(
        Func<DirectorySide?> openReference, Func<DirectorySide?> openDifference, Func<DirectorySide?, DirectorySide?, PairedDirectory> pair)
    {
        DirectorySide? reference = null;
        DirectorySide? difference = null;
        try
        {
            reference = openReference();
            difference = openDifference();
            return pair(reference, difference);
        }
        catch
        {
            reference?.RemoveUser();
            difference?.RemoveUser();
            throw;
        }
    }

    private DescriptorKind? Select(FileName name, DescriptorKind? kind) =>
        kind is not null && _filter?.Selects(RelativePath, name.Bytes, kind == DescriptorKind.Directory, IsIncluded) == false ? null : kind;

    private bool IncludesAllOf(FileName name) => _filter?.IncludesFolder(RelativePath, name.Bytes) == true;

    private void ThrowIfLoop()
    {
        for (PairedDirectory? above = _parent; above is not null; above = above._parent)
        {
            if (Reference is not null && above.Reference?.Inode == Reference.Inode)
            {
                throw ComparisonErrors.Loop(Reference.Path);
            }

            if (Difference is not null && above.Difference?.Inode == Difference.Inode)
            {
                throw ComparisonErrors.Loop(Difference.Path);
            }
        }
    }

    private static List<PairedEntry> Merge(List<(FileName Name, DescriptorKind Kind)> reference, List<(FileName Name, DescriptorKind Kind)> difference)
    {
        var entries = new List<PairedEntry>(Math.Max(reference.Count, difference.Count));
        (int i, int j) = (0, 0);
        while (i < reference.Count || j < difference.Count)
        {
            int order = i == reference.Count ? 1 : j == difference.Count ? -1
                : reference[i].Name.Bytes.SequenceCompareTo(difference[j].Name.Bytes);
            entries.Add(new PairedEntry(
                order <= 0 ? reference[i].Name : difference[j].Name, order <= 0 ? reference[i].Kind : null, order >= 0 ? difference[j].Kind : null));
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return entries;
    }
}

/// <summary>A directory of one tree, open as long as it has users. It is reached through the directory above it, so that a link put in
/// its place does not redirect the walk.</summary>
internal sealed class DirectorySide
{
    private const int Flags = LibC.O_RDONLY | LibC.O_NONBLOCK;

    private static readonly FileName This = ".";
    private static readonly FileName Above = "..";

    private readonly string _root;
    private readonly DirectorySide? _parent;
    private readonly FileName _name;
    private SafeFileHandle _handle;
    private int _users = 1;

    private DirectorySide(string root, DirectorySide? parent, FileName name, SafeFileHandle handle)
    {
        (_root, _parent, _name, _handle) = (root, parent, name, handle);
        SysResult looked = FileStatus.TryGet(handle, out FileStatus? status);
        Inode = looked.Ok ? status!.Inode : throw FileFailures.OpenSource(Path, looked.Errno);
    }

    public FileIdentity Inode { get; }

    public SafeFileHandle Handle => _handle;

    public string Path => PathTo(This).ToString()!;

    public static DirectorySide OpenRoot(string path)
    {
        SysResult opened = LibC.Open(path, Flags | LibC.O_DIRECTORY, out SafeFileHandle handle);
        return Own(opened, path, null, This, handle);
    }

    public DirectorySide Enter(FileName name)
    {
        SysResult opened = LibC.OpenAt(_handle, name, Flags | LibC.O_DIRECTORY | LibC.O_NOFOLLOW, 0, out SafeFileHandle handle);
        return Own(opened, _root, this, name, handle);
    }

    /// <summary>Reads the names, in the order of their bytes.</summary>
    public List<(FileName Name, DescriptorKind Kind)> ReadEntries()
    {
        List<(FileName Name, DescriptorKind Kind)> entries = [];
        var reader = default(DirectoryReader);
        SysResult read;
        while (reader.TryRead(_handle, out FileName name, out DescriptorKind kind, out read))
        {
            entries.Add((name, kind));
        }

        if (!read.Ok)
        {
            throw FileFailures.ListFolder(Path, read.Errno);
        }

        entries.Sort((one, other) => one.Name.Bytes.SequenceCompareTo(other.Name.Bytes));
        return entries;
    }

    public DescriptorKind? FindKind(FileName name, DescriptorKind? listed)
    {
        if (listed != DescriptorKind.Other)
        {
            return listed;
        }

        SysResult looked = FileStatus.TryGet(_handle, name, followLink: false, out FileStatus? status);
        return looked.Ok ? status!.Kind : throw FileFailures.OpenSource(PathTo(name).ToString()!, looked.Errno);
    }

    /// <summary>Formats as the path of a name.</summary>
    public object PathTo(FileName name) => new EntryPath(this, name, FromRoot: true);

    /// <summary>Formats as the path of a name from the top of the tree.</summary>
    public object RelativePathTo(FileName name) => new EntryPath(this, name, FromRoot: false);

    public void AddUser()
    {
        lock (this)
        {
            _users++;
        }
    }

    public void RemoveUser()
    {
        lock (this)
        {
            _users--;
            if (_users == 0)
            {
                _handle.Dispose();
            }
        }
    }

    public void Reopen(DirectorySide? inside)
    {
        lock (this)
        {
            if (_users > 0)
            {
                _users++;
                return;
            }

            SysResult opened = inside is null
                ? new SysResult(-1, Errno.ENOENT)
                : LibC.OpenAt(inside._handle, Above, Flags | LibC.O_DIRECTORY, 0, out _handle);
            if (opened.Ok && FileStatus.TryGet(_handle, out FileStatus? status).Ok && status!.Inode == Inode)
            {
                _users = 1;
                return;
            }

            _handle.Dispose();
            throw opened.Errno is Errno.None or Errno.ENOENT ? ComparisonErrors.Changed(Path) : FileFailures.OpenSource(Path, opened.Errno);
        }
    }

    private static DirectorySide Own(SysResult opened, string root, DirectorySide? parent, FileName name, SafeFileHandle handle)
    {
        try
        {
            return opened.Ok
                ? new DirectorySide(root, parent, name, handle)
                : throw OpenFailed(opened.Errno, parent is null ? root : parent.PathTo(name).ToString()!);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static TransferException OpenFailed(Errno errno, string path) =>
        errno is Errno.ELOOP or Errno.ENOENT or Errno.ENOTDIR ? ComparisonErrors.Changed(path) : FileFailures.OpenSource(path, errno);

    /// <summary>A path that is built only where it is read: in a deep tree it is long.</summary>
    private sealed record EntryPath(DirectorySide Directory, FileName Name, bool FromRoot)
    {
        public override string ToString()
        {
            Stack<FileName> names = [];
            if (!Name.Bytes.SequenceEqual(This.Bytes))
            {
                names.Push(Name);
            }

            for (DirectorySide side = Directory; side._parent is not null; side = side._parent)
            {
                names.Push(side._name);
            }

            var path = new StringBuilder(FromRoot ? Directory._root.TrimEnd('/') : string.Empty);
            foreach (FileName name in names)
            {
                path.Append(path.Length > 0 || FromRoot ? "/" : string.Empty).Append(name.ToString());
            }

            return path.Length > 0 ? path.ToString() : FromRoot ? "/" : ".";
        }
    }
}
