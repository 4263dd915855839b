using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice;

/// <summary>Destination of the sources of a command. Several sources go into a folder, and so does a single one if the path ends in a
/// slash. The folder is created for the first of them if it is missing. A device or a FIFO takes one after the other.</summary>
public sealed class CopyTarget
{
    // Hashes, since there can be a million paths.
    private HashSet<UInt128>? _taken;
    private bool _isFolder;
    private bool _isNew;

    /// <summary>Examines a destination.</summary>
    /// <param name="path">The destination.</param>
    /// <param name="forSeveral">True if several sources go there.</param>
    public CopyTarget(string path, bool forSeveral)
    {
        Path = path;
        if (!forSeveral && !path.EndsWith('/'))
        {
            return;
        }

        SysResult looked = FileStatus.TryGet(path, followLink: true, out FileStatus? status);
        IsMissing = looked.Errno == Errno.ENOENT;
        if (forSeveral)
        {
            _isFolder = status?.Kind == DescriptorKind.Directory;
            Failure = status?.Kind == DescriptorKind.Regular ? TreeErrors.NoFolderForSeveral(path) : null;
        }
    }

    /// <summary>The destination.</summary>
    public string Path { get; }

    /// <summary>True if the folder for the sources has to be created.</summary>
    public bool IsMissing { get; private set; }

    /// <summary>The error if no source can go there; null otherwise.</summary>
    public TransferException? Failure { get; }

    /// <summary>Returns the destination of a source: its path in the folder if that is missing, otherwise the folder's.</summary>
    /// <param name="source">The source.</param>
    public string Forecast(string source) => IsMissing ? System.IO.Path.Join(Path, System.IO.Path.GetFileName(source.TrimEnd('/'))) : Path;

    /// <summary>True if a source was not named before. It goes into a folder once.</summary>
    /// <param name="source">The source.</param>
    public bool IsFirst(string source) => !(_isFolder || IsMissing) || TryTake(source);

    /// <summary>Creates the folder if it is missing.</summary>
    /// <exception cref="TransferException">It cannot be created.</exception>
    public void Make()
    {
        if (!IsMissing)
        {
            return;
        }

        SysResult opened = OpenParent(out string name, out SafeFileHandle parent);
        using (parent)
        {
            SysResult made = opened.Ok ? LibC.MakeDirectoryAt(parent, name, ModeBits.All) : opened;
            if (!made.Ok && !(made.Errno == Errno.EEXIST && Directory.Exists(Path)))
            {
                string path = Path.TrimEnd('/');
                throw made.Errno == Errno.EEXIST ? TreeErrors.NoFolderForSeveral(path) : FileFailures.OpenDestination(path, made.Errno);
            }

            _isNew = made.Ok;
        }

        IsMissing = false;
        _isFolder = true;
    }

    /// <summary>Removes the folder if it was created and is empty: nothing could be copied into it.</summary>
    public void RemoveIfEmpty()
    {
        if (_isNew && OpenParent(out string name, out SafeFileHandle parent).Ok)
        {
            using (parent)
            {
                LibC.RemoveDirectoryAt(parent, name);
            }
        }
    }

    private SysResult OpenParent(out string name, out SafeFileHandle parent)
    {
        string path = Path.TrimEnd('/');
        name = System.IO.Path.GetFileName(path);
        return LibC.Open(System.IO.Path.GetDirectoryName(path) ?? "/", LibC.O_PATH | LibC.O_DIRECTORY, out parent);
    }

    // A method of its own: code with UInt128 is not in the images.
    private bool TryTake(string source) =>
        (_taken ??= []).Add(BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(MemoryMarshal.AsBytes(source.TrimEnd('/').AsSpan()))));
}

/// <summary>The sources of one command and the items that it created, so that no source overwrites another one, or replaces what came
/// from another. Thread-safe.</summary>
public sealed class CreatedFiles
{
    // One number for an identity, since there can be a million files.
    private readonly HashSet<ulong> _files = [];
    private readonly HashSet<ulong> _names = [];
    private readonly HashSet<ulong> _kept = [];
    private readonly Dictionary<ulong, ulong> _written = []; // files written in place, and what is written to them
    private readonly HashSet<ulong> _folders = [];
    private readonly HashSet<ulong> _visited = [];
    private readonly LinkedSources _sources = new();
    private volatile bool _mayHaveLinks;

    /// <summary>True if the command may have created symbolic links, one by one or in folders.</summary>
    internal bool MayHaveLinks => _mayHaveLinks;

    /// <summary>Adds a source, which then is not overwritten in place through a hard link.</summary>
    /// <param name="path">The source: an absolute path.</param>
    /// <param name="isTree">True if a folder is copied with everything in it.</param>
    /// <param name="followLinks">True if symbolic links are followed.</param>
    public void AddSource(string path, bool isTree, bool followLinks) => _sources.Add(path, isTree, followLinks);

    /// <summary>True if an existing file has another name in one of the sources.</summary>
    /// <exception cref="TransferException">A source cannot be read.</exception>
    internal bool IsSource(FileStatus file, CancellationToken cancellation) => _sources.Contains(file, cancellation);

    /// <summary>True if the command wrote this file: the node, or the device that it stands for.</summary>
    internal bool HasFile(FileStatus file) => Has(_files, Key(file.Identity)) || Has(_files, Key(file.Inode));

