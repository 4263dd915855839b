using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Extracts a received tar stream into a private temporary directory, which is renamed, or whose items are moved into an
/// existing one, when the stream is complete.</summary>
internal sealed class TarExtractor : IDisposable
{
    private const int MaxWarnings = 100;

    private readonly ReceiveRequest _request;
    private readonly string _host;
    private readonly ExtractionTarget _target;
    private readonly DirectoryPathCache _directories;
    private readonly ExtractedMetadata _metadata;
    private readonly CancellationToken _cancellation;
    private readonly MetadataWarnings _warnings = new();
    private readonly List<(IReadOnlyList<FileName> Names, TarItem Entry)> _folders = [];
    private readonly List<(IReadOnlyList<FileName> Names, TarItem Entry)> _existing = [];
    private readonly HashSet<string> _folderNames = [];
    private readonly List<string> _leftOut = [];

    /// <param name="path">The path of the tree, or of the folder for it.</param>
    /// <param name="marker">The name of the marker of <see cref="ExtractionTarget.MarkerOf"/>.</param>
    /// <param name="lists">The access control lists of the items on the host.</param>
    /// <param name="cancellation">Stops copies of files that cannot be linked.</param>
    /// <exception cref="TransferException">It cannot be created, or an existing one must not be replaced.</exception>
    public TarExtractor(ReceiveRequest request, string host, string path, FileName? marker, HostAccessLists lists, CancellationToken cancellation)
    {
        _request = request;
        _host = host;
        _cancellation = cancellation;
        _target = new ExtractionTarget(request, path, marker, cancellation);
        _directories = new DirectoryPathCache(_target.Top, _target.Path);
        _metadata = new ExtractedMetadata(request.Preserve, lists, _warnings, isExact: request.Update != UpdateMode.Always);
    }

    /// <summary>The final path of the tree.</summary>
    public string Path => _target.Path;

    /// <summary>The existing folder that the items are moved into; null if the tree is new.</summary>
    public SafeFileHandle? Existing => _target.Existing;

    /// <summary>Removes what the host does not have; null to keep it.</summary>
    public LocalRemovals? Removals { get; set; }

    /// <summary>The plan for an existing folder; null if all of the tree is received.</summary>
    public LocalTreePlan? Plan { get; set; }

    public long FileCount { get; private set; }

    public long DirectoryCount => _folders.Count;

    public IEnumerable<string> Warnings => [.. _leftOut, .. _warnings.Describe()];

    /// <summary>Creates an item.</summary>
    /// <exception cref="TransferException">It could not be created, or its path is outside the tree.</exception>
    public void Add(TarItem entry, Action<SafeFileHandle> fill)
    {
        IReadOnlyList<FileName> names = TarPath.Parse(entry.Path, _host);
        if (entry.Type == TarEntryType.Directory)
        {
            if (!_folderNames.Add(TarPath.KeyOf(names)))
            {
                throw Unexpected(entry, "twice");
            }

            if (Plan?.IsExisting(names) == true)
            {
                _existing.Add((names, entry));
                return;
            }

            // What is kept of a folder until the end does not grow with its attributes.
            _metadata.SetAttributes(entry, _directories.Open(names), isPath: false);
            _folders.Add((names, entry with { Attributes = [], Target = [] }));
            return;
        }

        if (names.Count == 0)
        {
            throw Unexpected(entry, $"as {entry.Type}, which is not received");
        }

        SafeFileHandle folder = _directories.Open(names.SkipLast(1));
        switch (entry.Type)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                CreateFile(folder, names[^1], entry, fill);
                break;
            case TarEntryType.HardLink:
                Link(names, entry);
                break;
            case TarEntryType.SymbolicLink:
                Check(LibC.SymbolicLinkAt(new FileName(entry.Target), folder, names[^1]), entry);
                SetNode(folder, names[^1], entry);
                break;
            case TarEntryType.Fifo or TarEntryType.CharacterDevice or TarEntryType.BlockDevice:
                CreateNode(folder, names[^1], entry);
                return;
            default:
                throw Unexpected(entry, $"as {entry.Type}, which is not received");
        }

