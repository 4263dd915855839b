using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>An open handle, with the status of its file.</summary>
internal sealed class Descriptor
{
    private FileStatus? _status;
    private bool? _mayHaveHoles;
    private FileSystemType? _fileSystem;

    private Descriptor(SafeHandle handle, object label, FileStatus? status, int statusFlags, long? position, long size)
    {
        Handle = handle;
        Label = label;
        _status = status;
        Kind = status?.Kind ?? DescriptorKind.Regular;
        StatusFlags = statusFlags;
        Position = position;
        Size = size;
    }

    public SafeHandle Handle { get; }

    /// <summary>The name in messages and results.</summary>
    public string Name => Label.ToString()!;

    /// <summary>Its ToString() is the name, which is created only where it is needed.</summary>
    public object Label { get; }

    /// <summary>True if we have just created the file, so that it is not another one.</summary>
    public bool IsNew { get; private init; }

    public FileStatus Status => _status ??= ReadStatus();

    /// <summary>Access mode, O_APPEND, O_NONBLOCK.</summary>
    public int StatusFlags { get; set; }

    /// <summary>The first file offset; null if not seekable (pipes, sockets, terminals, a few files of procfs).</summary>
    public long? Position { get; }

    /// <summary>Size in bytes of a regular file or block device; 0 for everything else, and for generated files.</summary>
    public long Size { get; }

    public DescriptorKind Kind { get; }

    public FileSystemType FileSystem => _fileSystem ??= FileSystemTypes.Of(Handle);

    public bool IsSeekable => Position.HasValue;

    public bool IsAppending => (StatusFlags & LibC.O_APPEND) != 0;

    public bool IsNonBlocking => (StatusFlags & LibC.O_NONBLOCK) != 0;

    public bool IsReadable => (StatusFlags & LibC.O_ACCMODE) is LibC.O_RDONLY or LibC.O_RDWR
        && (StatusFlags & LibC.O_PATH) == 0;

    public bool IsWritable => (StatusFlags & LibC.O_ACCMODE) is LibC.O_WRONLY or LibC.O_RDWR
        && (StatusFlags & LibC.O_PATH) == 0;

    /// <summary>A file may have blocks past its end, which XFS keeps for what is appended: then its holes do not show in the number of
    /// blocks.</summary>
    public bool ProbablyHasHoles => _mayHaveHoles ??= this is { Kind: DescriptorKind.Regular, IsSeekable: true, Size: > 0 }
        && (Status.IsProbablySparse || (Size > Tuning.SeekHoleAbove && FindsHole()));

    /// <summary>True if a call on it can block, so that poll(2) comes first.</summary>
    public bool CanBlock => Kind is not (DescriptorKind.Regular or DescriptorKind.Block or DescriptorKind.Directory);

    /// <summary>Describes a regular file that was just created and opened for writing, without a system call.</summary>
    public static Descriptor OfNewFile(SafeHandle handle, object name, long size = 0) =>
        new(handle, name, status: null, LibC.O_WRONLY, position: 0, size) { IsNew = true };

    /// <summary>Describes a file that was just opened with the given flags. Only a file without a size may be not seekable (a few of
    /// procfs).</summary>
    public static Descriptor OfOpened(SafeHandle handle, object name, int flags)
    {
        SysResult stat = FileStatus.TryGet(handle, out FileStatus? status);
        return stat.Ok ? OfOpened(handle, name, flags, status!) : Describe(handle, name);
    }

    /// <summary>Describes a file that was just opened with the given flags, and whose status was read then.</summary>
    public static Descriptor OfOpened(SafeHandle handle, object name, int flags, FileStatus status) =>
        status.Kind == DescriptorKind.Regular && status.Size > 0 && !IsGenerated(handle, status)
            ? new Descriptor(handle, name, status, flags, position: 0, status.Size)
            : Describe(handle, name, status, flags);

    /// <summary>Describes a handle, which stays the caller's.</summary>
    public static Descriptor Describe(SafeHandle handle, object name)
    {
        if (handle.IsClosed)
        {
            throw new TransferException(TransferErrorId.HandleClosed,
                $"The handle of '{name}' is closed.",
                "Open it again, and close it only after the transfer.",
                Errno.EBADF, name.ToString());
        }

        SysResult flags = LibC.GetStatusFlags(handle);
        if (!flags.Ok)
        {
            throw new TransferException(TransferErrorId.BadDescriptor,
                $"{name} is not open in this process ({ErrnoText.Describe(flags.Errno)}).",
                "Open it first, or check whether it was closed.",
                flags.Errno, name.ToString());
        }

        SysResult stat = FileStatus.TryGet(handle, out FileStatus? status);
        if (status is null)
        {
            throw NotDescribed(name.ToString()!, stat.Errno);
        }

        return Describe(handle, name, status, (int)flags.Value);
    }

