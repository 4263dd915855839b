using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Files of the tree that have several names: the first name is copied, the others become names of that copy.
/// Remembered only until the last name was met.</summary>
internal sealed class HardLinks
{
    private readonly Dictionary<FileIdentity, LinkedFile> _files = [];

    /// <summary>Makes another name of a copy.</summary>
    public delegate bool LinkMaker(TreeEntry entry, FileStatus status, SafeFileHandle made, FileIdentity identity);

    /// <summary>Copies a name of a file, or links it to the copy.</summary>
    /// <param name="job">The job.</param>
    /// <param name="entry">The name.</param>
    /// <param name="status">The file.</param>
    /// <param name="copy">Copies it, and says what the copy is.</param>
    /// <param name="link">Makes a name of the copy. False: what has the name must be written into instead.</param>
    public void Copy(
        TreeJob job, TreeEntry entry, FileStatus status, Func<FileIdentity> copy, LinkMaker link)
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
        TreeJob job, TreeEntry entry, FileStatus status, LinkedFile file, LinkMaker link)
    {
        using SafeFileHandle? made = Reach(job, file, entry, out Errno errno);
        if (made is null)
        {
            job.Losses.Add("its hard link", errno, entry.DestinationLabel);
            return false;
        }

        try
        {
            return link(entry, status, made, file.Identity);
        }
        catch (TransferException exception) when (exception.Errno == Errno.EMLINK || UnlinkableFileSystems.IsRefusal(exception.Errno))
        {
            job.Losses.Add("its hard link", exception.Errno, entry.DestinationLabel);
            return false;
        }
    }

    /// <summary>Opens the copy by its first name, from the top of the tree and through no link. Null where it is not there
    /// any more.</summary>
    /// <exception cref="TransferException">The process may open no more files.</exception>
    private static SafeFileHandle? Reach(TreeJob job, LinkedFile file, TreeEntry entry, out Errno errno)
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
            errno = opened.Errno;
            if (!opened.Ok)
            {
                next.Dispose();
                return errno is Errno.EMFILE or Errno.ENFILE
                    ? throw FileFailures.OpenDestination(entry.DestinationPath, errno)
                    : null;
            }
        }

        SysResult looked = FileStatus.TryGet(at!, out FileStatus? status);
        bool same = looked.Ok && status!.Inode == file.Identity;
        errno = looked.Ok ? Errno.ENOENT : looked.Errno;
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