        FileCount++;
    }

    /// <summary>Sets the metadata of the folders, and gives the tree its name.</summary>
    /// <param name="removes">False if what the host does not have stays.</param>
    /// <param name="isPartial">True if items were not received.</param>
    public void Commit(bool removes, bool isPartial)
    {
        SetFolders();
        _target.Commit(_request.Force, _request.Flush, Plan is null ? null : Complete, Removals, isMarked: !isPartial ? false : _request.Resume ? true : null);

        void Complete()
        {
            SetExisting();
            if (removes)
            {
                Removals?.Remove();
            }
        }
    }

    /// <summary>Gives the items that have arrived their names, so that the transfer can be resumed. Nothing is removed for them.</summary>
    public void KeepArrived()
    {
        if (!_request.Resume)
        {
            return;
        }

        try
        {
            SetFolders();
            _target.Commit(_request.Force, flush: false, isMarked: true);
        }
        catch (TransferException)
        {
            // The interruption is reported.
        }
    }

    public void Dispose()
    {
        _directories.Dispose();
        _target.Dispose();
    }

    private void SetFolders()
    {
        // The deepest first: a parent may lose the right to enter it.
        foreach ((IReadOnlyList<FileName> names, TarItem entry) in _folders.AsEnumerable().Reverse())
        {
            _metadata.Set(entry, _directories.Open(names), isPath: false);
        }

        _directories.Dispose();
    }

    /// <summary>Sets the metadata of items that were not received: files, and then folders, the deepest first.</summary>
    private void SetExisting()
    {
        using var existing = new DirectoryPathCache(_target.Existing!, Path);
        foreach ((IReadOnlyList<FileName> names, TarItem entry) in Plan!.Changes().Concat(_existing.AsEnumerable().Reverse()))
        {
            SafeFileHandle? folder = existing.TryOpen(names.SkipLast(1));
            FileName name = names.Count == 0 ? "." : names[^1];
            bool isFolder = entry.Type == TarEntryType.Directory;
            SafeFileHandle item = new();
            SysResult opened = folder is null ? new SysResult(-1, Errno.ENOENT)
                : LibC.OpenAt(folder, name, LibC.O_NOFOLLOW | (isFolder ? LibC.O_RDONLY | LibC.O_DIRECTORY : LibC.O_PATH), 0, out item);
            using (item)
            {
                if (opened.Ok)
                {
                    SetExisting(entry, item, isFolder);
                }
                else
                {
                    _warnings.Add("the metadata", opened.Errno, PathOf(entry));
                }
            }
        }
    }

    private void SetExisting(TarItem entry, SafeFileHandle item, bool isFolder)
    {
        if (isFolder && _request.Preserve.HasFlag(PreserveAttributes.Xattr) && LibC.ListAttributes(item, out List<FileName> names).Ok)
        {
            foreach (FileName name in names.Where(ExtendedAttributes.TravelsWithContent).Except(entry.Attributes.Select(attribute => attribute.Name)))
            {
                // What may not be removed stays.
                LibC.RemoveAttribute(item, name);
            }
        }

        _metadata.Set(entry, item, isPath: !isFolder);
    }

    private void CreateFile(SafeFileHandle folder, FileName name, TarItem entry, Action<SafeFileHandle> fill)
    {
        SysResult created = LibC.OpenAt(
            folder, name, LibC.O_RDWR | LibC.O_CREAT | LibC.O_EXCL | LibC.O_NOFOLLOW, ModeBits.Private, out SafeFileHandle file);
        using (file)
        {
            Check(created, entry);
            bool isComplete = false;
            try
            {
                fill(file);
                _metadata.Set(entry, file, isPath: false);
                if (LibC.CloseDuplicate(file) is { Ok: false } closed)
                {
                    throw FileFailures.Flush(PathOf(entry), closed.Errno, "close(2)");
                }

                isComplete = true;
            }
            finally
            {
                if (!isComplete)
                {
                    LibC.UnlinkAt(folder, name);
                }
            }
        }
    }

    private void Link(IReadOnlyList<FileName> names, TarItem entry)
    {
        IReadOnlyList<FileName> first = TarPath.Parse(entry.Target, _host);
        if (first.Count == 0)
        {
            throw Unexpected(entry, $"as {entry.Type}, which is not received");
        }

        SysResult opened = LibC.OpenAt(
            _directories.Open(first.SkipLast(1)), first[^1], LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle file);
        using (file)
        {
            Check(opened, entry);
            SafeFileHandle folder = _directories.Open(names.SkipLast(1));
            SysResult linked = LibC.LinkOpen(file, folder, names[^1]);
            bool isRefused = linked.Errno == Errno.EMLINK || UnlinkableFileSystems.IsRefusal(linked.Errno);
            if (isRefused && FileStatus.TryGet(file, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Regular)
            {
                Copy(file, folder, names[^1], entry);
                _warnings.Add("the hard link", linked.Errno, PathOf(entry));
                return;
            }

            Check(linked, entry);
        }
    }

    /// <summary>Copies a file of the tree under a temporary name, since its own may not be text.</summary>
    private void Copy(SafeFileHandle file, SafeFileHandle folder, FileName name, TarItem entry)
    {
        FileName temporary = StagedFile.TemporaryName();
        try
        {
            FileCopy.Copy(
                new CopyRequest
                {
                    Source = LibC.PathOf(file),
                    Destination = System.IO.Path.Join(LibC.PathOf(folder), temporary.ToString()),
                    Preserve = PreserveAttributes.All,
                },
                new TransferMonitor(Cancellation: _cancellation));
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            throw FileFailures.OpenDestination(PathOf(entry), exception.Errno == Errno.None ? Errno.EIO : exception.Errno);
        }

        Check(ExclusiveRename.Run(folder, temporary, name), entry);
    }

    private void CreateNode(SafeFileHandle folder, FileName name, TarItem entry)
    {
        if (_request.Preserve != PreserveAttributes.All)
        {
            if (_leftOut.Count <= MaxWarnings)
            {
                _leftOut.Add(_leftOut.Count == MaxWarnings ? $"More special files on '{_host}' were skipped."
                    : $"'{TarPath.Text(entry.Path)}' on '{_host}' is a special file ({entry.Type}) and was skipped. Use -Preserve All to recreate it.");
            }

            return;
        }

        DescriptorKind kind = entry.Type == TarEntryType.BlockDevice ? DescriptorKind.Block
            : entry.Type == TarEntryType.CharacterDevice ? DescriptorKind.Character
            : DescriptorKind.Fifo;
        Check(LibC.MakeNodeAt(folder, name, (uint)kind | ModeBits.Private, entry.Device.Major, entry.Device.Minor), entry);
        SetNode(folder, name, entry);
        FileCount++;
    }

    private void SetNode(SafeFileHandle folder, FileName name, TarItem entry)
    {
        SysResult opened = LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle node);
        using (node)
        {
            Check(opened, entry);
            _metadata.Set(entry, node, isPath: true);
        }
    }

    private void Check(SysResult result, TarItem entry)
    {
        if (!result.Ok)
        {
            throw result.Errno switch
            {
                Errno.EEXIST => Unexpected(entry, "twice"),
                Errno.ENOENT => Unexpected(entry, "as a link to an item that is missing"),
                _ => FileFailures.OpenDestination(PathOf(entry), result.Errno),
            };
        }
    }

    private string PathOf(TarItem entry) => $"{Path}/{TarPath.Text(entry.Path)}";

    private TransferException Unexpected(TarItem entry, string how) => new(TransferErrorId.RemoteFailed,
        $"The tar of '{_host}' sent '{TarPath.Text(entry.Path)}' {how}. Nothing was kept.",
        "Check the tar of that host.", target: _host);
}
