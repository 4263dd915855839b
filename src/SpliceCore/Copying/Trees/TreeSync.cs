using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Decides for a synchronization what a copy does not do by itself. With it, the entries of the source go into the destination
/// itself, whose metadata are set where they differ. Called on the threads of the workers.</summary>
internal interface ITreeSync
{
    /// <summary>True if what is missing in the destination is skipped.</summary>
    bool IsExistingOnly { get; }

    /// <summary>Receives the error of an entry of the source that could not be read: what it has is unknown. Also reported as
    /// failed.</summary>
    void AddUnreadable(TransferException exception);

    /// <summary>Checks that a directory with entries may be removed, since a file or link replaces it; also in a dry run.</summary>
    /// <exception cref="TransferException">It is kept, and the entry is not copied.</exception>
    void ThrowIfKept(TreeEntry entry);

    /// <summary>Removes such a directory, which has another name by now, with all that is in it.</summary>
    /// <exception cref="TransferException">Something of it is left under that name.</exception>
    void RemoveDirectory(SafeFileHandle parent, FileName name, TreeEntry entry);
}

/// <summary>An item of another type in place of an entry. It has a temporary name until the entry exists. A directory is locked, since
/// other processes remove those that are not.</summary>
internal sealed class ObstacleAside : IDisposable
{
    private readonly TreeEntry _entry;
    private readonly SafeFileHandle _folder;
    private readonly FileName _name = StagedFile.TemporaryName();
    private readonly Action<TransferException> _report;
    private readonly Func<SysResult>? _remove;
    private readonly SafeFileHandle? _locked;
    private bool _isMoved;

    /// <summary>Moves an obstacle aside. A directory must be empty, or the synchronization must permit its removal.</summary>
    /// <param name="report">Receives the error if it cannot be given back its name.</param>
    /// <param name="moves">False for the check alone.</param>
    public ObstacleAside(TreeEntry entry, FileStatus obstacle, ITreeSync sync, Action<TransferException> report, bool moves)
    {
        _entry = entry;
        _report = report;
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

        _locked = isDirectory ? Lock() : null;
        SysResult moved = ExclusiveRename.Run(_folder, entry.Name, _name);
        if (!moved.Ok)
        {
            Unlock();
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

        // The removal keeps what is in use.
        Unlock();
        if (_remove?.Invoke() is { Ok: false } failed)
        {
            throw FileFailures.OpenDestination(TreeDirectory.Join(_entry.Directory.DestinationPath, _name), failed.Errno);
        }
    }

    /// <summary>Gives it back its name if the entry did not take it.</summary>
    public void Dispose()
    {
        if (_isMoved && ExclusiveRename.Run(_folder, _name, _entry.Name) is { Ok: false } failed)
        {
            _report(FileFailures.GiveBack(_entry.DestinationPath, _name, failed.Errno));
        }

        Unlock();
    }

    /// <returns>Null if it may not be read: other processes of this user may not lock it either.</returns>
    private SafeFileHandle? Lock()
    {
        SysResult opened = LibC.OpenAt(
            _folder, _entry.Name, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK, 0, out SafeFileHandle directory);
        if (opened.Ok)
        {
            LibC.Lock(directory);
            return directory;
        }

        directory.Dispose();
        return opened.Errno == Errno.EACCES ? null : throw FileFailures.OpenDestination(_entry.DestinationPath, opened.Errno);
    }

    private void Unlock()
    {
        if (_locked is { IsClosed: false })
        {
            LibC.Unlock(_locked);
            _locked.Dispose();
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
