using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Walks a tree depth first. Each directory is opened in its parent and compared with what was found there, so that a
/// link put in its place does not redirect the walk.</summary>
internal static class TreeWalk
{
    private const int DirectoryFlags = LibC.O_RDONLY | LibC.O_NONBLOCK;

    /// <summary>Enumerates all items: each directory before its entries, and once more after them. The handle in an item is
    /// open until the next one.</summary>
    /// <param name="root">The directory at the top; a link there is followed.</param>
    /// <param name="followLinks">True to follow links. A link to a directory that it is in is not entered.</param>
    /// <param name="selects">Selects the items; null for all.</param>
    /// <param name="failed">Called for each directory that cannot be read, which then is as an empty one; null ends the walk there.</param>
    public static IEnumerable<TreeItem> Enumerate(
        string root, bool followLinks = false, Func<TreeItem, bool>? selects = null, Action<TransferException>? failed = null,
        CancellationToken cancellation = default)
    {
        var path = new Stack<Level>();
        SysResult opened = LibC.Open(root, DirectoryFlags | LibC.O_DIRECTORY, out SafeFileHandle top);
        try
        {
            FileStatus? status = null;
            opened = opened.Ok ? FileStatus.TryGet(top, out status) : opened;
            var item = new TreeItem(root, Parent: null, top, ".", status ?? throw FileFailures.OpenSource(root, opened.Errno), Errno.None);
            yield return item;
            path.Push(new Level(item, top));
            while (path.TryPeek(out Level? level))
            {
                cancellation.ThrowIfCancellationRequested();
                if (level.Reader.TryRead(level.Handle, out FileName name, out DescriptorKind listed, out SysResult read))
                {
                    SysResult looked = FileStatus.TryGet(level.Handle, name, followLinks, out status);
                    item = new TreeItem(root, level.Item, level.Handle, name, status, looked.Errno) { Listed = listed, IsFollowed = followLinks };
                    if (selects?.Invoke(item) == false)
                    {
                        continue;
                    }

                    yield return item;
                    if (item.Kind == DescriptorKind.Directory)
                    {
                        if (!IsLoop(item) && TryOpen(item, failed, cancellation) is { } directory)
                        {
                            path.Push(new Level(item, directory));
                        }
                        else
                        {
                            yield return item with { IsLeft = true };
                        }
                    }
                }
                else if (read.Ok || failed is not null)
                {
                    if (!read.Ok)
                    {
                        failed!(FileFailures.ListFolder(level.Item.Label, read.Errno));
                    }


                    yield return level.Item with { IsLeft = true };
                    path.Pop().Handle.Dispose();
                }
                else
                {
                    throw FileFailures.ListFolder(level.Item.Label, read.Errno);
                }
            }
        }
        finally
        {
            top.Dispose();
            foreach (Level level in path)
            {
                level.Handle.Dispose();
            }
        }
    }

    private static SafeFileHandle? TryOpen(TreeItem item, Action<TransferException>? failed, CancellationToken cancellation)
    {
        try
        {
            return item.Open(DirectoryFlags | LibC.O_DIRECTORY, cancellation);
        }
        catch (TransferException exception) when (failed is not null && exception.Id != TransferErrorId.Cancelled)
        {
            failed(exception);
            return null;
        }
    }

    /// <summary>True if a followed link leads to a directory that it is in.</summary>
    private static bool IsLoop(TreeItem item)
    {
        TreeItem? above = item.IsFollowed ? item.Parent : null;
        while (above is not null && above.Found?.Inode != item.Found?.Inode)
        {
            above = above.Parent;
        }

        return above is not null;
    }

    private sealed class Level(TreeItem item, SafeFileHandle handle)
    {
        public TreeItem Item => item;

        public SafeFileHandle Handle => handle;

        public DirectoryReader Reader;
    }
}

/// <summary>An item of a tree that is walked.</summary>
/// <param name="Parent">The directory that it is in; null for the top.</param>
/// <param name="Handle">That directory, open; the top itself for the top.</param>
/// <param name="Found">Its status; null where that could not be read.</param>
internal sealed record TreeItem(string Root, TreeItem? Parent, SafeFileHandle Handle, FileName Name, FileStatus? Found, Errno Errno)
{
    private byte[]? _path;

    /// <summary>True for a directory after its last entry.</summary>
    public bool IsLeft { get; init; }

    /// <summary>The kind that the directory reports.</summary>
    public DescriptorKind Listed { get; init; }

    /// <summary>True if it is the target of a symbolic link, where the name is one.</summary>
    public bool IsFollowed { get; init; }

    public DescriptorKind Kind => Found?.Kind ?? Listed;

    public FileStatus Status => Found ?? throw FileFailures.OpenSource(Label, Errno);

    public int Depth { get; } = Parent is null ? 0 : Parent.Depth + 1;

    /// <summary>The path from the tree's top: empty for the top itself, else it starts with a slash.</summary>
    public byte[] Path => _path ??= Parent is null ? [] : [.. Parent.Path, (byte)'/', .. Name.Bytes];

    /// <summary>The path for messages.</summary>
    public string Label => Root.TrimEnd('/') + Encoding.UTF8.GetString(Path);

    /// <summary>Opens the item itself, and not what was put in its place.</summary>
    /// <param name="flags">Flags for open(2), with O_NONBLOCK where it is read.</param>
    /// <exception cref="TransferException">It cannot be opened, or is another one by now.</exception>
    public SafeFileHandle Open(int flags, CancellationToken cancellation = default) => Open(flags, cancellation, out _);

    /// <summary>Opens the item itself, and returns its status as well.</summary>
    /// <exception cref="TransferException">It cannot be opened, or is another one by now.</exception>
    public SafeFileHandle Open(int flags, CancellationToken cancellation, out FileStatus status)
    {
        FileIdentity inode = Status.Inode;
        SysResult opened = LeasedFile.OpenAt(
            Handle, Name, flags | (IsFollowed ? 0 : LibC.O_NOFOLLOW), cancellation, out SafeFileHandle handle);
        if (opened.Ok && FileStatus.TryGet(handle, out FileStatus? found).Ok && found!.Inode == inode)
        {
            status = found;
            return handle;
        }

        handle.Dispose();
        throw opened.Ok || opened.Errno is Errno.ELOOP or Errno.ENOENT
            ? TreeErrors.Moved(Label)
            : FileFailures.OpenSource(Label, opened.Errno);
    }
}
