using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A folder that takes many files, opened once for all of them.</summary>
internal sealed class DestinationFolder : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly FileSystemType _fileSystem;
    private readonly ReaderWriterLockSlim _turns = new();
    private DevicePair? _devices;

    private DestinationFolder(string path, SafeFileHandle handle, FileIdentity identity, CopyLedger? ledger)
    {
        _path = path;
        _handle = handle;
        Identity = identity;
        _fileSystem = FileSystemTypes.Of(handle);
        if (ledger?.HasFolder(identity) == false && DirectoryReader.IsEmpty(handle))
        {
            ledger.AddFolder(identity);
            IsNew = true;
        }
    }

    public FileIdentity Identity { get; }

    /// <summary>True if nothing was in the folder before. Then nobody has to look what a name stands for: what has come since
    /// is not replaced.</summary>
    public bool IsNew { get; }

    /// <summary>Opens a folder; null where the path leads to none.</summary>
    /// <param name="path">The path.</param>
    /// <param name="ledger">Hears whether all that will be in the folder is the command's.</param>
    public static DestinationFolder? TryOpen(string path, CopyLedger? ledger)
    {
        SysResult opened = LibC.Open(path, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle handle);
        if (opened.Ok && FileStatus.TryGet(handle, out FileStatus? status).Ok)
        {
            return new DestinationFolder(path, handle, status!.Inode, ledger);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Where a source goes in the folder; null where what has its name there is no regular file, and takes a
    /// closer look.</summary>
    private Place? TryFind(string source, bool mayReplace)
    {
        string name = Path.GetFileName(source);
        if (name.Length == 0)
        {
            return null;
        }

        if (IsNew)
        {
            return new Place(_handle, name, null, Path.Join(_path, name), MayReplace: false) { IsNamedByUser = true };
        }

        SysResult looked = FileStatus.TryGet(_handle, name, followLink: false, out FileStatus? existing);
        return looked.Errno == Errno.ENOENT || existing?.Kind == DescriptorKind.Regular
            ? new Place(_handle, name, existing, Path.Join(_path, name), mayReplace) { IsNamedByUser = true }
            : null;
    }

    /// <summary>Copies into the folder, beside other copies where the source's name stands for a file of its own there.
    /// A link may lead to a file that another copy makes: who goes by one goes alone, so that neither replaces the other's.</summary>
    /// <param name="source">The source.</param>
    /// <param name="mayReplace">Whether what is there may be replaced.</param>
    /// <param name="beside">Copies to the place.</param>
    /// <param name="alone">Finds the place itself.</param>
    public TransferResult Copy(string source, bool mayReplace, Func<Place, TransferResult> beside, Func<TransferResult> alone)
    {
        _turns.EnterReadLock();
        try
        {
            if (TryFind(source, mayReplace) is { } place)
            {
                return beside(place);
            }
        }
        finally
        {
            _turns.ExitReadLock();
        }

        _turns.EnterWriteLock();
        try
        {
            return alone();
        }
        finally
        {
            _turns.ExitWriteLock();
        }
    }

    /// <summary>What is known of the way from a source's file system to this one.</summary>
    public DevicePair DevicesFrom(FileStatus source)
    {
        DevicePair? known = Volatile.Read(ref _devices);
        if (known?.IsFor(source.Inode.Device, Identity.Device) == true)
        {
            return known;
        }

        var devices = new DevicePair(source.Inode.Device, Identity.Device, _fileSystem);
        Volatile.Write(ref _devices, devices);
        return devices;
    }

    /// <summary>Asks whether the user may write to what has the place's name.</summary>
    public SysResult MayWrite(Place place) => LibC.MayWriteAt(_handle, place.Name);

    public void Dispose()
    {
        _handle.Dispose();
        _turns.Dispose();
    }
}

/// <summary>Opening a destination that is written in place: a device, a FIFO, or a file that is not to be replaced.</summary>
internal static class OpenDestination
{
    private static readonly TimeSpan ReaderPollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Opens what is there. A FIFO is open when its first reader has come.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="access">O_WRONLY, or O_RDWR where it will be read as well.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TransferException">It cannot be opened, or is not what was looked at.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a reader was waited for.</exception>
    public static SafeFileHandle InPlace(Place place, int access, CancellationToken cancellation)
    {
        int flags = access | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal
            | (place.IsLink ? 0 : OpenFlags.NoFollow);
        while (true)
        {
            SysResult result = LeasedFile.OpenAt(place.Folder, place.Name, flags, cancellation, out SafeFileHandle handle);
            if (result.Ok)
            {
                return Checked(place, handle);
            }

            // ENXIO: a FIFO without a reader (fifo(7)). Nothing wakes up for one, short of opening its other end.
            if (result.Errno != Errno.ENXIO || place.Existing?.Kind != DescriptorKind.Fifo)
            {
                TransferException failure = result.Errno == Errno.ELOOP && !place.IsLink
                    ? Trees.TreeErrors.Moved(place.Path)
                    : FileFailures.OpenDestination(place.Path, result.Errno);
                throw (access & OpenFlags.AccessMode) == OpenFlags.ReadWrite && result.Errno == Errno.EACCES
                    ? failure.Adding("-Verify must be permitted to read it as well.")
                    : failure;
            }

            cancellation.WaitHandle.WaitOne(ReaderPollInterval);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>What has the name now need not be what was found there and may be written into.</summary>
    private static SafeFileHandle Checked(Place place, SafeFileHandle handle)
    {
        SysResult looked = FileStatus.TryGet(handle, out FileStatus? opened);
        if (looked.Ok && opened!.Inode == place.Existing?.Inode)
        {
            return handle;
        }

        handle.Dispose();
        throw looked.Ok ? Trees.TreeErrors.Moved(place.Path) : FileFailures.OpenDestination(place.Path, looked.Errno);
    }
}
