using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Opens the directories of the source, creates those of the destination, and gives them their attributes at the
/// end.</summary>
internal sealed class DirectoryCopier(TreeCopyContext context)
{
    /// <summary>True if no other user may enter a directory before it has its owner and access control list.</summary>
    private bool IsClosedMeanwhile => (context.Copy.Preserve & (PreserveAttributes.Ownership | PreserveAttributes.Acl)) != PreserveAttributes.None;

    /// <summary>Opens a directory of another one, and creates its copy.</summary>
    public TreeDirectory Enter(TreeEntry entry)
    {
        TreeDirectory parent = entry.Directory;
        int flags = DirectoryHandles.DirectoryFlags | LibC.O_DIRECTORY | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW);
        var directory = new TreeDirectory(parent, entry.Name)
        {
            Source = context.Open(parent.Source!, entry.Name, flags, entry.SourceLabel, isSource: true),
            IsLinked = entry.IsFollowed,
        };
        Create(directory, parent.Destination!, entry.Name);
        return directory;
    }

    /// <summary>Creates the directory at the top of the tree.</summary>
    public TreeDirectory EnterRoot(SafeFileHandle source, FileStatus status, string path, DestinationEntry place)
    {
        var directory = new TreeDirectory(path, place.Path) { Source = source, Status = status };
        Create(directory, place.Folder, place.Name);
        return directory;
    }

    /// <summary>Gives a directory its attributes, after its last entry: each entry changes its times.</summary>
    public void Finish(TreeDirectory directory)
    {
        PreserveAttributes preserve = context.Copy.Preserve;
        uint? mode = directory.IsNew && !preserve.HasFlag(PreserveAttributes.Mode) ? ModeOfNew(directory) : null;

        // A copy that was interrupted did not get this far.
        if (directory.IsNew || context.Request.AppliesToExistingFolders || context.Copy.Resume)
        {
            Metadata.Set(directory.Destination!, directory, directory.Source!, directory.Status, preserve, isPath: false, context.MetadataWarnings, mode);
        }

        if (context.Copy.Flush)
        {
            DiskFlush.OfFolder(directory.Destination!, directory.DestinationPath, context.Cancellation);
        }
    }

    private void Create(TreeDirectory directory, SafeFileHandle parent, FileName name)
    {
        try
        {
            directory.Status ??= Look(directory.Source!, directory.SourceLabel);
            ThrowIfLoop(directory);
            directory.IsNew = CreateOrOpen(directory, parent, name);
            FileStatus created = Look(directory.Destination!, directory);
            if (created.Inode == context.Root?.Status.Inode)
            {
                throw TreeErrors.IntoItself(context.Root.SourcePath, directory.DestinationPath);
            }

            directory.DestinationIdentity = created.Inode;
            directory.IsOurs = directory.IsNew || directory.Parent?.IsOurs == true || context.Copy.CreatedFiles?.HasFolder(created.Inode) == true;
            if (directory.IsOurs)
            {
                // Also inside another one: a later source may go right there.
                context.Copy.CreatedFiles?.AddFolder(created.Inode);
            }

            FileSystemPairCache? devices = directory.Parent?.Devices;
            (ulong source, ulong destination) = (directory.Status.Inode.Device, created.Inode.Device);
            directory.Devices = devices?.IsFor(source, destination) == true
                ? devices
                : new FileSystemPairCache(source, destination, FileSystemTypes.Of(directory.Destination!));
            directory.Parent?.AddPending();
            if (directory.IsLinked)
            {
                context.Handles.Pin(directory.Parent!);
            }

            context.Handles.Add(directory);
        }
        catch
        {
            directory.Source!.Dispose();
            directory.Destination?.Dispose();
            throw;
        }
    }

    /// <returns>True if it did not exist.</returns>
    private bool CreateOrOpen(TreeDirectory directory, SafeFileHandle parent, FileName name)
    {
        uint mode = IsClosedMeanwhile
            ? LibC.S_IRWXU
            : AccessControlList.PermissionsWithoutList(directory.Source!, directory.Status) | LibC.S_IRWXU;
        SysResult made = LibC.MakeDirectoryAt(parent, name, mode);
        if (!made.Ok && made.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(directory.DestinationPath, made.Errno);
        }

        int flags = DirectoryHandles.DirectoryFlags | LibC.O_DIRECTORY | LibC.O_NOFOLLOW;
        directory.Destination = context.Open(parent, name, flags, directory, isSource: false);
        return made.Ok;
    }

    /// <summary>The mode of a new directory that does not keep its source's: the part that the umask, or the default list of its
    /// parent, grants. It may have been created with another one.</summary>
    private uint? ModeOfNew(TreeDirectory directory)
    {
        uint made = Look(directory.Destination!, directory).Permissions;
        uint wanted = AccessControlList.PermissionsWithoutList(directory.Source!, directory.Status);
        uint granted = made;
        if (IsClosedMeanwhile)
        {
            // A directory inherits the default list as its own. Where lists are preserved it is removed.
            uint? byList = context.Copy.Preserve.HasFlag(PreserveAttributes.Acl) ? null : AccessControlList.GrantedByDefault(directory.Destination!);
            granted = byList ?? ModeBits.All & ~context.Umask;
        }

        uint mode = (wanted & granted) | (made & LibC.S_ISGID);
        return mode == made ? null : mode;
    }

    /// <summary>If links are not followed, only the top can be reached again: by a bind mount, or a copy into the tree.</summary>
    private void ThrowIfLoop(TreeDirectory directory)
    {
        FileIdentity source = directory.Status.Inode;
        TreeDirectory? above = context.Request.FollowSymlink ? directory.Parent : context.Root;
        for (; above is not null; above = above.Parent)
        {
            if (source == above.Status.Inode || source == above.DestinationIdentity)
            {
                throw TreeErrors.Loop(directory.SourcePath);
            }
        }
    }

    private static FileStatus Look(SafeFileHandle directory, object label)
    {
        SysResult result = FileStatus.TryGet(directory, out FileStatus? status);
        return result.Ok ? status! : throw FileFailures.OpenSource(label.ToString()!, result.Errno);
    }
}
