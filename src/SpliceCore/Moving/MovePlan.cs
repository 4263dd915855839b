using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Moving;

/// <summary>The two names of a move, each in an open directory, after all checks that need no change.</summary>
internal sealed class MovePlan : IDisposable
{
    private static readonly FileName Self = ".";

    private readonly TreeDestination _destination;
    private readonly CreatedFiles? _created;

    private MovePlan(string source, SafeFileHandle folder, FileStatus status, TreeDestination destination, MoveRequest request)
    {
        (Source, Folder, Status, _destination, _created) = (source, folder, status, destination, request.CreatedFiles);
        Place = destination.DestinationEntry with { MayReplace = request.Replace };
    }

    /// <summary>The path of the source, without a slash at its end.</summary>
    public string Source { get; }

    /// <summary>The directory of the source, opened with O_PATH.</summary>
    public SafeFileHandle Folder { get; }

    public string FolderPath => Path.GetDirectoryName(Source) ?? "/";

    public FileName Name => Path.GetFileName(Source);

    /// <summary>Status of the source, not of a link's target.</summary>
    public FileStatus Status { get; }

    public DestinationEntry Place { get; }

    public static MovePlan Make(MoveRequest request)
    {
        PathCheck.Name(request.Source);
        PathCheck.Name(request.Destination);
        string source = request.Source.TrimEnd('/');
        if (Path.GetFileName(source) is "" or "." or "..")
        {
            throw MoveErrors.NoName(request.Source);
        }

        SysResult result = LibC.Open(Path.GetDirectoryName(source) ?? "/", LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle folder);
        TreeDestination? destination = null;
        try
        {
            FileStatus? status = null;
            result = result.Ok ? FileStatus.TryGet(folder, Path.GetFileName(source), followLink: false, out status) : result;
            if (!result.Ok)
            {
                throw FileFailures.OpenSource(source, result.Errno);
            }

            if (status!.IsMountRoot)
            {
                throw MoveErrors.MountPoint(source);
            }

            var copy = new CopyRequest { Source = source, Destination = request.Destination, CreatedFiles = request.CreatedFiles };
            destination = TreeDestination.Find(copy, status);
            var plan = new MovePlan(source, folder, status, destination, request);
            plan.CheckExisting(destination.IsName && request.Destination.EndsWith('/'));
            return plan;
        }
        catch
        {
            destination?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    public static SysResult Rename(SafeFileHandle folder, FileName name, SafeFileHandle newFolder, FileName newName, bool replaces) => replaces
        ? LibC.RenameAt(folder, name, newFolder, newName)
        : ExclusiveRename.Run(folder, name, newFolder, newName);

    /// <summary>True if rename(2) is impossible, as far as that shows before. The kernel compares the mounts (EXDEV) before it rejects
    /// "." as a name (EBUSY).</summary>
    public bool NeedsCopy() => NeedsCopy(Folder, Place.Folder);

    /// <summary>True if no item can be renamed from one directory into the other.</summary>
    public static bool NeedsCopy(SafeFileHandle from, SafeFileHandle to) =>
        LibC.RenameAtNoReplace(from, Self, to, Self).Errno == Errno.EXDEV
        || !FileStatus.TryGet(from, out FileStatus? source).Ok
        || !FileStatus.TryGet(to, out FileStatus? destination).Ok
        || source!.Inode.Device != destination!.Inode.Device;

    /// <summary>Checks before a copy that the source could be removed after it.</summary>
    public void ThrowIfNotRemovable()
    {
        SysResult access = LibC.MayWriteAt(Folder, Self);
        if (!access.Ok)
        {
            throw access.Errno == Errno.EROFS ? MoveErrors.ReadOnly(Source) : FileFailures.Remove(Source, access.Errno);
        }

        if (Status.Kind != DescriptorKind.Directory)
        {
            return;
        }

        if (FindMount() is string mount)
        {
            throw MoveErrors.MountBelow(Source, mount);
        }

        // Of one file system, and no rename: a bind mount, through which the way up from the destination does not pass the source.
        FileStatus.TryGet(Place.Folder, out FileStatus? folder);
        if (folder?.Inode.Device == Status.Inode.Device
            && TreeWalk.Enumerate(Source).Any(item => item.Kind == DescriptorKind.Directory && item.Found?.Inode == folder.Inode))
        {
            throw TreeErrors.IntoItself(Source, Place.Path);
        }
    }

    /// <summary>Protects the destination from later sources of the command.</summary>
    public void AddToCreated(FileStatus moved)
    {
        if (moved.Kind == DescriptorKind.Directory)
        {
            _created?.AddFolder(moved.Inode);
        }
        else
        {
            _created?.AddNode(moved.Inode);
        }
    }

    /// <summary>True the first time that the command copies into the destination's folder.</summary>
    public bool IsFirstIntoFolder() =>
        _created is null || !FileStatus.TryGet(Place.Folder, out FileStatus? folder).Ok || _created.IsFirstVisit(folder!.Inode);

    public void Dispose()
    {
        _destination.Dispose();
        Folder.Dispose();
    }

    private void CheckExisting(bool namesFolder)
    {
        if (Place.Existing is not { } existing)
        {
            if (namesFolder && Status.Kind != DescriptorKind.Directory)
            {
                throw FileFailures.OpenDestination(Place.Path + "/", Errno.ENOENT);
            }

            return;
        }

        if (existing.Kind == DescriptorKind.Directory)
        {
            throw MoveErrors.FolderExists(Place.Path);
        }

        if (Status.Kind == DescriptorKind.Directory)
        {
            throw TreeErrors.NotAFolder(Place.Path);
        }

        if (_created?.HasFile(existing) == true)
        {
            throw MoveErrors.TwoSources(Source, Place.Path);
        }

        if (!Place.MayReplace)
        {
            throw MoveErrors.Exists(Place.Path);
        }

        if (existing.Kind is DescriptorKind.Block or DescriptorKind.Character)
        {
            throw MoveErrors.Device(Place.Path);
        }

        if (existing.IsMountRoot)
        {
            throw MoveErrors.MountPoint(Place.Path);
        }

        if (Status.Kind == DescriptorKind.SymbolicLink)
        {
            SysResult opened = LibC.OpenAt(Folder, Name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle link);
            using (link)
            {
                if (opened.Ok)
                {
                    LinkCheck.ThrowIfLeadsTo(link, Source, Folder, Place);
                }
            }
        }
    }

    private string? FindMount()
    {
        SysResult opened = LibC.OpenAt(Folder, Name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle directory);
        using (directory)
        {
            return opened.Ok ? MountTable.FindBelow(directory, orAt: true) : null;
        }
    }
}