    internal void AddFile(FileIdentity identity) => Add(_files, Key(identity));

    /// <summary>True if a source left the file of this name as it is, which has other names.</summary>
    internal bool HasName(FileIdentity folder, FileName name) => Has(_names, Key(folder, name));

    /// <summary>Reserves an existing file before it is written in place.</summary>
    /// <param name="path">Path of the destination: a second attempt has the same one.</param>
    /// <returns>False if another source is written to the file or has left it as it is, under another of its names.</returns>
    internal bool TryWrite(FileStatus existing, FileIdentity source, string path)
    {
        (ulong file, ulong copy) = (Key(existing.Inode), Key(source, path));
        lock (_written)
        {
            return !_kept.Contains(file) && (_written.TryAdd(file, copy) || _written[file] == copy);
        }
    }

    /// <summary>Reserves an existing file before it is left as it is. It may have several names for several sources.</summary>
    /// <returns>False if a source is written to it.</returns>
    internal bool TryKeep(FileStatus existing)
    {
        ulong file = Key(existing.Inode);
        lock (_written)
        {
            if (_written.ContainsKey(file))
            {
                return false;
            }

            _kept.Add(file);
            return true;
        }
    }

    /// <summary>Adds an existing item that a source left as it is. Of one with several names, only this one belongs to the source: the
    /// others may be replaced, but not written in place.</summary>
    /// <param name="item">Its status; null for a name that the source added to it.</param>
    internal void AddKept(FileStatus? item, FileIdentity folder, FileName name)
    {
        if (item is null or { LinkCount: > 1 })
        {
            Add(_names, Key(folder, name));
        }
        else if (item.Kind == DescriptorKind.SymbolicLink)
        {
            AddNode(item.Inode);
        }
        else
        {
            AddFile(item.Inode);
        }
    }

    /// <summary>Adds a link or special file.</summary>
    internal void AddNode(FileIdentity identity)
    {
        _mayHaveLinks = true;
        Add(_files, Key(identity));
    }

    /// <summary>True if the command created this folder, and so everything in it.</summary>
    internal bool HasFolder(FileIdentity identity) => Has(_folders, Key(identity));

    internal void AddFolder(FileIdentity identity)
    {
        _mayHaveLinks = true;
        Add(_folders, Key(identity));
    }

    /// <summary>True the first time that this is called for a folder.</summary>
    internal bool IsFirstVisit(FileIdentity folder) => Add(_visited, Key(folder));

    private static ulong Key(FileIdentity identity) => (identity.Inode * 0x9E3779B97F4A7C15) ^ identity.Device ^ ~identity.SpecialDevice;

    private static ulong Key(FileIdentity folder, FileName name)
    {
        ulong key = Key(folder);
        foreach (byte one in name.Bytes)
        {
            key = (key ^ one) * 1099511628211;
        }

        return key;
    }

    private static bool Has(HashSet<ulong> set, ulong key)
    {
        lock (set)
        {
            return set.Contains(key);
        }
    }

    private static bool Add(HashSet<ulong> set, ulong key)
    {
        lock (set)
        {
            return set.Add(key);
        }
    }
}

/// <summary>The destination of a copy before it runs. Nothing is opened, and it may change until then.</summary>
/// <param name="Path">Path of the copy, with the source's name if the destination is a folder.</param>
/// <param name="Kind">Kind of the existing item.</param>
public sealed record DestinationPreview(string Path, PreviewKind Kind)
{
    /// <summary>Checks that a source exists.</summary>
    /// <param name="source">The source.</param>
    /// <param name="followLink">True if the target of a link would be copied, and not the link.</param>
    /// <returns>The error that the copy would report; null if the source exists.</returns>
    public static TransferException? FindMissing(string source, bool followLink = true) =>
        FileStatus.TryGet(source, followLink, out _) is { Ok: false, Errno: Errno.ENOENT or Errno.ENOTDIR } looked
            ? FileFailures.OpenSource(source, looked.Errno)
            : null;

    /// <summary>Examines a destination.</summary>
    /// <param name="source">The source.</param>
    /// <param name="destination">A path, or a folder for the source.</param>
    /// <returns>The destination; as a free name if the path is invalid, which the copy itself reports.</returns>
    public static DestinationPreview Of(string source, string destination)
    {
        try
        {
            using var path = DestinationEntry.Resolve(source, destination);
            return new DestinationPreview(path.Path, path.Existing?.Kind switch
            {
                null => PreviewKind.Nothing,
                DescriptorKind.Regular => PreviewKind.File,
                DescriptorKind.Directory => PreviewKind.Folder,
                _ => PreviewKind.Special,
            });
        }
        catch (TransferException exception) when (exception is { Id: TransferErrorId.DestinationExists, Target: string folder })
        {
            return new DestinationPreview(folder, PreviewKind.Folder);
        }
        catch (TransferException)
        {
            return new DestinationPreview(destination, PreviewKind.Nothing);
        }
    }
}

/// <summary>Kind of an existing destination.</summary>
public enum PreviewKind
{
    /// <summary>The name is free.</summary>
    Nothing,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A device, a FIFO or a socket.</summary>
    Special,
}
