using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Decides for a synchronization what a copy does not do by itself, and receives what the destination has and the source has not.
/// With it, the entries of the source go into the destination itself, whose metadata are set where they differ. Called on the threads of
/// the workers.</summary>
internal interface ITreeSync
{
    /// <summary>True if what is missing in the destination is skipped.</summary>
    bool IsExistingOnly { get; }

    /// <summary>True if extras are looked for.</summary>
    bool WantsExtras { get; }

    /// <summary>Receives an entry of the destination that the source does not have, after its directory was read to its end and
    /// copied.</summary>
    void AddExtra(TreeExtra extra);

    /// <summary>Receives the error of an entry of the source that could not be read: what it has is unknown. Also reported as
    /// failed.</summary>
    void AddUnreadable(TransferException exception);

    /// <summary>Checks that a directory with entries may be removed, since a file or link takes its name; also in a dry run.</summary>
    /// <exception cref="TransferException">It is kept, and the entry is not copied.</exception>
    void ThrowIfKept(TreeEntry entry);

    /// <summary>Removes such a directory, which has another name by now, with all that is in it.</summary>
    /// <exception cref="TransferException">Something of it is left under that name.</exception>
    void RemoveDirectory(SafeFileHandle parent, FileName name, TreeEntry entry);
}

/// <summary>An entry of the destination that the source does not have.</summary>
/// <param name="Directory">Its directory, whose destination may be closed by now.</param>
/// <param name="Kind">As the directory reports it.</param>
/// <param name="IsExcluded">True if the filter leaves it out.</param>
/// <param name="SpellingOf">The name of the source that leads to the same entry where case or Unicode forms do not count; null for
/// none.</param>
internal sealed record TreeExtra(TreeDirectory Directory, FileName Name, DescriptorKind Kind, bool IsExcluded, FileName? SpellingOf)
{
    public string DestinationPath => TreeDirectory.Join(Directory.DestinationPath, Name);

    /// <summary>Finds the extras of a directory.</summary>
    public static IEnumerable<TreeExtra> Find(TreeDirectory directory, PathFilter? filter)
    {
        SafeFileHandle destination = directory.Destination!;
        HashSet<FileName> unlisted = directory.TakeNames();
        List<(FileName Name, DescriptorKind Kind)> extras = [];
        var reader = default(DirectoryReader);
        SysResult read;
        while (reader.TryRead(destination, out FileName name, out DescriptorKind kind, out read))
        {
            if (!unlisted.Remove(name))
            {
                extras.Add((name, kind != DescriptorKind.Other || !FileStatus.TryGet(destination, name, followLink: false, out FileStatus? status).Ok
                    ? kind : status!.Kind));
            }
        }

        if (!read.Ok)
        {
            throw FileFailures.OpenDestination(directory.DestinationPath, read.Errno);
        }

        Dictionary<FileIdentity, FileName> respelled = extras.Count > 0 ? Identify(destination, unlisted) : [];
        return extras.Select(extra => new TreeExtra(
            directory, extra.Name, extra.Kind,
            filter?.Selects(directory.Path, extra.Name.Bytes, extra.Kind == DescriptorKind.Directory, directory.IsIncluded) == false,
            respelled.Count > 0 && FileStatus.TryGet(destination, extra.Name, followLink: false, out FileStatus? status).Ok
                && respelled.TryGetValue(status!.Inode, out FileName name) ? name : default(FileName?)));
    }

    /// <summary>An entry with a name that its directory does not list has another spelling.</summary>
    private static Dictionary<FileIdentity, FileName> Identify(SafeFileHandle destination, HashSet<FileName> unlisted)
    {
        Dictionary<FileIdentity, FileName> names = [];
        foreach (FileName name in unlisted)
        {
            if (FileStatus.TryGet(destination, name, followLink: false, out FileStatus? status).Ok)
            {
                names[status!.Inode] = name;
            }
        }

        return names;
    }
}

/// <summary>What is in the way of an entry of another type, and has a temporary name until the entry is there.</summary>
internal sealed class ObstacleAside : IDisposable
{
    private readonly TreeEntry _entry;
    private readonly SafeFileHandle _folder;
    private readonly FileName _name = StagedFile.TemporaryName();
    private readonly Func<SysResult>? _remove;
    private bool _isMoved;

    /// <summary>Moves an obstacle aside. A directory must be empty, or the synchronization must permit its removal.</summary>
    /// <param name="moves">False for the check alone.</param>
    public ObstacleAside(TreeEntry entry, FileStatus obstacle, ITreeSync sync, bool moves)
    {
        _entry = entry;
        _folder = entry.Directory.Destination!;
        if (obstacle.IsMountRoot)
        {
            throw FileFailures.OpenDestination(entry.DestinationPath, Errno.EBUSY);
        }

        bool isDirectory = obstacle.Kind == DescriptorKind.Directory;
        bool isEmpty = isDirectory && IsEmpty();
        if (isDirectory && !isEmpty)
        {
            sync.ThrowIfKept(entry);
        }

        if (!moves)
        {
            return;
        }

        SysResult moved = ExclusiveRename.Run(_folder, entry.Name, _name);
        if (!moved.Ok)
        {
            throw FileFailures.NameDestination(entry.DestinationPath, moved.Errno);
        }

        _isMoved = true;
        _remove = !isDirectory ? () => LibC.UnlinkAt(_folder, _name)
            : isEmpty ? () => LibC.RemoveDirectoryAt(_folder, _name)
            : () =>
            {
                sync.RemoveDirectory(_folder, _name, entry);
                return default;
            };
    }

    /// <summary>Removes the obstacle, when the entry is there.</summary>
    public void Remove()
    {
        _isMoved = false;
        if (_remove?.Invoke() is { Ok: false } failed)
        {
            throw FileFailures.OpenDestination(TreeDirectory.Join(_entry.Directory.DestinationPath, _name), failed.Errno);
        }
    }

    /// <summary>Gives it back its name if the entry did not take it.</summary>
    public void Dispose()
    {
        if (_isMoved)
        {
            ExclusiveRename.Run(_folder, _name, _entry.Name);
        }
    }

    private bool IsEmpty()
    {
        SysResult opened = LibC.OpenAt(_folder, _entry.Name, LibC.O_PATH | LibC.O_DIRECTORY | LibC.O_NOFOLLOW, 0, out SafeFileHandle directory);
        using (directory)
        {
            return opened.Ok && DirectoryReader.IsEmpty(directory);
        }
    }
}
