using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Opens the folders of the source, and makes those of the destination.</summary>
internal sealed class FolderMaker(TreeJob job)
{
    private const uint AllForOwner = 0x1C0; // 0700: what it takes to put entries in
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777
    private const uint SetGroupIdBit = 0x400; // 02000, inherited from the folder that it is in
    private const int FolderFlags = FolderHandles.FolderFlags;

    /// <summary>Until a folder belongs to whom it shall belong to, and has its list, nobody else looks in.</summary>
    private bool IsClosedMeanwhile => (job.Copy.Preserve & (PreserveAttributes.Ownership | PreserveAttributes.Acl)) != PreserveAttributes.None;

    /// <summary>Goes into a folder of another one.</summary>
    /// <exception cref="TransferException">It cannot be read, or not be made.</exception>
    public TreeFolder Enter(TreeEntry entry)
    {
        TreeFolder parent = entry.Folder;
        int flags = FolderFlags | (entry.IsFollowed ? 0 : OpenFlags.NoFollow);
        SafeFileHandle source = job.Open(parent.Source!, entry.Name, flags | OpenFlags.Directory, entry.SourceLabel, isSource: true);
        SafeFileHandle? destination = null;
        try
        {
            FileStatus status = Look(source, entry.SourceLabel);
            CheckLoop(entry, status.Inode);
            (destination, bool isNew) = MakeOrOpen(parent.Destination!, entry.Name, source, status, entry.DestinationLabel);
            FileStatus made = Look(destination, entry.DestinationLabel);
            if (made.Inode == job.Root!.Status.Inode)
            {
                throw TreeErrors.IntoItself(job.Root.SourcePath, entry.DestinationPath);
            }

            var folder = new TreeFolder(parent, entry.Name)
            {
                Source = source,
                Destination = destination,
                Status = status,
                DestinationIdentity = made.Inode,
                IsNew = isNew,
                IsOurs = IsOurs(isNew, parent.IsOurs, made.Inode),
                IsLinked = entry.IsFollowed,
                Devices = parent.Devices.IsFor(status.Inode.Device, made.Inode.Device)
                    ? parent.Devices
                    : Devices(status, made, destination),
            };
            parent.AddPending();
            if (folder.IsLinked)
            {
                job.Handles.Pin(parent);
            }

            job.Handles.Add(folder);
            return folder;
        }
        catch
        {
            source.Dispose();
            destination?.Dispose();
            throw;
        }
    }

    /// <summary>Makes the folder at the top of the tree.</summary>
    /// <param name="source">The source, open.</param>
    /// <param name="status">What it is like.</param>
    /// <param name="sourcePath">Its path.</param>
    /// <param name="place">Where it goes.</param>
    public TreeFolder EnterRoot(SafeFileHandle source, FileStatus status, string sourcePath, Place place)
    {
        (SafeFileHandle destination, bool isNew) = MakeOrOpen(place.Folder, place.Name, source, status, place.Label);
        try
        {
            FileStatus made = Look(destination, place.Label);
            var folder = new TreeFolder(sourcePath, place.Path)
            {
                Source = source,
                Destination = destination,
                Status = status,
                DestinationIdentity = made.Inode,
                IsNew = isNew,
                IsOurs = IsOurs(isNew, parentIsOurs: false, made.Inode),
                Devices = Devices(status, made, destination),
            };
            job.Handles.Add(folder);
            return folder;
        }
        catch
        {
            destination.Dispose();
            throw;
        }
    }

    /// <summary>Gives a folder its attributes, after its last entry: each entry changes its times.</summary>
    public void Finish(TreeFolder folder)
    {
        PreserveAttributes preserve = job.Copy.Preserve;
        uint? mode = folder.IsNew && !preserve.HasFlag(PreserveAttributes.Mode) ? ModeOfNew(folder) : null;

        // A copy that was interrupted has not come to this.
        if (folder.IsNew || job.Request.AppliesToExistingFolders || job.Copy.Resume)
        {
            Metadata.Set(folder.Destination!, folder, folder.Source!, folder.Status, preserve, isPath: false, job.Losses, mode);
        }

        if (job.Copy.Flush)
        {
            DiskFlush.OfFolder(folder.Destination!, folder.DestinationPath, job.Cancellation);
        }
    }

    /// <summary>The mode of a new folder that does not keep its source's: what the umask, or the default list of the folder that
    /// it is in, grants of that. It may have been made with another one.</summary>
    private uint? ModeOfNew(TreeFolder folder)
    {
        uint made = Look(folder.Destination!, folder).Permissions;
        uint wanted = AccessControlList.WithoutList(folder.Source!, folder.Status.Permissions) & ReadWriteExecuteForAll;
        uint granted = made;
        if (IsClosedMeanwhile)
        {
            // A folder inherits the default list as its own. Where lists are preserved it does not stay.
            uint? byList = job.Copy.Preserve.HasFlag(PreserveAttributes.Acl) ? null : AccessControlList.GrantedByDefault(folder.Destination!);
            granted = byList ?? ReadWriteExecuteForAll & ~job.Umask;
        }

        uint mode = (wanted & granted) | (made & SetGroupIdBit);
        return mode == made ? null : mode;
    }

    private bool IsOurs(bool isNew, bool parentIsOurs, FileIdentity identity)
    {
        bool isOurs = isNew || parentIsOurs || job.Copy.Ledger?.HasFolder(identity) == true;
        if (isOurs)
        {
            // Also one in another: a later source can go right there.
            job.Copy.Ledger?.AddFolder(identity);
        }

        return isOurs;
    }

    private (SafeFileHandle Folder, bool IsNew) MakeOrOpen(
        SafeFileHandle parent, FileName name, SafeFileHandle source, FileStatus status, object label)
    {
        uint mode = IsClosedMeanwhile
            ? AllForOwner
            : (AccessControlList.WithoutList(source, status.Permissions) & ReadWriteExecuteForAll) | AllForOwner;
        SysResult made = LibC.MakeDirectoryAt(parent, name, mode);
        if (!made.Ok && made.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(label.ToString()!, made.Errno);
        }

        int flags = FolderFlags | OpenFlags.Directory | OpenFlags.NoFollow;
        return (job.Open(parent, name, flags, label, isSource: false), made.Ok);
    }

    private void CheckLoop(TreeEntry entry, FileIdentity source)
    {
        TreeFolder folder = entry.Folder;
        while (job.Request.FollowSymlink && folder.Parent is not null)
        {
            ThrowIfLoop(entry, folder, source);
            folder = folder.Parent;
        }

        ThrowIfLoop(entry, job.Root!, source);
    }

    private static DevicePair Devices(FileStatus source, FileStatus made, SafeFileHandle destination) =>
        new(source.Inode.Device, made.Inode.Device, FileSystemTypes.Of(destination));

    private static void ThrowIfLoop(TreeEntry entry, TreeFolder above, FileIdentity source)
    {
        if (source == above.Status.Inode || source == above.DestinationIdentity)
        {
            throw TreeErrors.Loop(entry.SourcePath);
        }
    }

    private static FileStatus Look(SafeFileHandle folder, object label)
    {
        SysResult result = FileStatus.TryGet(folder, out FileStatus? status);
        return result.Ok ? status! : throw FileFailures.OpenSource(label.ToString()!, result.Errno);
    }
}
