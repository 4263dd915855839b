using System.Runtime.InteropServices;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>An open handle and what stands behind it, looked at once.</summary>
internal sealed class Descriptor
{
    private readonly object _label;

    private Descriptor(SafeHandle handle, object label, FileStatus status, int statusFlags, long? position, long size)
    {
        Handle = handle;
        _label = label;
        Status = status;
        StatusFlags = statusFlags;
        Position = position;
        Size = size;
    }

    public SafeHandle Handle { get; }

    /// <summary>How messages and results call it.</summary>
    public string Name => _label.ToString()!;

    public FileStatus Status { get; }

    /// <summary>Access mode, O_APPEND, O_NONBLOCK as they are.</summary>
    public int StatusFlags { get; set; }

    /// <summary>Where the file offset stood; null where there is none (pipes, sockets, terminals, a few of procfs).</summary>
    public long? Position { get; }

    /// <summary>Bytes of a regular file or block device; 0 for everything else.</summary>
    public long Size { get; }

    public DescriptorKind Kind => Status.Kind;

    public bool IsSeekable => Position.HasValue;

    public bool IsAppending => (StatusFlags & OpenFlags.Append) != 0;

    public bool IsNonBlocking => (StatusFlags & OpenFlags.NonBlock) != 0;

    public bool IsReadable => (StatusFlags & OpenFlags.AccessMode) is OpenFlags.ReadOnly or OpenFlags.ReadWrite
        && (StatusFlags & OpenFlags.PathOnly) == 0;

    public bool IsWritable => (StatusFlags & OpenFlags.AccessMode) is OpenFlags.WriteOnly or OpenFlags.ReadWrite
        && (StatusFlags & OpenFlags.PathOnly) == 0;

    /// <summary>A call on it can wait for somebody else: poll(2) first.</summary>
    public bool CanBlock => Kind is not (DescriptorKind.Regular or DescriptorKind.Block or DescriptorKind.Directory);

    /// <summary>Looks at a handle. It stays the caller's.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="name">What says how messages call it; the text is made only where somebody wants to read it.</param>
    public static Descriptor Describe(SafeHandle handle, object name)
    {
        if (handle.IsClosed)
        {
            throw new TransferException(TransferErrorId.HandleClosed,
                $"The handle of '{name}' is closed. Open it again, and close it only after the transfer.",
                Errno.EBADF, name.ToString());
        }

        SysResult flags = LibC.GetStatusFlags(handle);
        if (!flags.Ok)
        {
            throw new TransferException(TransferErrorId.BadDescriptor,
                $"{name} is not open in this process ({ErrnoText.Describe(flags.Errno)}). Open it first, or see whether it was closed.",
                flags.Errno, name.ToString());
        }

        SysResult stat = FileStatus.TryGet(handle, out FileStatus? status);
        if (status is null)
        {
            throw new TransferException(TransferErrorId.BadDescriptor,
                $"{name} cannot be looked at ({ErrnoText.Describe(stat.Errno)}). Check that the file system behind it still answers.",
                stat.Errno, name.ToString());
        }

        long? position = null;
        if (status.Kind is DescriptorKind.Regular or DescriptorKind.Block)
        {
            SysResult seek = LibC.Seek(handle, 0, SeekOrigin.Current);
            position = seek.Ok ? seek.Value : null;
        }

        long size = status.Size;
        if (status.Kind == DescriptorKind.Block)
        {
            SysResult device = LibC.BlockDeviceSize(handle);
            size = device.Ok ? device.Value : 0;
        }

        return new Descriptor(handle, name, status, (int)flags.Value, position, size);
    }
}
