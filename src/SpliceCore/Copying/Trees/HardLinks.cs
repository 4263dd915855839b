using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Files of the tree that have several names: the first name is copied, the others become names of that copy.
/// Remembered only until the last name was met.</summary>
internal sealed class HardLinks
{
    private readonly Dictionary<FileIdentity, LinkedFile> _files = [];

    /// <summary>Copies a name of a file, or links it to the copy.</summary>
    /// <param name="job">The job.</param>
    /// <param name="entry">The name.</param>
    /// <param name="status">The file.</param>
    /// <param name="copy">Copies it, and says what the copy is.</param>
    /// <param name="link">Makes a name of the copy.</param>
    public void Copy(
        TreeJob job, TreeEntry entry, FileStatus status, Func<FileIdentity> copy, Action<TreeEntry, FileStatus, SafeFileHandle> link)
    {
        LinkedFile file = Find(status);
        lock (file)
        {
            if (file.First is null)
            {
                file.Identity = copy();
                file.First = entry;
            }
            else if (!TryLink(job, entry, status, file, link))
            {
                copy();
            }

            file.NamesLeft--;
        }

        if (file.NamesLeft == 0)
        {
            lock (_files)
            {
                _files.Remove(status.Inode);
            }
        }
    }

    private LinkedFile Find(FileStatus status)
    {
        lock (_files)
        {
            if (!_files.TryGetValue(status.Inode, out LinkedFile? file))
            {
                file = new LinkedFile { NamesLeft = status.LinkCount };
                _files.Add(status.Inode, file);
            }

            return file;
        }
    }

    private static bool TryLink(
        TreeJob job, TreeEntry entry, FileStatus status, LinkedFile file, Action<TreeEntry, FileStatus, SafeFileHandle> link)
    {
        using SafeFileHandle? made = Reach(job, file);
        if (made is null)
        {
            return false;
        }

        try
        {
            link(entry, status, made);
            return true;
        }
        catch (TransferException exception) when (exception.Errno is Errno.EPERM or Errno.EMLINK or Errno.EXDEV or Errno.EOPNOTSUPP)
        {
            job.Losses.Add("its hard link", exception.Errno, entry.DestinationLabel);
            return false;
        }
    }

    /// <summary>Opens the copy by its first name, from the top of the tree and through no link. Null where it is not there
    /// any more.</summary>
    private static SafeFileHandle? Reach(TreeJob job, LinkedFile file)
    {
        int flags = OpenFlags.PathOnly | OpenFlags.NoFollow;
        List<FileName> names = [file.First!.Name];
        for (TreeFolder folder = file.First.Folder; folder.Parent is not null; folder = folder.Parent)
        {
            names.Add(folder.Name);
        }

        SafeFileHandle? at = null;
        for (int i = names.Count - 1; i >= 0; i--)
        {
            SysResult opened = LibC.OpenAt(at ?? job.RootDestination!, names[i], flags, 0, out SafeFileHandle next);
            at?.Dispose();
            at = next;
            if (!opened.Ok)
            {
                next.Dispose();
                return null;
            }
        }

        bool same = FileStatus.TryGet(at!, out FileStatus? status).Ok && status!.Inode == file.Identity;
        if (!same)
        {
            at!.Dispose();
        }

        return same ? at : null;
    }

    private sealed class LinkedFile
    {
        public TreeEntry? First { get; set; }

        public FileIdentity Identity { get; set; }

        public long NamesLeft { get; set; }
    }
}
