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
    /// <returns>Null if it is skipped.</returns>
    public TreeDirectory? Enter(TreeEntry entry)
    {
        TreeDirectory parent = entry.Directory;
        if (context.Request.Sync?.IsExistingOnly == true && entry.LookAtDestination() is null)
        {
            return null;
        }

        int flags = DirectoryHandles.DirectoryFlags | LibC.O_DIRECTORY | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW);
        PathFilter? filter = context.Request.Filter;
        var directory = new TreeDirectory(parent, entry.Name)
        {
            Source = context.Open(parent.Source!, entry.Name, flags, entry.SourceLabel, isSource: true),
            IsLinked = entry.IsFollowed,
            Path = filter?.PathOf(parent.Path, entry.Name) ?? [],
            IsIncluded = parent.IsIncluded || filter?.IncludesFolder(parent.Path, entry.Name.Bytes) == true,
        };
        Create(directory, parent.Destination, entry.Name, entry);
        context.Copy.Copied?.Add(parent.Status.Inode, entry.Name, directory.Status);
        return directory;
    }

    /// <summary>Creates the directory at the top of the tree.</summary>
    public TreeDirectory EnterRoot(SafeFileHandle source, FileStatus status, string path, DestinationEntry place)
    {
        var directory = new TreeDirectory(path, place.Path) { Source = source, Status = status, IsIncluded = context.Request.IncludesAll };
        Create(directory, place.Folder, place.Name, entry: null);
        context.Copy.AddToCopied(status);
        return directory;
    }

    /// <summary>Gives a directory its attributes, after its last entry: each entry changes its times.</summary>
    /// <param name="waiting">Called from time to time until it is on the disk.</param>
    public void Finish(TreeDirectory directory, Action waiting)
    {
        if (context.Request.IsDryRun)
        {
            return;
        }

        SetMetadata(directory);
        if (context.Copy.Flush)
        {
            DiskFlush.OfFolder(directory.Destination!, directory.DestinationPath, context.Cancellation, waiting);
        }
    }

    /// <summary>Removes a new directory that got no entry, where only some files are copied.</summary>
    /// <returns>False if it stays.</returns>
    public bool RemoveIfEmpty(TreeDirectory directory)
    {
        TreeDirectory parent = directory.Parent!;
        if (IsSuperfluous(directory, context.Request.Filter)
            && (directory.IsPlanned || LibC.RemoveDirectoryAt(parent.Destination!, directory.Name).Ok))
        {
            return true;
        }

        parent.HasEntries = true;
        return false;
    }

    /// <summary>Reports a directory that a dry run would create. The one at the top of a copy is its destination, and not reported.</summary>
    public void ReportIfPlanned(TreeDirectory directory)
    {
        if (directory.IsPlanned && context.Request.PerFile && (directory.Parent is not null || context.Request.Sync is not null))
        {
            context.Report(new TransferResult
            {
                Source = directory.SourcePath,
                Destination = directory.DestinationPath,
                FileCount = 0,
                DirectoryCount = 1,
                Attempts = [],
            });
        }
    }

    /// <summary>True for a new directory without an entry, where only some files are copied.</summary>
    public static bool IsSuperfluous(TreeDirectory directory, PathFilter? filter) =>
        filter?.HasIncludes == true && directory is { IsNew: true, HasEntries: false, IsIncluded: false };

    private void SetMetadata(TreeDirectory directory)
    {
        PreserveAttributes preserve = context.Copy.Preserve;
        SafeFileHandle destination = directory.Destination!;
        bool isExact = context.Request.Sync is not null;
        directory.CloseUp();
        if (directory.IsNew)
        {
            uint? mode = preserve.HasFlag(PreserveAttributes.Mode) ? null : ModeOfNew(directory);
            Metadata.Set(destination, directory, directory.Source!, directory.Status, preserve, isPath: false, context.MetadataWarnings, mode, isExact);
        }
        else if ((context.Request.AppliesToExistingFolders || context.Copy.Resume || context.Request.Sync is not null)
            && MetadataDifference.Find(
                directory.Status, Look(destination, directory), preserve,
                directory.Devices.PrecisionOf(directory.Source!, destination, context.Copy.TimeTolerance),
                () => TreeDestination.Reopen(directory.Source!), () => TreeDestination.Reopen(destination), isExact) is not null)
        {
            // A copy that was interrupted did not get this far.
            MetadataDifference.RemoveOtherAttributes(directory.Source!, destination, isPath: false, preserve);
            Metadata.Set(destination, directory, directory.Source!, directory.Status, preserve, isPath: false, context.MetadataWarnings, isExact: isExact);
        }
    }

    private void Create(TreeDirectory directory, SafeFileHandle? parent, FileName name, TreeEntry? entry)
    {
        try
        {
            directory.Status ??= Look(directory.Source!, directory.SourceLabel);
            directory.IsNotEntered = context.Request.OneFileSystem && context.Root is { } root
                && (directory.Status.IsMountRoot || directory.Status.Inode.Device != root.Status.Inode.Device);
            ThrowIfLoop(directory);
            if (context.Request.IsDryRun)
            {
                OpenExisting(directory, parent, name, entry);
            }
            else
            {
                directory.IsNew = CreateOrOpen(directory, parent!, name, entry);
            }

            FileIdentity? created = Identify(directory);
            FileSystemPairCache? devices = directory.Parent?.Devices;
            (ulong source, ulong destination) = (directory.Status.Inode.Device, created?.Device ?? 0);
            directory.Devices = devices is not null && (created is null || devices.IsFor(source, destination))
                ? devices
                : new FileSystemPairCache(source, destination, created is null ? FileSystemType.Other : FileSystemTypes.Of(directory.Destination!));
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

    /// <summary>Identifies the destination, and whether this command created it.</summary>
    private FileIdentity? Identify(TreeDirectory directory)
    {
        if (directory.IsPlanned)
        {
            directory.IsOurs = true;
            return null;
        }

        FileIdentity created = Look(directory.Destination!, directory).Inode;
        if (created == context.Root?.Status.Inode)
        {
            throw TreeErrors.IntoItself(context.Root.SourcePath, directory.DestinationPath);
        }

        if (context.Request.Sync is not null && !context.IsFirstInto(created))
        {
            throw ExistingDestination.TwoSources(directory.SourcePath, directory.DestinationPath);
        }

        directory.DestinationIdentity = created;
        directory.IsOurs = directory.IsNew || directory.Parent?.IsOurs == true || context.Copy.CreatedFiles?.HasFolder(created) == true;
        if (directory.IsOurs)
        {
            // Also inside another one: a later source may go right there.
            context.Copy.CreatedFiles?.AddFolder(created);
        }

        return created;
    }

    /// <summary>For a dry run: opens the destination if it exists.</summary>
    private void OpenExisting(TreeDirectory directory, SafeFileHandle? parent, FileName name, TreeEntry? entry)
    {
        FileStatus? existing = null;
        SysResult looked = parent is null ? default : FileStatus.TryGet(parent, name, followLink: false, out existing);
        if (!looked.Ok && looked.Errno != Errno.ENOENT)
        {
            throw FileFailures.OpenDestination(directory.DestinationPath, looked.Errno);
        }

        bool isObstacle = existing is not null && existing.Kind != DescriptorKind.Directory;
        if (isObstacle && FindObstacle(existing!, entry) is null)
        {
            throw TreeErrors.NotAFolder(directory.DestinationPath);
        }

        directory.IsNew = directory.IsPlanned = existing is null || isObstacle;
        directory.Destination = directory.IsPlanned ? null : OpenDestination(directory, parent!, name);
    }

    /// <returns>True if it did not exist.</returns>
    private bool CreateOrOpen(TreeDirectory directory, SafeFileHandle parent, FileName name, TreeEntry? entry)
    {
        uint mode = IsClosedMeanwhile
            ? LibC.S_IRWXU
            : AccessControlList.PermissionsWithoutList(directory.Source!, directory.Status) | LibC.S_IRWXU;
        SysResult made = LibC.MakeDirectoryAt(parent, name, mode);
        if (made.Errno == Errno.EACCES && context.Request.Sync is not null && directory.Parent?.TryOpenUp() == true)
        {
            made = LibC.MakeDirectoryAt(parent, name, mode);
        }

        using ObstacleAside? obstacle = made.Errno == Errno.EEXIST && FileStatus.TryGet(parent, name, followLink: false, out FileStatus? existing).Ok
            && FindObstacle(existing!, entry) is { } sync ? new ObstacleAside(entry!, existing!, sync, context.Report, moves: true) : null;
        if (obstacle is not null)
        {
            made = LibC.MakeDirectoryAt(parent, name, mode);
        }

        if (!made.Ok && made.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(directory.DestinationPath, made.Errno);
        }

        directory.Destination = OpenDestination(directory, parent, name);
        obstacle?.Remove();
        return made.Ok;
    }

    /// <summary>Returns the synchronization if an existing item gives way to a directory; null if it stays, or is one.</summary>
    private ITreeSync? FindObstacle(FileStatus existing, TreeEntry? entry) =>
        entry is not null && existing.Kind != DescriptorKind.Directory && !context.Copy.NoClobber && context.Copy.CreatedFiles?.HasFile(existing) != true
            ? context.Request.Sync
            : null;

    private SafeFileHandle OpenDestination(TreeDirectory directory, SafeFileHandle parent, FileName name) => context.Open(
        parent, name, DirectoryHandles.DirectoryFlags | LibC.O_DIRECTORY | LibC.O_NOFOLLOW, directory, isSource: false);

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
