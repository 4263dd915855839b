using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>The current directory in a source tree, which moves down and up.</summary>
internal interface ISourceFolder : IDisposable
{
    /// <summary>The path, for messages.</summary>
    string Path { get; }

    bool IsMountRoot { get; }

    /// <summary>The path of an entry, for messages.</summary>
    string PathOf(FileName name);

    /// <summary>True if the filter selects an entry of the directory.</summary>
    bool Selects(FileName name, bool isFolder);

    SysResult TryEnter(FileName name);

    void Leave();

    SysResult Read(out Dictionary<FileName, DescriptorKind> entries);

    /// <summary>False if an entry is missing.</summary>
    bool Has(FileName name);
}

/// <summary>An open directory of a tree. It moves down and up with one descriptor, however deep the tree is, and through no
/// link.</summary>
internal sealed class FolderCursor : ISourceFolder
{
    public static readonly int Flags = LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NONBLOCK | LibC.O_NOFOLLOW;

    private const uint SearchableByAll = 0x49; // 0111

    private static readonly FileName Above = "..";
    private static readonly FileName Self = ".";

    private readonly string _root;
    private readonly PathFilter? _filter;
    private readonly Stack<(FileName Name, FileStatus Above, byte[] RelativePath, bool IsIncluded)> _path = [];

    private FolderCursor(string root, PathFilter? filter, SafeFileHandle handle, FileStatus status)
    {
        _root = root.TrimEnd('/');
        _filter = filter;
        Handle = handle;
        Status = status;
    }

    public SafeFileHandle Handle { get; private set; }

    public FileStatus Status { get; private set; }

    /// <summary>True for the root of a mount or of a btrfs subvolume.</summary>
    public bool IsMountRoot => Status.IsMountRoot
        || (_path.TryPeek(out var level) && level.Above.Inode.Device != Status.Inode.Device);

    /// <summary>The path from the top of the tree, without a slash at either end, if a filter needs it.</summary>
    public byte[] RelativePath { get; private set; } = [];

    /// <summary>True if the filter includes everything in the directory.</summary>
    public bool IsIncluded { get; private set; }

    /// <summary>The names from the top of the tree.</summary>
    public FileName[] Names => [.. _path.Select(level => level.Name).Reverse()];

    /// <summary>The path, for messages.</summary>
    public string Path => string.Concat([_root, .. Names.Select(name => $"/{name}")]) is { Length: > 0 } path ? path : "/";

    /// <summary>Opens the top of a tree once more.</summary>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="filter">Selects the entries; null for all.</param>
    /// <param name="place">Where the directory is in the tree that the filter is for; null for its top.</param>
    /// <param name="includesAll">True if the filter includes everything in the directory.</param>
    public static FolderCursor At(SafeHandle top, string path, PathFilter? filter, TreeDirectory? place = null, bool includesAll = false)
    {
        SysResult opened = Open(top, Self, out SafeFileHandle handle, out FileStatus? status);
        if (!opened.Ok)
        {
            handle.Dispose();
            throw FileFailures.OpenSource(path, opened.Errno);
        }

        return new FolderCursor(path, filter, handle, status!) { RelativePath = place?.Path ?? [], IsIncluded = includesAll || place?.IsIncluded == true };
    }

    /// <summary>The path of an entry, for messages.</summary>
    public string PathOf(FileName name) => TreeDirectory.Join(Path, name);

    /// <summary>True if the filter selects an entry of the directory.</summary>
    public bool Selects(FileName name, bool isFolder) =>
        _filter?.Selects(RelativePath, name.Bytes, isFolder, IsIncluded) != false;

    public SysResult TryEnter(FileName name)
    {
        SysResult opened = Open(Handle, name, out SafeFileHandle inner, out FileStatus? status);
        if (opened.Ok && (status!.Permissions & SearchableByAll) != SearchableByAll)
        {
            // Without search permission no entry can be examined, nor is there a way back by "..".
            opened = FileStatus.TryGet(inner, Above, followLink: false, out _);
        }

        if (!opened.Ok)
        {
            inner.Dispose();
            return opened;
        }

        _path.Push((name, Status, RelativePath, IsIncluded));
        IsIncluded = IsIncluded || _filter?.IncludesFolder(RelativePath, name.Bytes) == true;
        RelativePath = _filter?.PathOf(RelativePath, name) ?? [];
        Replace(inner, status!);
        return opened;
    }

    /// <exception cref="TransferException">The directory was moved since it was entered.</exception>
    public void Leave()
    {
        SysResult opened = Open(Handle, Above, out SafeFileHandle above, out FileStatus? status);
        if (!opened.Ok || status!.Inode != _path.Peek().Above.Inode)
        {
            above.Dispose();
            throw TreeErrors.Moved(Path);
        }

        (_, _, RelativePath, IsIncluded) = _path.Pop();
        Replace(above, status);
    }

    public bool Has(FileName name) => FileStatus.TryGet(Handle, name, followLink: false, out _).Errno != Errno.ENOENT;

    /// <summary>Reads the entries. The kind is <see cref="DescriptorKind.Other"/> where the file system does not report it.</summary>
    public SysResult Read(out Dictionary<FileName, DescriptorKind> entries)
    {
        entries = [];
        var reader = default(DirectoryReader);
        SysResult result;
        while (reader.TryRead(Handle, out FileName name, out DescriptorKind kind, out result))
        {
            if (kind == DescriptorKind.Other && FileStatus.TryGet(Handle, name, followLink: false, out FileStatus? status).Ok)
            {
                kind = status!.Kind;
            }

            entries[name] = kind;
        }

        return result;
    }

    /// <summary>Permits this user to remove entries of an own directory that is read-only, as root may anyway.</summary>
    /// <returns>True if that was changed.</returns>
    public bool TryOpenUp() =>
        LibC.EffectiveUserId != 0 && Status.UserId == LibC.EffectiveUserId && (Status.Permissions & LibC.S_IRWXU) != LibC.S_IRWXU
        && LibC.ChangeMode(Handle, Status.Permissions | LibC.S_IRWXU).Ok;

    public void Dispose() => Handle.Dispose();

    private static SysResult Open(SafeHandle folder, FileName name, out SafeFileHandle handle, out FileStatus? status)
    {
        status = null;
        SysResult opened = LibC.OpenAt(folder, name, Flags, 0, out handle);
        return opened.Ok ? FileStatus.TryGet(handle, out status) : opened;
    }

    private void Replace(SafeFileHandle handle, FileStatus status)
    {
        Handle.Dispose();
        (Handle, Status) = (handle, status);
    }
}
