using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Files with several names in the sources of a command, also those that are not copied. The sources are read when the first
/// file is looked up. Thread-safe.</summary>
internal sealed class LinkedSources
{
    private readonly HashSet<string> _paths = [];
    private readonly Queue<(string Path, bool IsTree, bool FollowLinks)> _unread = new();
    private readonly HashSet<FileIdentity> _files = [];

    public void Add(string path, bool isTree, bool followLinks)
    {
        lock (_files)
        {
            if (_paths.Add(path))
            {
                _unread.Enqueue((path, isTree, followLinks));
            }
        }
    }

    /// <summary>True if a file has a name in one of the sources.</summary>
    /// <exception cref="TransferException">A source cannot be read. The next call reads it again.</exception>
    public bool Contains(FileStatus file, CancellationToken cancellation)
    {
        if (file.LinkCount <= 1)
        {
            return false;
        }

        lock (_files)
        {
            while (_unread.TryPeek(out (string Path, bool IsTree, bool FollowLinks) source))
            {
                Read(source.Path, source.IsTree, source.FollowLinks, cancellation);
                _unread.Dequeue();
            }

            return _files.Contains(file.Inode);
        }
    }

    private void Read(string path, bool isTree, bool followLinks, CancellationToken cancellation)
    {
        try
        {
            SysResult looked = FileStatus.TryGet(path, followLinks, out FileStatus? top);
            if (!isTree || top is not { Kind: DescriptorKind.Directory })
            {
                Add(top ?? throw FileFailures.OpenSource(path, looked.Errno));
                return;
            }

            foreach (TreeItem item in TreeWalk.Enumerate(path, followLinks, failed: ThrowIfReachable, cancellation: cancellation))
            {
                if (item.Found is { } found)
                {
                    Add(found);
                }
                else
                {
                    ThrowIfReachable(FileFailures.OpenSource(item.Label, item.Errno));
                }
            }
        }
        catch (TransferException exception) when (IsUnreachable(exception))
        {
            // There is nothing to copy.
        }
    }

    private void Add(FileStatus file)
    {
        if (file is { Kind: DescriptorKind.Regular, LinkCount: > 1 })
        {
            _files.Add(file.Inode);
        }
    }

    private static void ThrowIfReachable(TransferException exception)
    {
        if (!IsUnreachable(exception))
        {
            throw exception;
        }
    }

    /// <summary>True if the item is gone, or this user may not reach it: the copy cannot read it either.</summary>
    private static bool IsUnreachable(TransferException exception) =>
        exception.Errno is Errno.ENOENT or Errno.ESTALE or Errno.ENOTDIR or Errno.ELOOP or Errno.EACCES or Errno.EPERM;
}
