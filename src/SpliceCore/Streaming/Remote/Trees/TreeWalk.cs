using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Goes through a tree: each folder before what is in it, and once more behind that. Links are not followed, except the
/// tree's top, and nobody leads it elsewhere by putting a link in a folder's place.</summary>
internal static class TreeWalk
{
    private const int BufferSize = 32 * 1024;

    private static readonly FileName Here = ".";
    private static readonly int FolderFlags = OpenFlags.ReadOnly | OpenFlags.NonBlock | OpenFlags.Directory;

    /// <summary>All items. A handle in them is open until the next one.</summary>
    /// <param name="root">The tree's top.</param>
    /// <exception cref="TransferException">Something cannot be read.</exception>
    public static IEnumerable<TreeItem> Of(string root)
    {
        SysResult opened = LibC.Open(root, FolderFlags, out SafeFileHandle top);
        var path = new Stack<Level>();
        try
        {
            FileStatus? status = null;
            opened = opened.Ok ? FileStatus.TryGet(top, out status) : opened;
            if (!opened.Ok)
            {
                throw FileFailures.OpenSource(root, opened.Errno);
            }

            var item = new TreeItem(top, Here, [], status!, root);
            yield return item;
            path.Push(new Level(item, top, Names(top, item)));
            while (path.TryPeek(out Level? level))
            {
                if (level.Names.TryDequeue(out FileName name))
                {
                    item = Look(level, name);
                    yield return item;
                    if (item.Status.Kind == DescriptorKind.Directory)
                    {
                        SafeFileHandle folder = item.Open(FolderFlags);
                        path.Push(new Level(item, folder, Names(folder, item)));
                    }
                }
                else
                {
                    path.Pop();
                    yield return level.Item with { IsLeft = true };
                    level.Folder.Dispose();
                }
            }
        }
        finally
        {
            top.Dispose();
            foreach (Level level in path)
            {
                level.Folder.Dispose();
            }
        }
    }

    private static TreeItem Look(Level level, FileName name)
    {
        byte[] path = [.. level.Item.Path, (byte)'/', .. name.Bytes];
        SysResult looked = FileStatus.TryGet(level.Folder, name, followLink: false, out FileStatus? status);
        return looked.Ok
            ? new TreeItem(level.Folder, name, path, status!, level.Item.Root)
            : throw FileFailures.OpenSource((level.Item with { Path = path }).Label, looked.Errno);
    }

    private static Queue<FileName> Names(SafeFileHandle folder, TreeItem item)
    {
        var names = new Queue<FileName>();
        byte[] buffer = new byte[BufferSize];
        SysResult read;
        while ((read = LibC.GetDirectoryEntries(folder, buffer)) is { Ok: true, Value: > 0 })
        {
            var listing = new DirectoryListing(buffer.AsMemory(0, (int)read.Value));
            while (listing.TryTake(out FileName name, out _))
            {
                names.Enqueue(name);
            }
        }

        return read.Ok ? names : throw FileFailures.OpenSource(item.Label, read.Errno);
    }

    private sealed record Level(TreeItem Item, SafeFileHandle Folder, Queue<FileName> Names);
}

/// <summary>An item of a tree that is sent.</summary>
/// <param name="Folder">The folder that it is in, open; the tree's top has itself.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Path">Its path from the tree's top: nothing for the top itself, else with a slash at the beginning.</param>
/// <param name="Status">What it is.</param>
/// <param name="Root">The path of the tree's top.</param>
/// <param name="IsLeft">Whether this is a folder that all items in it have come of.</param>
internal sealed record TreeItem(SafeFileHandle Folder, FileName Name, byte[] Path, FileStatus Status, string Root, bool IsLeft = false)
{
    /// <summary>Its path here, for people.</summary>
    public string Label => Root.TrimEnd('/') + Encoding.UTF8.GetString(Path);

    /// <summary>Opens the item itself, and never what has come into its place.</summary>
    /// <param name="flags">How; what is read is opened with O_NONBLOCK.</param>
    /// <param name="cancellation">Ends the wait for a lease.</param>
    /// <exception cref="TransferException">It cannot be opened, or is another one by now.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public SafeFileHandle Open(int flags, CancellationToken cancellation = default)
    {
        SysResult opened = LeasedFile.OpenAt(Folder, Name, flags | OpenFlags.NoFollow, cancellation, out SafeFileHandle handle);
        if (opened.Ok && FileStatus.TryGet(handle, out FileStatus? status).Ok && status!.Inode == Status.Inode)
        {
            return handle;
        }

        handle.Dispose();
        throw opened.Ok || opened.Errno is Errno.ELOOP or Errno.ENOENT
            ? Copying.Trees.TreeErrors.Moved(Label)
            : FileFailures.OpenSource(Label, opened.Errno);
    }
}

/// <summary>What a tree has.</summary>
/// <param name="Files">Its files, links and special files.</param>
/// <param name="Folders">Its folders, the top among them.</param>
/// <param name="Bytes">The sum of its files' sizes.</param>
internal sealed record TreeTotals(long Files, long Folders, long Bytes)
{
    /// <summary>Counts what would be sent.</summary>
    /// <param name="root">The tree's top.</param>
    /// <param name="preserve">What is kept.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TransferException">Something cannot be looked at.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static TreeTotals Of(string root, PreserveAttributes preserve, CancellationToken cancellation)
    {
        var items = new TarItems(preserve);
        long files = 0;
        long folders = 0;
        long bytes = 0;
        foreach (TreeItem item in TreeWalk.Of(root))
        {
            cancellation.ThrowIfCancellationRequested();
            bool isFolder = item.Status.Kind == DescriptorKind.Directory;
            folders += isFolder && !item.IsLeft ? 1 : 0;
            files += !isFolder && items.IsSent(item) ? 1 : 0;
            bytes += items.LengthOf(item);
        }

        return new TreeTotals(files, folders, bytes);
    }
}
