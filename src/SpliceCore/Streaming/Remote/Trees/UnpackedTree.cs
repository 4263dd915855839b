using System.Formats.Tar;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>A tree that is received: it is made in a passing folder that only this user may look into, and gets its name, or goes
/// into the folder that has it, when all of it has come.</summary>
internal sealed class UnpackedTree : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600

    private readonly ReceiveRequest _request;
    private readonly string _host;
    private readonly UnpackedPlace _place;
    private readonly FolderChain _chain;
    private readonly MetadataLosses _losses = new();
    private readonly List<(IReadOnlyList<FileName> Names, TarEntry Entry)> _folders = [];
    private readonly List<string> _leftOut = [];

    /// <param name="request">How to receive it.</param>
    /// <param name="host">The host, for people.</param>
    /// <param name="path">Where it will be, or the folder that it will be in.</param>
    /// <exception cref="TransferException">It cannot be made, or what is there must stay.</exception>
    public UnpackedTree(ReceiveRequest request, string host, string path)
    {
        _request = request;
        _host = host;
        _place = new UnpackedPlace(request, path);
        _chain = new FolderChain(_place.Top, _place.Path);
    }

    /// <summary>Where it will be.</summary>
    public string Path => _place.Path;

    /// <summary>The access control lists of the host's items.</summary>
    public HostAccessLists Lists { get; init; } = new();

    /// <summary>Ends the copies that are made here.</summary>
    public CancellationToken Cancellation { get; init; }

    public long FileCount { get; private set; }

    public long DirectoryCount => _folders.Count;

    /// <summary>What worked only in part.</summary>
    public IEnumerable<string> Warnings => [.. _leftOut, .. _losses.Describe()];

    /// <summary>Makes an item.</summary>
    /// <param name="entry">What the stream says of it.</param>
    /// <param name="fill">Writes a file's content.</param>
    /// <exception cref="TransferException">It could not be made, or would be outside.</exception>
    public void Add(TarEntry entry, Action<SafeFileHandle> fill)
    {
        IReadOnlyList<FileName> names = UnpackedPath.Parse(entry.Name, _host);
        if (entry.EntryType == TarEntryType.Directory)
        {
            _chain.Open(names);
            _folders.Add((names, entry));
            return;
        }

        if (names.Count == 0)
        {
            throw Unexpected(entry);
        }

        SafeFileHandle folder = _chain.Open(names.SkipLast(1));
        switch (entry.EntryType)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                MakeFile(folder, names[^1], entry, fill);
                break;
            case TarEntryType.HardLink:
                Link(names, entry);
                break;
            case TarEntryType.SymbolicLink:
                Check(LibC.SymbolicLinkAt(UnpackedPath.Check(entry.LinkName, _host), folder, names[^1]), entry);
                SetNode(folder, names[^1], entry);
                break;
            case TarEntryType.Fifo or TarEntryType.CharacterDevice or TarEntryType.BlockDevice:
                MakeNode(folder, names[^1], entry);
                return;
            default:
                throw Unexpected(entry);
        }

        FileCount++;
    }

    /// <summary>Gives the folders their attributes, and the tree its name.</summary>
    /// <exception cref="TransferException">Something is in the way: nothing was changed.</exception>
    public void Commit()
    {
        // What is deepest comes last, and its folder may be closed to its owner by then.
        foreach ((IReadOnlyList<FileName> names, TarEntry entry) in _folders.AsEnumerable().Reverse())
        {
            var attributes = new UnpackedAttributes(_request.Preserve, entry, Lists, _losses);
            attributes.Set(_chain.Open(names), isPath: false);
        }

        _chain.Dispose();
        _place.Commit(_request.Force);
    }

    public void Dispose()
    {
        _chain.Dispose();
        _place.Dispose();
    }

    private void MakeFile(SafeFileHandle folder, FileName name, TarEntry entry, Action<SafeFileHandle> fill)
    {
        SysResult made = LibC.OpenAt(
            folder, name, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, PrivateMode, out SafeFileHandle file);
        using (file)
        {
            Check(made, entry);
            fill(file);
            new UnpackedAttributes(_request.Preserve, entry, Lists, _losses).Set(file, isPath: false);
            Check(LibC.CloseDuplicate(file), entry);
        }
    }

    /// <summary>Another name of a file of the tree, which is reached as all others.</summary>
    private void Link(IReadOnlyList<FileName> names, TarEntry entry)
    {
        IReadOnlyList<FileName> first = UnpackedPath.Parse(entry.LinkName, _host);
        if (first.Count == 0)
        {
            throw Unexpected(entry);
        }

        SysResult opened = LibC.OpenAt(
            _chain.Open(first.SkipLast(1)), first[^1], OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle file);
        using (file)
        {
            Check(opened, entry);
            SafeFileHandle folder = _chain.Open(names.SkipLast(1));
            SysResult linked = LibC.LinkOpen(file, folder, names[^1]);
            bool isRefused = linked.Errno == Errno.EMLINK || UnlinkableFileSystems.IsRefusal(linked.Errno);
            if (isRefused && FileStatus.TryGet(file, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Regular)
            {
                Copy(file, folder, names[^1], entry);
                _losses.Add("its hard link", linked.Errno, PathOf(entry));
                return;
            }

            Check(linked, entry);
        }
    }

    /// <summary>Copies a file of the tree under a temporary name, since its own may be no text.</summary>
    private void Copy(SafeFileHandle file, SafeFileHandle folder, FileName name, TarEntry entry)
    {
        FileName passing = StagedFile.TemporaryName();
        try
        {
            FileCopy.Copy(
                new CopyRequest
                {
                    Source = LinkedPath(file),
                    Destination = System.IO.Path.Join(LinkedPath(folder), passing.ToString()),
                    Preserve = PreserveAttributes.All,
                },
                new TransferMonitor(Cancellation: Cancellation));
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            throw FileFailures.OpenDestination(PathOf(entry), exception.Errno == Errno.None ? Errno.EIO : exception.Errno);
        }

        Check(ExclusiveRename.Run(folder, passing, name), entry);

        static string LinkedPath(SafeFileHandle handle) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");
    }

    private void MakeNode(SafeFileHandle folder, FileName name, TarEntry entry)
    {
        if (_request.Preserve != PreserveAttributes.All)
        {
            _leftOut.Add($"'{entry.Name}' on '{_host}' is a special file ({entry.EntryType}) and was left out. Use -Preserve All to make it anew.");
            return;
        }

        (DescriptorKind kind, uint major, uint minor) = entry is PosixTarEntry device && entry.EntryType != TarEntryType.Fifo
            ? (entry.EntryType == TarEntryType.BlockDevice ? DescriptorKind.Block : DescriptorKind.Character, (uint)device.DeviceMajor, (uint)device.DeviceMinor)
            : (DescriptorKind.Fifo, 0u, 0u);
        Check(LibC.MakeNodeAt(folder, name, (uint)kind | PrivateMode, major, minor), entry);
        SetNode(folder, name, entry);
        FileCount++;
    }

    private void SetNode(SafeFileHandle folder, FileName name, TarEntry entry)
    {
        SysResult opened = LibC.OpenAt(folder, name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle node);
        using (node)
        {
            Check(opened, entry);
            new UnpackedAttributes(_request.Preserve, entry, Lists, _losses).Set(node, isPath: true);
        }
    }

    private void Check(SysResult result, TarEntry entry)
    {
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(PathOf(entry), result.Errno);
        }
    }

    private string PathOf(TarEntry entry) => $"{Path}/{entry.Name}";

    private TransferException Unexpected(TarEntry entry) => new(TransferErrorId.RemoteFailed,
        $"The tar of '{_host}' sent '{entry.Name}' as {entry.EntryType}, which is not received. Nothing was kept.",
        "See what tar is on that host.", target: _host);
}
