using System.Runtime.InteropServices;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>An open handle and what stands behind it, looked at once.</summary>
internal sealed class Descriptor
{
    private FileStatus? _status;

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

    /// <summary>How messages and results call it.</summary>
    public string Name => Label.ToString()!;

    /// <summary>What says its name; the text is made only where somebody wants to read it.</summary>
    public object Label { get; }

    /// <summary>True if it was made by us, just now: it is no other file.</summary>
    public bool IsNew { get; private init; }

    public FileStatus Status => _status ??= Look();

    /// <summary>Access mode, O_APPEND, O_NONBLOCK as they are.</summary>
    public int StatusFlags { get; set; }

    /// <summary>Where the file offset stood; null where there is none (pipes, sockets, terminals, a few of procfs).</summary>
    public long? Position { get; }

    /// <summary>Bytes of a regular file or block device; 0 for everything else, and for files that the kernel generates: only
    /// their end tells how many bytes they have.</summary>
    public long Size { get; }

    public DescriptorKind Kind { get; }

    public bool IsSeekable => Position.HasValue;

    public bool IsAppending => (StatusFlags & OpenFlags.Append) != 0;

    public bool IsNonBlocking => (StatusFlags & OpenFlags.NonBlock) != 0;

    public bool IsReadable => (StatusFlags & OpenFlags.AccessMode) is OpenFlags.ReadOnly or OpenFlags.ReadWrite
        && (StatusFlags & OpenFlags.PathOnly) == 0;

    public bool IsWritable => (StatusFlags & OpenFlags.AccessMode) is OpenFlags.WriteOnly or OpenFlags.ReadWrite
        && (StatusFlags & OpenFlags.PathOnly) == 0;

    /// <summary>A call on it can wait for somebody else: poll(2) first.</summary>
    public bool CanBlock => Kind is not (DescriptorKind.Regular or DescriptorKind.Block or DescriptorKind.Directory);

    /// <summary>A regular file that was just made and opened for writing: it has what was written to it, and is known without a
    /// look.</summary>
    public static Descriptor OfNewFile(SafeHandle handle, object name, long size = 0) =>
        new(handle, name, status: null, OpenFlags.WriteOnly, position: 0, size) { IsNew = true };

    /// <summary>A file that was just opened with the given flags. Only whether it has positions may have to be asked for:
    /// a few of procfs, which have no size, have none.</summary>
    public static Descriptor OfOpened(SafeHandle handle, object name, int flags)
    {
        SysResult stat = FileStatus.TryGet(handle, out FileStatus? status);
        return stat.Ok && status!.Kind == DescriptorKind.Regular && status.Size > 0 && !IsGenerated(handle, status)
            ? new Descriptor(handle, name, status, flags, position: 0, status.Size)
            : Describe(handle, name);
    }

    /// <summary>Looks at a handle. It stays the caller's.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="name">What says how messages call it; the text is made only where somebody wants to read it.</param>
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
                "Open it first, or see whether it was closed.",
                flags.Errno, name.ToString());
        }

        SysResult stat = FileStatus.TryGet(handle, out FileStatus? status);
        if (status is null)
        {
            throw NoLook(name.ToString()!, stat.Errno);
        }

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

        return new Descriptor(handle, name, status, (int)flags.Value, position, size);
    }

    /// <summary>Puts the handle's position where it was at first, or so many bytes further: who works at offsets of his own
    /// still moves it when he looks for holes.</summary>
    public void PutPosition(long moved)
    {
        if (Position is long before && !Handle.IsClosed)
        {
            LibC.Seek(Handle, before + moved, SeekOrigin.Begin);
        }
    }

    /// <summary>Generated files have no blocks: only a file without any is worth the question.</summary>
    private static bool IsGenerated(SafeHandle handle, FileStatus status) =>
        status is { Kind: DescriptorKind.Regular, Size: > 0, AllocatedBytes: 0 } && FileSystemTypes.IsGenerated(handle);

    private FileStatus Look()
    {
        SysResult stat = FileStatus.TryGet(Handle, out FileStatus? status);
        return stat.Ok ? status! : throw NoLook(Name, stat.Errno);
    }

    private static TransferException NoLook(string name, Errno errno) => new(TransferErrorId.BadDescriptor,
        $"{name} cannot be looked at ({ErrnoText.Describe(errno)}).",
        "Check that the file system behind it still answers.",
        errno, name);
}
