using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Decides which items of a folder on a host are received, from its listing and from what is here.</summary>
/// <param name="lists">The access control lists of the items on the host.</param>
/// <param name="top">The existing folder; null if it is missing.</param>
internal sealed class LocalTreePlan(
    ReceiveRequest request, string host, HostListing listing, HostAccessLists lists, SafeFileHandle? top, TimePrecision precision)
    : TreePlan(request.Update, request.Preserve, precision), IDisposable
{
    private readonly HashSet<int> _touched = []; // existing folders that get items
    private readonly ListedSelection _selection = new(request.Filter, request.IsAllIncluded);
    private readonly FolderSet _used = new(); // folders with items that the filter selects
    private readonly DirectoryPathCache? _existing = top is null ? null : new DirectoryPathCache(top, request.Destination);

    /// <summary>Number of files, links and special files that are here afterwards.</summary>
    public long FileCount { get; private set; }

    public long DirectoryCount { get; private set; }

    /// <summary>The folders here in place of which an item of another type is received.</summary>
    public List<(int Index, byte[] Path)> Conflicts { get; } = [];

    /// <summary>The sum of the sizes of the files in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Adds the items of the listing that the filter selects.</summary>
    public void AddAll(CancellationToken cancellation)
    {
        for (int i = 0; i < listing.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (listing.ItemAt(i, out byte[] path) is { } item && listing.Find(path)?.Index == i)
            {
                bool isFolder = item.Status.Kind == DescriptorKind.Directory;
                IReadOnlyList<FileName> names = TarPath.Parse(path.Length == 0 ? [] : path[1..], host);
                if (!_selection.Selects(path, isFolder) || (request.RemoveExtra && names.Any(TemporaryNames.Contains)))
                {
                    listing.Mark(i, HostMark.Kept);
                    continue;
                }

                if (!isFolder)
                {
                    _used.AddParents(path);
                }

                Add(item, path, names, cancellation);
            }
        }

        OmitFolders();
        ReportFolders();
    }

    /// <summary>Returns the paths on the host that it sends, as it lists them.</summary>
    public IEnumerable<byte[]> Paths()
    {
        for (int i = 0; i < listing.Count; i++)
        {
            // The temporary folder is in the top.
            if (listing.ItemAt(i, out byte[] path) is not null && (listing.MarkOf(i) == HostMark.None || path.Length == 0))
            {
                Touch(path.AsSpan(0, Math.Max(0, path.AsSpan().LastIndexOf((byte)'/'))));
            }
        }

        for (int i = 0; i < listing.Count; i++)
        {
            if (listing.ItemAt(i, out byte[] path) is not { } item || listing.Find(path)?.Index != i)
            {
                continue;
            }

            HostMark mark = listing.MarkOf(i);
            bool isFolder = item.Status.Kind == DescriptorKind.Directory;
            if (mark == HostMark.None || (isFolder && (mark == HostMark.MetadataOnly || _touched.Contains(i))))
            {
                yield return [(byte)'.', .. path];
            }
        }
    }

    /// <summary>Keeps what is here in place of an item.</summary>
    public void Refuse(int index)
    {
        FileCount--;
        listing.Mark(index, HostMark.Frozen);
    }

    /// <summary>The files of which only metadata are set.</summary>
    public IEnumerable<(IReadOnlyList<FileName> Names, TarItem Item)> Changes()
    {
        for (int i = 0; i < listing.Count; i++)
        {
            if (listing.MarkOf(i) == HostMark.MetadataOnly && listing.ItemAt(i, out byte[] path) is { Status.Kind: DescriptorKind.Regular } item)
            {
                FileStatus status = item.Status;
                yield return (TarPath.Parse(path.AsSpan(1).ToArray(), host), new TarItem
                {
                    Type = TarEntryType.RegularFile,
                    Path = path,
                    Mode = status.Permissions,
                    Time = status.ModificationTime,
                    UserId = status.UserId,
                    GroupId = status.GroupId,
                });
            }
        }
    }

    /// <summary>True if a folder is here already.</summary>
    public bool IsExisting(IReadOnlyList<FileName> names) =>
        listing.Find([.. names.SelectMany(name => (byte[])[(byte)'/', .. name.Bytes])]) is { } item && listing.MarkOf(item.Index) != HostMark.None;

    public void Dispose() => _existing?.Dispose();

    private protected override void Apply(byte[] path, int? index, EntryDecision decision)
    {
        FileCount += decision.Status == ItemStatus.Skipped ? 0 : 1;
        listing.Mark(index!.Value, decision.WritesContent ? HostMark.None : decision.IsMetadataOnly ? HostMark.MetadataOnly : HostMark.Kept);
    }

    private static bool IsSpecial(DescriptorKind kind) => kind is not (DescriptorKind.Regular or DescriptorKind.Directory or DescriptorKind.SymbolicLink);

    /// <summary>Omits missing folders in which the filter includes nothing.</summary>
    private void OmitFolders()
    {
        for (int i = 0; _selection.OmitsFolders && i < listing.Count; i++)
        {
            if (listing.MarkOf(i) == HostMark.None && listing.ItemAt(i, out byte[] path) is { Status.Kind: DescriptorKind.Directory }
                && path.Length > 0 && !_used.Contains(path) && !_selection.Includes(path))
            {
                listing.Mark(i, HostMark.Kept);
                DirectoryCount--;
            }
        }
    }

    /// <summary>Reports the folders to create.</summary>
    private void ReportFolders()
    {
        for (int i = 0; Report is not null && i < listing.Count; i++)
        {
            if (listing.MarkOf(i) == HostMark.None && listing.ItemAt(i, out byte[] path) is { Status.Kind: DescriptorKind.Directory } folder
                && listing.Find(path)?.Index == i)
            {
                ReportNew(path, folder.Status);
            }
        }
    }

    private void Add(HostItem item, byte[] path, IReadOnlyList<FileName> names, CancellationToken cancellation)
    {
        FileStatus source = item.Status with
        {
            Permissions = PermissionsOf(item, path),

            // GNU tar packs each name of a special file as a file of its own.
            LinkCount = IsSpecial(item.Status.Kind) ? 1 : item.Status.LinkCount,
        };
        SafeFileHandle? folder = names.Count == 0 ? top : _existing?.TryOpen(names.SkipLast(1));
        FileName name = names.Count == 0 ? "." : names[^1];
        FileStatus? existing = folder is not null && FileStatus.TryGet(folder, name, followLink: false, out FileStatus? status).Ok ? status : null;
        if (source.Kind == DescriptorKind.Directory)
        {
            DirectoryCount++;
            if (existing?.Kind == DescriptorKind.Directory)
            {
                listing.Mark(item.Index, FindMetadata(source, existing, path, folder!, name) is null ? HostMark.Kept : HostMark.MetadataOnly);
            }

            return;
        }

        Length += source.Kind == DescriptorKind.Regular ? source.Size : 0;
        if (existing?.Kind == DescriptorKind.Directory)
        {
            Conflicts.Add((item.Index, path));
        }

        if (IsSpecial(source.Kind) && (Preserve != PreserveAttributes.All || source.Kind == DescriptorKind.Socket))
        {
            // tar and the extractor report what becomes of it.
            return;
        }

        bool needsContent = Add(
            path, source, existing, item.Index,
            () => IsSameNode(item, existing!, folder!, name), () => FindMetadata(source, existing!, path, folder!, name),
            () => HasSameAttributes(path, folder!, name) && !LosesCapabilities(folder!, name));
        if (needsContent && Digest(folder!, name, existing!, cancellation) is string digest)
        {
            Sums.Add(path, digest);
        }
    }

    /// <summary>An item that is received changes the time of its folder.</summary>
    private void Touch(ReadOnlySpan<byte> path)
    {
        if (SetsTimes && listing.Find(path) is { } folder && listing.MarkOf(folder.Index) != HostMark.None)
        {
            _touched.Add(folder.Index);
        }
    }

    /// <summary>The group bits of an item with an access control list are its mask (acl(5)).</summary>
    private uint PermissionsOf(HostItem item, byte[] path) =>
        !Preserve.HasFlag(PreserveAttributes.Acl) && lists.Find(path).Access is byte[] list
            ? AccessControlList.WithoutList(list, item.Status.Permissions)
            : item.Status.Permissions;

    private string? FindMetadata(FileStatus source, FileStatus existing, byte[] path, SafeFileHandle folder, FileName name) =>
        MetadataDifference.Find(source, existing, Preserve, Precision, openSource: null, openItem: null, isExact: true)
        ?? (HasSameAttributes(path, folder, name) ? null : "extended attributes differ");

    private bool HasSameAttributes(byte[] path, SafeFileHandle folder, FileName name)
    {
        if (listing.Attributes is null || (Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) == PreserveAttributes.None)
        {
            return true;
        }

        SysResult opened = LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle item);
        using (item)
        {
            return opened.Ok && listing.Attributes.AreSame(path, item, Preserve);
        }
    }

    /// <summary>True if setting the owner would drop the capabilities of a file (chown(2)), which the listing has no values of.</summary>
    private bool LosesCapabilities(SafeFileHandle folder, FileName name)
    {
        if (!Preserve.HasFlag(PreserveAttributes.Ownership))
        {
            return false;
        }

        SysResult opened = LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle item);
        using (item)
        {
            return opened.Ok && LibC.GetAttribute(item, "security.capability", out _).Ok;
        }
    }

    private static bool IsSameNode(HostItem item, FileStatus existing, SafeFileHandle folder, FileName name) =>
        item.Status.Kind == DescriptorKind.SymbolicLink
            ? LibC.ReadLinkAt(folder, name, out FileName target).Ok && target.Bytes.SequenceEqual(item.Target)
            : item.Status.SpecialDevice == existing.SpecialDevice;

    /// <summary>Returns the SHA-256 of an existing file; null if it cannot be read, and is replaced.</summary>
    private static string? Digest(SafeFileHandle folder, FileName name, FileStatus existing, CancellationToken cancellation)
    {
        SysResult opened = LibC.OpenAt(folder, name, LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY | LibC.O_NOFOLLOW, 0, out SafeFileHandle file);
        using (file)
        {
            try
            {
                return opened.Ok ? ContentDigest.Compute(file, existing.Size, errno => FileFailures.OpenDestination(name.ToString(), errno), cancellation) : null;
            }
            catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
            {
                return null;
            }
        }
    }
}
