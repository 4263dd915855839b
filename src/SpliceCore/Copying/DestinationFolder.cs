using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A directory that takes many files, opened once for all of them.</summary>
internal sealed class DestinationFolder : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly FileSystemType _fileSystem;
    private readonly ReaderWriterLockSlim _turns = new();
    private FileSystemPairCache? _devices;

    private DestinationFolder(string path, SafeFileHandle handle, FileIdentity identity, CreatedFiles? created)
    {
        _path = path;
        _handle = handle;
        Identity = identity;
        _fileSystem = FileSystemTypes.Of(handle);
        if (created?.HasFolder(identity) == false && DirectoryReader.IsEmpty(handle))
        {
            created.AddFolder(identity);
            IsNew = true;
        }
    }

    public FileIdentity Identity { get; }

    /// <summary>True if the directory was empty. Then names need not be looked up, except to append: what was created since is not
    /// replaced.</summary>
    public bool IsNew { get; }

    /// <summary>Opens a directory; null if the path is not one.</summary>
    public static DestinationFolder? TryOpen(string path, CreatedFiles? created)
    {
        SysResult opened = LibC.Open(path, LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle handle);
        if (opened.Ok && FileStatus.TryGet(handle, out FileStatus? status).Ok)
        {
            return new DestinationFolder(path, handle, status!.Inode, created);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Returns the destination of a source; null if an item that is not a regular file has its name.</summary>
    private DestinationEntry? TryFind(string source, bool mayReplace, bool appends)
    {
        string name = Path.GetFileName(source);
        if (name.Length == 0)
        {
            return null;
        }

        FileStatus? existing = null;
        bool isNew = IsNew && !appends;
        SysResult looked = isNew ? default : FileStatus.TryGet(_handle, name, followLink: false, out existing);
        return isNew || looked.Errno == Errno.ENOENT || existing?.Kind == DescriptorKind.Regular
            ? new DestinationEntry(_handle, name, existing, Path.Join(_path, name), mayReplace && !IsNew) { IsNamedByUser = true }
            : null;
    }

    /// <summary>Copies into the directory, at the same time as others if no other source has the same destination. A link may lead to a
    /// file that another copy creates: such a copy runs alone, so that neither replaces the other's file.</summary>
    public TransferResult Copy(string source, bool mayReplace, bool appends, Func<DestinationEntry, TransferResult> beside, Func<TransferResult> alone)
    {
        _turns.EnterReadLock();
        try
        {
            if (TryFind(source, mayReplace, appends) is { } place)
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

    public FileSystemPairCache DevicesFrom(FileStatus source)
    {
        FileSystemPairCache? known = Volatile.Read(ref _devices);
        if (known?.IsFor(source.Inode.Device, Identity.Device) == true)
        {
            return known;
        }

        var devices = new FileSystemPairCache(source.Inode.Device, Identity.Device, _fileSystem);
        Volatile.Write(ref _devices, devices);
        return devices;
    }

    public void Dispose()
    {
        _handle.Dispose();
        _turns.Dispose();
    }
}

/// <summary>Properties of the two file systems of a copy, so that they are queried once for many files.</summary>
internal sealed class FileSystemPairCache(ulong source, ulong destination, FileSystemType fileSystem)
{
    private volatile bool _refusesReflink;
    private long _sourceFileSystem = long.MinValue;
    private TimePrecision? _precision;

    /// <summary>True if these file systems share no blocks.</summary>
    public bool RefusesReflink => _refusesReflink;

    /// <summary>File system of the destination.</summary>
    public FileSystemType FileSystem => fileSystem;

    /// <summary>Returns the file system of a source, which is the same for all files of one device.</summary>
    public FileSystemType SourceFileSystemOf(Descriptor file)
    {
        if (file.Status.Inode.Device != source)
        {
            return FileSystemTypes.Of(file.Handle);
        }

        long known = Interlocked.Read(ref _sourceFileSystem);
        if (known == long.MinValue)
        {
            known = (long)FileSystemTypes.Of(file.Handle);
            Interlocked.Exchange(ref _sourceFileSystem, known);
        }

        return (FileSystemType)known;
    }

    /// <summary>Returns the precision of the times of both file systems.</summary>
    /// <param name="sourceItem">Any item of the source's file system.</param>
    /// <param name="destinationItem">Any item of the destination's.</param>
    public TimePrecision PrecisionOf(SafeHandle sourceItem, SafeHandle destinationItem, TimeSpan tolerance) =>
        _precision ??= TimePrecision.Of(sourceItem, destinationItem, tolerance);

    public bool IsFor(ulong sourceDevice, ulong destinationDevice) => (source, destination) == (sourceDevice, destinationDevice);

    public void Learn(IReadOnlyList<MethodAttempt> attempts)
    {
        foreach (MethodAttempt attempt in attempts)
        {
            if (attempt.Method == TransferMethod.Reflink && attempt.Errno is Errno.EOPNOTSUPP or Errno.EXDEV or Errno.ENOTTY)
            {
                _refusesReflink = true;
            }
        }
    }
}

/// <summary>Permission bits that new files of a directory get if they are requested: the umask and the directory's default access
/// list mask some. Granted bits need not be set again, which saves one call for each small file.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/umask.2.html">umask(2)</see>,
/// <see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see>, object creation and default ACLs</remarks>
internal sealed class CreateModeCache
{
    private int _granted;
    private int _refused;

    /// <summary>Reads the mode of a file that was created with a mode, if it has bits of which nothing is known.</summary>
    public void Learn(SafeFileHandle file, uint mode)
    {
        bool isKnown = (mode & ~(uint)(_granted | _refused)) == 0;
        if (!isKnown && FileStatus.TryGet(file, out FileStatus? status).Ok)
        {
            Interlocked.Or(ref _granted, (int)(mode & status!.Permissions));
            Interlocked.Or(ref _refused, (int)(mode & ~status.Permissions));
        }
    }

    /// <summary>True if a file that was created with a mode has it.</summary>
    public bool Covers(uint mode) => (mode & ~(uint)_granted) == 0;
}

/// <summary>The umask of this process.</summary>
/// <remarks>umask(2) changes it, for all threads; proc_pid_status(5) only reads it.</remarks>
internal static class ProcessUmask
{
    private const uint Usual = 0x12; // 022

    public static uint Value => ProcFile.ReadField("/proc/self/status", "Umask") is string octal ? Convert.ToUInt32(octal, fromBase: 8) : Usual;
}
