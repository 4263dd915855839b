using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Keeps the number of open folders small, however deep the tree. A folder that nobody uses at present may be
/// closed; it is opened again from one of its own folders by "..", and must be the same then.</summary>
internal sealed class FolderHandles : IDisposable
{
    public const int FolderFlags = OpenFlags.ReadOnly | OpenFlags.NonBlock;
    private const int MostIdle = 64;

    private static readonly FileName Above = "..";

    private readonly object _lock = new();
    private readonly LinkedList<TreeFolder> _open = new(); // the one longest not used comes first
    private bool _disposed;

    /// <summary>Takes a folder in that has just been opened, and that its opener uses.</summary>
    public void Add(TreeFolder folder)
    {
        lock (_lock)
        {
            folder.Pins = 1;
            _open.AddLast(folder);
            if (_disposed)
            {
                CloseNow(folder);
            }
        }
    }

    /// <summary>Says that somebody more uses a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="inside">A folder in it that is open.</param>
    /// <exception cref="TransferException">It was closed, and is not where it was.</exception>
    public void Pin(TreeFolder folder, TreeFolder? inside = null)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (folder.Source is null)
            {
                folder.Source = OpenAbove(inside?.Source, folder.Status.Inode, folder.SourceLabel);
                try
                {
                    SysResult sought = LibC.Seek(folder.Source, folder.Position, SeekOrigin.Begin);
                    if (!sought.Ok)
                    {
                        throw FileFailures.OpenSource(folder.SourcePath, sought.Errno);
                    }

                    folder.Destination = OpenAbove(inside?.Destination, folder.DestinationIdentity, folder);
                }
                catch
                {
                    folder.Source.Dispose();
                    folder.Source = null;
                    throw;
                }

                _open.AddLast(folder);
            }

            folder.Pins++;
        }
    }

    /// <summary>Says that somebody uses a folder no more.</summary>
    public void Unpin(TreeFolder folder)
    {
        lock (_lock)
        {
            folder.Pins--;
            if (folder.Pins == 0 && folder.Source is not null)
            {
                _open.Remove(folder);
                _open.AddLast(folder);
                CloseIdle(MostIdle);
            }
        }
    }

    /// <summary>Closes a folder that is done with.</summary>
    public void Close(TreeFolder folder)
    {
        lock (_lock)
        {
            if (folder.Source is not null)
            {
                CloseNow(folder);
            }
        }
    }

    /// <summary>Makes room where the process may open no more files. False: there is none to be made.</summary>
    public bool CloseIdle()
    {
        lock (_lock)
        {
            return CloseIdle(most: 0);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_open.First is { } first)
            {
                CloseNow(first.Value);
            }
        }
    }

    private bool CloseIdle(int most)
    {
        bool closed = false;
        LinkedListNode<TreeFolder>? node = _open.First;
        for (int surplus = _open.Count - most; surplus > 0 && node is not null; surplus--)
        {
            LinkedListNode<TreeFolder>? next = node.Next;
            if (node.Value.Pins == 0 && TryKeepPlace(node.Value))
            {
                CloseNow(node.Value);
                closed = true;
            }

            node = next;
        }

        return closed;
    }

    /// <summary>Where reading it goes on later. A folder that does not tell stays open.</summary>
    private static bool TryKeepPlace(TreeFolder folder)
    {
        SysResult place = LibC.Seek(folder.Source!, 0, SeekOrigin.Current);
        folder.Position = place.Value;
        return place.Ok;
    }

    private void CloseNow(TreeFolder folder)
    {
        _open.Remove(folder);
        folder.Source!.Dispose();
        folder.Destination!.Dispose();
        folder.Source = null;
        folder.Destination = null;
    }

    private SafeFileHandle OpenAbove(SafeFileHandle? inside, FileIdentity identity, object label)
    {
        SafeFileHandle? handle = null;
        SysResult opened = new(-1, Errno.ENOENT);
        if (inside is not null)
        {
            do
            {
                opened = LibC.OpenAt(inside, Above, FolderFlags | OpenFlags.Directory, 0, out handle);
            }
            while (opened.Errno is Errno.EMFILE or Errno.ENFILE && CloseIdle(most: 0));
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