    /// <summary>Sets the file offset to the first one, or so many bytes further. Transfers use offsets of their own, but lseek(2)
    /// for holes moves it.</summary>
    public void AdvancePosition(long moved)
    {
        if (Position is long before && !Handle.IsClosed)
        {
            LibC.Seek(Handle, before + moved, SeekOrigin.Begin);
        }
    }

    private static Descriptor Describe(SafeHandle handle, object name, FileStatus status, int flags)
    {
        long? position = null;
        if (status.Kind is DescriptorKind.Regular or DescriptorKind.Block)
        {
            SysResult seek = LibC.Seek(handle, 0, SeekOrigin.Current);
            position = seek.Ok ? seek.Value : null;
        }

        long size = IsGenerated(handle, status) ? 0 : status.Size;
        if (status.Kind == DescriptorKind.Block)
        {
            SysResult device = LibC.BlockDeviceSize(handle);
            size = device.Ok ? device.Value : 0;
        }

        return new Descriptor(handle, name, status, flags, position, size);
    }

    /// <summary>Generated files have no blocks.</summary>
    private static bool IsGenerated(SafeHandle handle, FileStatus status) =>
        status is { Kind: DescriptorKind.Regular, Size: > 0, AllocatedBytes: 0 } && FileSystemTypes.IsGenerated(handle);

    private bool FindsHole()
    {
        SysResult hole = LibC.SeekHole(Handle, 0);
        AdvancePosition(0);
        return hole.Ok && hole.Value < Size;
    }

    private FileStatus ReadStatus()
    {
        SysResult stat = FileStatus.TryGet(Handle, out FileStatus? status);
        return stat.Ok ? status! : throw NotDescribed(Name, stat.Errno);
    }

    private static TransferException NotDescribed(string name, Errno errno) => new(TransferErrorId.BadDescriptor,
        $"The status of {name} cannot be read ({ErrnoText.Describe(errno)}).",
        "Check that its file system still responds.",
        errno, name);
}

/// <summary>Makes a borrowed socket non-blocking during a transfer: nothing else keeps a send from waiting for a peer that has
/// stopped reading. The mode belongs to the open file description, which other transfers may use at the same time: the last one
/// restores it.</summary>
internal sealed class NonBlockingScope : IDisposable
{
    // A socket has one open file description, so its inode stands for that.
    private static readonly Dictionary<FileIdentity, int> Users = [];

    private readonly Descriptor? _changed;

    public NonBlockingScope(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Socket)
        {
            return;
        }

        lock (Users)
        {
            bool isShared = Users.TryGetValue(descriptor.Status.Identity, out int users);
            if (isShared || TryChange(descriptor))
            {
                Users[descriptor.Status.Identity] = users + 1;
                _changed = descriptor;
                descriptor.StatusFlags |= LibC.O_NONBLOCK;
            }
        }
    }

    public void Dispose()
    {
        if (_changed is null)
        {
            return;
        }

        lock (Users)
        {
            int users = Users[_changed.Status.Identity] - 1;
            if (users > 0)
            {
                Users[_changed.Status.Identity] = users;
                return;
            }

            Users.Remove(_changed.Status.Identity);
            if (!_changed.Handle.IsClosed)
            {
                _changed.StatusFlags &= ~LibC.O_NONBLOCK;
                LibC.SetStatusFlags(_changed.Handle, _changed.StatusFlags);
            }
        }
    }

    /// <summary>Reads the flags again: another transfer may have changed them since the descriptor was described.</summary>
    private static bool TryChange(Descriptor descriptor)
    {
        SysResult flags = LibC.GetStatusFlags(descriptor.Handle);
        if (!flags.Ok)
        {
            return false;
        }

        descriptor.StatusFlags = (int)flags.Value;
        return !descriptor.IsNonBlocking
            && LibC.SetStatusFlags(descriptor.Handle, descriptor.StatusFlags | LibC.O_NONBLOCK).Ok;
    }
}

/// <summary>Opens a terminal again, non-blocking: nothing else keeps a write from waiting for a stopped one. The mode of the borrowed
/// handle belongs to the whole session.</summary>
internal static class TerminalOutput
{
    // /dev/ptmx (devices.txt): opening it again creates another terminal.
    private const ulong Multiplexer = (5UL << 32) | 2;

    /// <summary>Returns a handle of our own; null for the borrowed one.</summary>
    public static SafeFileHandle? Reopen(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Character || descriptor.IsNonBlocking
            || descriptor.Status.Identity.SpecialDevice == Multiplexer || !LibC.IsTerminal(descriptor.Handle))
        {
            return null;
        }

        const int Flags = LibC.O_WRONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY;
        return LibC.Open(LibC.PathOf(descriptor.Handle), Flags, out SafeFileHandle handle).Ok ? handle : null;
    }
}
