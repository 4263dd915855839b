using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Probing;

/// <summary>One side of a pair that is only looked at. Regular files are opened, which has no effect; a FIFO, a device or a
/// socket would notice.</summary>
internal sealed class TestedEnd : IDisposable
{
    private const int Flags = OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;
    private static readonly FileName ThisFolder = ".";

    private readonly SafeFileHandle? _owned;

    private TestedEnd(string name, DescriptorKind kind, Descriptor? open, SafeFileHandle? owned, FileIdentity? fileSystem = null)
    {
        Name = name;
        Kind = kind;
        Open = open;
        Device = fileSystem?.Device ?? open?.Status.Inode.Device;
        _owned = owned;
    }

    public string Name { get; }

    public DescriptorKind Kind { get; }

    /// <summary>What is open; null where nothing may be, or where the file system has no unnamed files.</summary>
    public Descriptor? Open { get; }

    /// <summary>The device of its file system, where that is known.</summary>
    public ulong? Device { get; }

    /// <summary>Its file system, where something is open that can be asked.</summary>
    public FileSystemType FileSystem => Open is null ? FileSystemType.Other : FileSystemTypes.Of(Open.Handle);

    public Endpoint Endpoint => Open is not null
        ? Endpoint.Of(Open)
        : new Endpoint(Kind, IsSeekable: Kind is DescriptorKind.Regular or DescriptorKind.Block, IsAppending: false, IsEmpty: false);

    public static TestedEnd OfHandle(Descriptor descriptor) => new(descriptor.Name, descriptor.Kind, descriptor, owned: null);

    /// <summary>Looks at what a path leads to.</summary>
    /// <exception cref="TransferException">It could not be read.</exception>
    public static TestedEnd OfSource(string path, CancellationToken cancellation)
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
                $"'{path}' is a directory.",
                "Name a file in it: the methods are chosen file by file.", Errno.EISDIR, path),
            DescriptorKind.Socket => throw FileFailures.OpenSource(path, Errno.ENXIO),
            DescriptorKind.Regular => OpenSource(path, cancellation),
            _ => new TestedEnd(path, status.Kind, open: null, owned: null),
        };
    }

    /// <summary>Looks at where a copy would go: an existing file that would be written into, or else what the copy begins
    /// with, an unnamed file in the folder.</summary>
    /// <param name="path">The file, there or not, or the folder.</param>
    /// <param name="source">What is read.</param>
    /// <param name="inPlace">Whether a file that is there would be written into.</param>
    /// <param name="cancellation">Ends the wait for a lease.</param>
    /// <exception cref="TransferException">It could not be written.</exception>
    public static TestedEnd OfDestination(string path, TestedEnd source, bool inPlace, CancellationToken cancellation)
    {
        PathCheck.Name(path);
        using var destination = DestinationPath.Resolve(source.Name, path);
        if (destination.Existing is { Kind: not DescriptorKind.Regular } special)
        {
            return new TestedEnd(destination.Path, special.Kind, open: null, owned: null);
        }

        if (destination.Existing is not null && inPlace)
        {
            SysResult opened = LeasedFile.Open(destination.Path, Flags | OpenFlags.WriteOnly, cancellation, out SafeFileHandle file);
            return opened.Ok
                ? Owning(file, () => Descriptor.Describe(file, destination.Path))
                : throw FileFailures.OpenDestination(destination.Path, opened.Errno);
        }

        if (destination.Existing is not null && destination.Existing.Inode == source.Open?.Status.Inode)
        {
            throw RangeCheck.SameFile(source.Name, destination.Path);
        }

        return OfNewFile(destination.Folder, destination.Path);
    }

    public void Dispose() => _owned?.Dispose();

    private static TestedEnd OpenSource(string path, CancellationToken cancellation)
    {
        SysResult opened = LeasedFile.Open(path, Flags | OpenFlags.ReadOnly, cancellation, out SafeFileHandle file);
        return opened.Ok
            ? Owning(file, () => Descriptor.OfOpened(file, path, Flags | OpenFlags.ReadOnly))
            : throw FileFailures.OpenSource(path, opened.Errno);
    }

    /// <summary>A file system does not tell in general whether it shares blocks, with whom, and in which folders (btrfs does
    /// not between files with checksums and without). An unnamed file (O_TMPFILE) is what the copy itself would write to, and
    /// can be asked: it has no name and no block, and is gone when it is closed.</summary>
    private static TestedEnd OfNewFile(SafeFileHandle folder, string path)
    {
        const uint PrivateMode = 0x180; // 0600
        SysResult made = LibC.OpenAt(
            folder, ThisFolder, OpenFlags.TemporaryFile | OpenFlags.WriteOnly, PrivateMode, out SafeFileHandle file);
        if (made.Ok)
        {
            return Owning(file, () => Descriptor.OfNewFile(file, path));
        }

        file.Dispose();
        if (made.Errno is not (Errno.EOPNOTSUPP or Errno.EISDIR or Errno.EINVAL))
        {
            throw FileFailures.OpenDestination(path, made.Errno);
        }

        FileStatus.TryGet(folder, out FileStatus? status);
        return new TestedEnd(path, DescriptorKind.Regular, open: null, owned: null, status?.Inode);
    }

    private static TestedEnd Owning(SafeFileHandle file, Func<Descriptor> describe)
    {
        try
        {
            Descriptor descriptor = describe();
            return new TestedEnd(descriptor.Name, descriptor.Kind, descriptor, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
