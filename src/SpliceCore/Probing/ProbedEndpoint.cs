using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Probing;

/// <summary>Source or destination of a probe. Regular files are opened, which has no effect; FIFOs, devices and sockets are
/// not.</summary>
internal sealed class ProbedEndpoint : IDisposable
{
    private const int Flags = LibC.O_NONBLOCK | LibC.O_NOCTTY;
    private static readonly FileName Self = ".";

    private readonly SafeFileHandle? _owned;

    private ProbedEndpoint(string name, DescriptorKind kind, Descriptor? open, SafeFileHandle? owned, FileIdentity? fileSystem = null)
    {
        Name = name;
        Kind = kind;
        Open = open;
        Device = fileSystem?.Device ?? open?.Status.Inode.Device;
        _owned = owned;
    }

    public string Name { get; }

    public DescriptorKind Kind { get; }

    /// <summary>The open file; null where it may not be opened, or the file system has no unnamed files.</summary>
    public Descriptor? Open { get; }

    /// <summary>The device of its file system; null if unknown.</summary>
    public ulong? Device { get; }

    public FileSystemType FileSystem => Open is null ? FileSystemType.Other : FileSystemTypes.Of(Open.Handle);

    public DescriptorTraits DescriptorTraits => Open is not null
        ? DescriptorTraits.Of(Open)
        : new DescriptorTraits(Kind, IsSeekable: Kind is DescriptorKind.Regular or DescriptorKind.Block, IsAppending: false, IsEmpty: false);

    public static ProbedEndpoint FromHandle(Descriptor descriptor) => new(descriptor.Name, descriptor.Kind, descriptor, owned: null);

    public static ProbedEndpoint OpenSource(string path, CancellationToken cancellation)
    {
        PathCheck.Name(path);
        SysResult looked = FileStatus.TryGet(path, followLink: true, out FileStatus? status);
        if (!looked.Ok)
        {
            throw FileFailures.OpenSource(path, looked.Errno);
        }

        return status!.Kind switch
        {
            DescriptorKind.Directory => throw new TransferException(TransferErrorId.SourceIsDirectory,
                $"'{path}' is a folder.",
                "Specify a file in it: methods are chosen for each file.", Errno.EISDIR, path),
            DescriptorKind.Socket => throw FileFailures.OpenSource(path, Errno.ENXIO),
            DescriptorKind.Regular => OpenFile(path, cancellation),
            _ => new ProbedEndpoint(path, status.Kind, open: null, owned: null),
        };
    }

    /// <summary>Opens an existing file that would be written in place, or else an unnamed file in the folder, as a copy
    /// does.</summary>
    public static ProbedEndpoint OpenDestination(string path, ProbedEndpoint source, bool inPlace, CancellationToken cancellation)
    {
        PathCheck.Name(path);
        var target = new CopyTarget(path, forSeveral: false);
        using var destination = DestinationEntry.Resolve(source.Name, target.IsMissing ? path.TrimEnd('/') : path);
        if (destination.Existing is { Kind: not DescriptorKind.Regular } special)
        {
            return new ProbedEndpoint(destination.Path, special.Kind, open: null, owned: null);
        }

        if (destination.Existing is not null && inPlace)
        {
            SysResult opened = LeasedFile.Open(destination.Path, Flags | LibC.O_WRONLY, cancellation, out SafeFileHandle file);
            return opened.Ok
                ? Own(file, () => Descriptor.Describe(file, destination.Path))
                : throw FileFailures.OpenDestination(destination.Path, opened.Errno);
        }

        if (destination.Existing is not null && destination.Existing.Inode == source.Open?.Status.Inode)
        {
            throw RangeCheck.SameFile(source.Name, destination.Path);
        }

        // A missing folder would be created, on the same file system.
        return OpenNewFile(destination.Folder, target.IsMissing ? target.Forecast(source.Name) : destination.Path);
    }

    public void Dispose() => _owned?.Dispose();

    private static ProbedEndpoint OpenFile(string path, CancellationToken cancellation)
    {
        SysResult opened = LeasedFile.Open(path, Flags | LibC.O_RDONLY, cancellation, out SafeFileHandle file);
        return opened.Ok
            ? Own(file, () => Descriptor.OfOpened(file, path, Flags | LibC.O_RDONLY))
            : throw FileFailures.OpenSource(path, opened.Errno);
    }

    /// <summary>No call reports whether a file system shares blocks, with which other ones, and in which folders (btrfs does not
    /// between files with checksums and without). An unnamed file (O_TMPFILE) is what the copy itself would write to: it has
    /// no block, and is removed when it is closed.</summary>
    private static ProbedEndpoint OpenNewFile(SafeFileHandle folder, string path)
    {
        SysResult made = LibC.OpenAt(
            folder, Self, LibC.O_TMPFILE | LibC.O_WRONLY, ModeBits.Private, out SafeFileHandle file);
        if (made.Ok)
        {
            return Own(file, () => Descriptor.OfNewFile(file, path));
        }

        file.Dispose();
        if (made.Errno is not (Errno.EOPNOTSUPP or Errno.EISDIR or Errno.EINVAL))
        {
            throw FileFailures.OpenDestination(path, made.Errno);
        }

        FileStatus.TryGet(folder, out FileStatus? status);
        return new ProbedEndpoint(path, DescriptorKind.Regular, open: null, owned: null, status?.Inode);
    }

    private static ProbedEndpoint Own(SafeFileHandle file, Func<Descriptor> describe)
    {
        try
        {
            Descriptor descriptor = describe();
            return new ProbedEndpoint(descriptor.Name, descriptor.Kind, descriptor, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
