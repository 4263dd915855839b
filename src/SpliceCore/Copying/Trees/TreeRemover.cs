using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Removes trees, the deepest entries first, or counts their entries. Each entry is reached through the open directory in which it was found: a link
/// put in its place is not followed, and no mount point is entered.</summary>
/// <param name="removes">Selects what is removed, a directory before its entries; null for everything. What it rejects stays, and the
/// directories above it.</param>
/// <param name="failed">Receives the error of each entry that cannot be removed. The directories above it stay without errors of
/// their own.</param>
internal sealed class TreeRemover(Func<RemovalEntry, bool>? removes, Action<TransferException> failed, CancellationToken cancellation)
{
    private const int MaxReads = 3; // of a directory in which entries appear

    private readonly List<RemovalFolder> _open = []; // from the top

    /// <summary>True to count what would be removed, and to change nothing.</summary>
    public bool CountsOnly { get; init; }

    /// <summary>Receives each entry that was removed; null for none.</summary>
    public Action<RemovalEntry>? Removed { get; init; }

    /// <summary>Number of entries removed that were not directories.</summary>
    public long Files { get; private set; }

    /// <summary>Number of directories removed.</summary>
    public long Directories { get; private set; }

    /// <summary>Removes an entry, with everything in it if it is a directory.</summary>
    /// <param name="folder">The directory of the entry, whose permissions are not changed.</param>
    /// <param name="folderPath">Its path, for messages.</param>
    /// <returns>True if nothing is left of it.</returns>
    /// <exception cref="TransferException">The way back up was lost: another process moved a directory.</exception>
    public bool Remove(SafeFileHandle folder, FileName name, string folderPath)
    {
        var top = new RemovalFolder(folderPath, folder);
        RemovalFolder current = top;
        try
        {
            RemoveEntry(top, name);
            while (current != top || current.Pending.Count > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!current.Pending.TryPop(out RemovalEntry? next))
                {
                    current = Leave(current);
                }
                else if (TryEnter(next) is { } entered)
                {
                    current = entered;
                    RemoveEntries(current);
                }
            }

            return !top.IsKept;
        }
        catch
        {
            for (; current != top; current = current.Parent!)
            {
                current.RestoreMode();
                TryReach(current.Parent!, current);
                Close(current);
            }

            throw;
        }
    }

    private void RemoveEntries(RemovalFolder folder)
    {
        folder.Reads++;
        var reader = default(DirectoryReader);
        SysResult read;
        while (reader.TryRead(folder.Handle!, out FileName name, out _, out read))
        {
            cancellation.ThrowIfCancellationRequested();
            RemoveEntry(folder, name);
        }

        if (!read.Ok)
        {
            Keep(folder, FileFailures.Remove(folder.Path, read.Errno));
        }
    }

    private void RemoveEntry(RemovalFolder folder, FileName name)
    {
        FileStatus? status = null;
        SysResult result = WithPermission(folder, directory => FileStatus.TryGet(directory, name, followLink: false, out status));
        if (!result.Ok)
        {
            KeepUnlessGone(folder, name, result.Errno);
            return;
        }

        var entry = new RemovalEntry(folder, name, status!);
        if (removes?.Invoke(entry) == false)
        {
            folder.IsKept = true;
        }
        else if (status!.IsMountRoot)
        {
            Keep(folder, FileFailures.Remove(entry.Path, Errno.EBUSY));
        }
        else if (status.Kind == DescriptorKind.Directory)
        {
            folder.Pending.Push(entry);
        }
        else if (!CountsOnly && WithPermission(folder, directory => LibC.UnlinkAt(directory, name)) is { Ok: false } failure)
        {
            KeepUnlessGone(folder, name, failure.Errno);
        }
        else
        {
            Files++;
            Removed?.Invoke(entry);
        }
    }

    /// <returns>Null if the directory stays.</returns>
    private RemovalFolder? TryEnter(RemovalEntry entry)
    {
        RemovalFolder parent = entry.Folder;
        uint? oldMode = null;
        SysResult opened = Open(parent.Handle!, entry.Name, out SafeFileHandle handle);
        if (opened.Errno == Errno.EACCES && !CountsOnly && TryChangeMode(entry, entry.Status.Permissions | LibC.S_IRWXU))
        {
            oldMode = entry.Status.Permissions;
            opened = Open(parent.Handle!, entry.Name, out handle);
        }

        FileStatus? status = null;
        if (opened.Ok && FileStatus.TryGet(handle, out status).Ok && status!.Inode == entry.Status.Inode && !status.IsMountRoot)
        {
            var entered = new RemovalFolder(entry, handle) { OldMode = oldMode };
            Add(entered);
            return entered;
        }

        handle.Dispose();
        if (oldMode is uint mode)
        {
            TryChangeMode(entry, mode);
        }

        Keep(parent, opened.Ok || opened.Errno is Errno.ELOOP or Errno.ENOTDIR or Errno.ENOENT
            ? TreeErrors.Moved(entry.Path)
            : FileFailures.Remove(entry.Path, opened.Errno));
        return null;
    }

    /// <summary>Removes a directory that was emptied.</summary>
    /// <returns>The parent; the directory itself if entries have appeared in it.</returns>
    private RemovalFolder Leave(RemovalFolder folder)
    {
        RemovalFolder parent = folder.Parent!;
        if (!TryReach(parent, folder))
        {
            throw TreeErrors.Moved(parent.Path);
        }

        if (!folder.IsKept)
        {
            SysResult removed = CountsOnly ? default : WithPermission(parent, directory =>
                FileStatus.TryGet(directory, folder.Name, followLink: false, out FileStatus? there).Ok && there!.Inode == folder.Status!.Inode
                    ? LibC.RemoveDirectoryAt(directory, folder.Name)
                    : new SysResult(-1, Errno.ESTALE));
            if (removed.Errno == Errno.ENOTEMPTY && folder.Reads < MaxReads && LibC.Seek(folder.Handle!, 0, SeekOrigin.Begin).Ok)
            {
                RemoveEntries(folder);
                return folder;
            }

            if (removed.Ok)
            {
                Directories++;
                Removed?.Invoke(new RemovalEntry(parent, folder.Name, folder.Status!));
            }
            else
            {
                Keep(folder, removed.Errno is Errno.ESTALE ? TreeErrors.Moved(folder.Path) : FileFailures.Remove(folder.Path, removed.Errno));
            }
        }

        if (folder.IsKept)
        {
            folder.RestoreMode();
            parent.IsKept = true;
        }

        Close(folder);
        return parent;
    }

    private void KeepUnlessGone(RemovalFolder folder, FileName name, Errno errno)
    {
        if (errno != Errno.ENOENT)
        {
            Keep(folder, FileFailures.Remove(TreeDirectory.Join(folder.Path, name), errno));
        }
    }

    private void Keep(RemovalFolder folder, TransferException error)
    {
        folder.IsKept = true;
        failed(error);
    }

    /// <summary>A directory of the user's own without write permission, as copies of read-only ones are, is made writable during the removal.</summary>
    private SysResult WithPermission(RemovalFolder folder, Func<SafeFileHandle, SysResult> call)
    {
        SysResult result = call(folder.Handle!);
        return result.Errno == Errno.EACCES && !CountsOnly && folder.TryMakeWritable() ? call(folder.Handle!) : result;
    }

    private static bool TryChangeMode(RemovalEntry entry, uint mode)
    {
        if (entry.Status.UserId != LibC.EffectiveUserId)
        {
            return false;
        }

        SysResult opened = LibC.OpenAt(entry.Folder.Handle!, entry.Name, LibC.O_PATH | LibC.O_NOFOLLOW | LibC.O_DIRECTORY, 0, out SafeFileHandle path);
        using (path)
        {
            return opened.Ok && FileStatus.TryGet(path, out FileStatus? status).Ok && status!.Inode == entry.Status.Inode
                && LibC.ChangeModeOfPath(path, mode).Ok;
        }
    }

    /// <summary>Opens a directory; where the process may open no more files, it closes others.</summary>
    private SysResult Open(SafeFileHandle directory, FileName name, out SafeFileHandle handle)
    {
        const int Flags = LibC.O_RDONLY | LibC.O_NONBLOCK;
        while (true)
        {
            SysResult opened = LibC.OpenAt(directory, name, Flags | LibC.O_DIRECTORY | LibC.O_NOFOLLOW, 0, out handle);
            if (opened.Errno is not (Errno.EMFILE or Errno.ENFILE) || _open.Count < 2)
            {
                return opened;
            }

            handle.Dispose();
            Close(_open[0]);
        }
    }

    private void Add(RemovalFolder folder)
    {
        _open.Add(folder);
        if (_open.Count > Tuning.IdleDirectories)
        {
            Close(_open[0]);
        }
    }

    private void Close(RemovalFolder folder)
    {
        _open.Remove(folder);
        folder.Handle?.Dispose();
        folder.Handle = null;
    }

    /// <summary>Reopens the parent of an open directory if it was closed.</summary>
    private bool TryReach(RemovalFolder parent, RemovalFolder inside)
    {
        if (parent.Handle is not null)
        {
            return true;
        }

        if (inside.Handle is not null && Open(inside.Handle, "..", out SafeFileHandle handle).Ok)
        {
            if (FileStatus.TryGet(handle, out FileStatus? status).Ok && status!.Inode == parent.Status!.Inode)
            {
                parent.Handle = handle;
                _open.Insert(0, parent);
                return true;
            }

            handle.Dispose();
        }

        return false;
    }
}

