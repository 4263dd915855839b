using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
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
                throw Failures.OpenSource(root, opened.Errno);
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
            : throw Failures.OpenSource((level.Item with { Path = path }).Label, looked.Errno);
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

        return read.Ok ? names : throw Failures.OpenSource(item.Label, read.Errno);
    }

    private sealed record Level(TreeItem Item, SafeFileHandle Folder, Queue<FileName> Names);
}
