using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Moves the items of a folder into another one: files are replaced, folders are merged.</summary>
/// <param name="force">True to replace read-only files.</param>
/// <param name="removals">Removes folders in place of which items of other types come, and the reverse; null where that is an error.</param>
internal sealed class TreeMerge(bool force, LocalRemovals? removals)
{
    private static readonly int FolderFlags = LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW;

    private readonly List<FileName> _names = []; // from the top

    public void Check(SafeFileHandle from, SafeFileHandle to, string path) => Walk(from, to, path, isMoving: false);

    public void Move(SafeFileHandle from, SafeFileHandle to, string path) => Walk(from, to, path, isMoving: true);

    /// <summary>Moves an item. For a directory, that takes the right to write to it.</summary>
    public static SysResult MoveReadOnly(SafeFileHandle folder, FileName name, Func<SysResult> move)
    {
        SysResult moved = move();
        if (moved.Errno != Errno.EACCES
            || !LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle item).Ok)
        {
            return moved;
        }

        using (item)
        {
            if (FileStatus.TryGet(item, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory
                && LibC.ChangeModeOfPath(item, status.Permissions | LibC.S_IWUSR).Ok)
            {
                moved = move();
                LibC.ChangeModeOfPath(item, status.Permissions);
            }

            return moved;
        }
    }

    private void Walk(SafeFileHandle from, SafeFileHandle to, string path, bool isMoving)
    {
        Check(DirectoryReader.ReadNames(from, out List<FileName> names), path);
        foreach (FileName name in names)
        {
            string label = $"{path}/{name}";
            Check(FileStatus.TryGet(from, name, followLink: false, out FileStatus? item), label);
            bool isFolder = item!.Kind == DescriptorKind.Directory;
            FileStatus? there = FileStatus.TryGet(to, name, followLink: false, out FileStatus? status).Ok ? status : null;
            if (isFolder && there?.Kind == DescriptorKind.Directory)
            {
                using SafeFileHandle inner = Open(from, name, label);
                using SafeFileHandle outer = Open(to, name, label);
                _names.Add(name);
                Walk(inner, outer, label, isMoving);
                _names.RemoveAt(_names.Count - 1);
            }
            else if (isMoving)
            {
                if (there is not null && isFolder != (there.Kind == DescriptorKind.Directory))
                {
                    removals?.Replace([.. _names, name], there, label);
                }

                Check(MoveReadOnly(from, name, () => LibC.RenameAt(from, name, to, name)), label);
            }
            else if (there is not null)
            {
                CheckReplaceable(isFolder, there, to, name, label);
                CheckLink(from, item, there, to, name, label);
            }
        }
    }

    private void CheckReplaceable(bool isFolder, FileStatus there, SafeFileHandle to, FileName name, string label)
    {
        if (removals is not null && isFolder != (there.Kind == DescriptorKind.Directory))
        {
            return;
        }

        if (isFolder)
        {
            throw Copying.Trees.TreeErrors.NotAFolder(label);
        }

        if (there.Kind == DescriptorKind.Directory)
        {
            throw FileFailures.DestinationIsDirectory(label);
        }

        if (!force && there.Kind == DescriptorKind.Regular)
        {
            Check(LibC.MayWriteAt(to, name), label);
        }
    }

    /// <summary>A received link may lead to the very file that it would replace.</summary>
    private static void CheckLink(SafeFileHandle from, FileStatus item, FileStatus there, SafeFileHandle to, FileName name, string label)
    {
        if (item.Kind == DescriptorKind.SymbolicLink)
        {
            Check(LibC.OpenAt(from, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle link), label);
            using (link)
            {
                LinkCheck.ThrowIfLeadsTo(link, $"{name}", sourceFolder: null, new DestinationEntry(to, name, there, label, MayReplace: false));
            }
        }
    }

    private static SafeFileHandle Open(SafeFileHandle folder, FileName name, string label)
    {
        Check(LibC.OpenAt(folder, name, FolderFlags, 0, out SafeFileHandle opened), label);
        return opened;
    }

    private static void Check(SysResult result, string label)
    {
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(label, result.Errno);
        }
    }
}