/// <summary>An entry that is about to be removed, or was.</summary>
/// <param name="Folder">Its directory, which is open.</param>
/// <param name="Status">Its status, without following a link.</param>
internal sealed record RemovalEntry(RemovalFolder Folder, FileName Name, FileStatus Status)
{
    /// <summary>The path for messages.</summary>
    public string Path => TreeDirectory.Join(Folder.Path, Name);
}

/// <summary>A directory from which entries are removed.</summary>
internal sealed class RemovalFolder
{
    private readonly string? _path;

    public RemovalFolder(string path, SafeFileHandle handle) => (_path, Handle) = (path, handle);

    public RemovalFolder(RemovalEntry entry, SafeFileHandle handle) =>
        (Parent, Name, Status, Handle) = (entry.Folder, entry.Name, entry.Status, handle);

    /// <summary>Null for the directory of the entry at the top.</summary>
    public RemovalFolder? Parent { get; }

    public FileName Name { get; }

    public FileStatus? Status { get; }

    /// <summary>Null while it is closed because too many are open.</summary>
    public SafeFileHandle? Handle { get; set; }

    /// <summary>Its directories that are still to be entered.</summary>
    public Stack<RemovalEntry> Pending { get; } = new();

    public int Reads { get; set; }

    /// <summary>True if something in it stays.</summary>
    public bool IsKept { get; set; }

    /// <summary>The mode before it was made writable; null if it was not.</summary>
    public uint? OldMode { get; set; }

    public string Path
    {
        get
        {
            List<FileName> names = [];
            RemovalFolder top = this;
            for (; top.Parent is not null; top = top.Parent)
            {
                names.Add(top.Name);
            }

            var path = new StringBuilder(top._path!.TrimEnd('/'));
            for (int i = names.Count - 1; i >= 0; i--)
            {
                path.Append('/').Append(names[i].ToString());
            }

            return path.Length == 0 ? "/" : path.ToString();
        }
    }

    public bool TryMakeWritable()
    {
        bool mayTry = Parent is not null && OldMode is null && Status!.UserId == LibC.EffectiveUserId;
        if (!mayTry || !LibC.ChangeMode(Handle!, Status!.Permissions | LibC.S_IRWXU).Ok)
        {
            return false;
        }

        OldMode = Status.Permissions;
        return true;
    }

    public void RestoreMode()
    {
        if (OldMode is uint mode && Handle is not null)
        {
            LibC.ChangeMode(Handle, mode);
        }
    }
}
