using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Files with several names: the first name is copied, the others become names of that copy. A file is remembered until its
/// last name was found; where links are followed, it has more names than links, and is not forgotten.</summary>
internal sealed class HardLinks(TreeCopyContext context)
{
    private readonly Dictionary<FileIdentity, LinkedFile> _files = [];
    private readonly Dictionary<FileIdentity, FileIdentity> _kept = []; // existing files with several names, and their sources

    /// <summary>Creates another name of a copy.</summary>
    /// <returns>False if the existing file of that name must be overwritten in place instead.</returns>
    /// <param name="copied">The copy, opened with O_PATH; null in a dry run.</param>
    public delegate bool LinkMaker(TreeEntry entry, FileStatus status, SafeFileHandle? copied, LinkedCopy copy);

    /// <summary>Copies a file under its first name, or creates another name of the copy.</summary>
    /// <param name="copy">Copies it; returns null if there is nothing to link to.</param>
    public void Copy(TreeEntry entry, FileStatus status, Func<LinkedCopy?> copy, LinkMaker link)
    {
        LinkedFile file = Find(status);
        lock (file)
        {
            if (file.First is null)
            {
                if (copy() is LinkedCopy made)
                {
                    file.Made = made;
                    file.First = entry;
                }
            }
            else if (!TryLink(entry, status, file, link))
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

    /// <summary>Keeps an existing file as the copy of a source.</summary>
    /// <returns>False if it is the copy of another source already, of which it is to have the names only.</returns>
    public bool TryClaim(FileStatus existing, FileStatus source)
    {
        if (existing.LinkCount == 1)
        {
            return true;
        }

        lock (_files)
        {
            return _kept.TryAdd(existing.Inode, source.Inode) || _kept[existing.Inode] == source.Inode;
        }
    }

    private LinkedFile Find(FileStatus status)
    {
        lock (_files)
        {
            if (!_files.TryGetValue(status.Inode, out LinkedFile? file))
            {
                file = new LinkedFile { NamesLeft = context.Request.FollowSymlink ? long.MaxValue : status.LinkCount };
                _files.Add(status.Inode, file);
            }

            return file;
        }
    }

    private bool TryLink(TreeEntry entry, FileStatus status, LinkedFile file, LinkMaker link)
    {
        Errno errno = Errno.None;
        using SafeFileHandle? copied = context.Request.IsDryRun ? null : Reach(file, entry, out errno);
        try
        {
            if (copied is not null || context.Request.IsDryRun)
            {
                return link(entry, status, copied, file.Made);
            }
        }
        catch (TransferException exception) when (exception.Errno == Errno.EMLINK || UnlinkableFileSystems.IsRefusal(exception.Errno))
        {
            errno = exception.Errno;
        }

        context.MetadataWarnings.Add("the hard link", errno, entry.DestinationLabel);
        return false;
    }

    /// <summary>Opens the copy by its first name, from the top of the tree and through no link. Null where it is gone.</summary>
    private SafeFileHandle? Reach(LinkedFile file, TreeEntry entry, out Errno errno)
    {
        List<FileName> names = [file.First!.Name];
        for (TreeDirectory directory = file.First.Directory; directory.Parent is not null; directory = directory.Parent)
        {
            names.Add(directory.Name);
        }

        SafeFileHandle? current = null;
        SysResult result = default;
        for (int i = names.Count - 1; i >= 0 && result.Ok; i--)
        {
            result = LibC.OpenAt(
                current ?? context.RootDestination!, names[i], LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle next);
            current?.Dispose();
            current = next;
        }

        FileStatus? status = null;
        result = result.Ok ? FileStatus.TryGet(current!, out status) : result;
        errno = result.Ok ? Errno.ENOENT : result.Errno;
        if (result.Ok && status!.Inode == file.Made.Identity)
        {
            return current;
        }

        current!.Dispose();
        return errno is Errno.EMFILE or Errno.ENFILE ? throw FileFailures.OpenDestination(entry.DestinationPath, errno) : null;
    }

    private sealed class LinkedFile
    {
        public TreeEntry? First { get; set; }

        public LinkedCopy Made { get; set; }

        public long NamesLeft { get; set; }
    }
}

/// <summary>The copy of a file with several names.</summary>
/// <param name="Identity">Its identity; none in a dry run, before it exists.</param>
/// <param name="IsKept">True if it was left as it is.</param>
/// <param name="Hash">Its hash; null if none was requested.</param>
internal readonly record struct LinkedCopy(FileIdentity Identity, bool IsKept, string? Hash = null);
