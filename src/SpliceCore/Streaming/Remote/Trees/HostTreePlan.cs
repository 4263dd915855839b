using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Decides which items of a folder a host gets, from its listing of what it has.</summary>
/// <param name="keepsLinks">True if the tar of the host gives symbolic links times and owners.</param>
internal sealed class HostTreePlan(UpdateMode update, HostListing listing, PreserveAttributes preserve, bool keepsLinks, TimePrecision precision)
    : TreePlan(update, preserve, precision)
{
    private readonly FolderSet _needed = new(); // folders to send or change, and those with items to send, change or report

    /// <summary>The items that the host removes; null for none.</summary>
    public HostRemovals? Removals { get; private set; }

    /// <summary>True if an item goes into the stream with its content; of a folder, if the host does not have it.</summary>
    public bool Sends(TreeItem item) => listing.IndexOf(item.Path) is not int index
        || listing.MarkOf(index) is HostMark.None or HostMark.Replaced or HostMark.Conflict;

    /// <summary>True if only metadata of an item that the host has are set.</summary>
    public bool Changes(TreeItem item) => listing.IndexOf(item.Path) is int index && listing.MarkOf(index) == HostMark.MetadataOnly;

    /// <summary>True if something in a folder, or the folder itself, differs on the host or is to be reported.</summary>
    public bool Needs(TreeItem folder) => _needed.Contains(folder.Path);

    /// <summary>True if the host has everything already, and removes nothing.</summary>
    public bool IsUnchanged => _needed.IsEmpty && Removals is null or { HasItems: false };

    /// <summary>Returns what else than times and owner is set of an item that the host has, and its inode there.</summary>
    /// <param name="mode">The mode of the source; then the one that the item gets.</param>
    public (bool Mode, bool Attributes, FileIdentity Inode) ChangesOf(TreeItem item, ref uint mode)
    {
        FileStatus existing = listing.Find(item.Path)!.Status;
        bool setsOwner = Preserve.HasFlag(PreserveAttributes.Ownership) && listing.IsRoot;
        bool inherits = item.Kind == DescriptorKind.Directory && !setsOwner;
        mode |= inherits ? existing.Permissions & LibC.S_ISGID : 0;
        bool losesBits = setsOwner && item.Kind == DescriptorKind.Regular && (mode & (LibC.S_ISUID | LibC.S_ISGID)) != 0; // by chown(2)
        bool setsMode = Preserve.HasFlag(PreserveAttributes.Mode) && (losesBits || mode != existing.Permissions);
        return (setsMode, !HasSameAttributes(item), existing.Inode);
    }

    /// <summary>Adds an item.</summary>
    /// <returns>True if its content has to be compared.</returns>
    public bool Add(TreeItem item)
    {
        HostItem? existing = listing.Find(item.Path);
        if (existing is not null)
        {
            bool isConflict = (existing.Status.Kind == DescriptorKind.Directory) != (item.Kind == DescriptorKind.Directory);
            listing.Mark(existing.Index, isConflict ? HostMark.Conflict : HostMark.Replaced);
        }

        if (item.Kind != DescriptorKind.Directory)
        {
            return Add(
                item.Path, item.Status, existing?.Status, existing?.Index,
                () => IsSameNode(item, existing!), () => FindMetadata(item, existing!.Status), () => HasSameAttributes(item));
        }

        if (existing?.Status.Kind == DescriptorKind.Directory && FindMetadata(item, existing.Status) is null)
        {
            listing.Mark(existing.Index, HostMark.Kept);
            return false;
        }

        if (existing?.Status.Kind == DescriptorKind.Directory)
        {
            listing.Mark(existing.Index, HostMark.MetadataOnly);
        }
        else
        {
            ReportNew(item.Path, item.Status);
        }

        _needed.Add(item.Path);
        return false;
    }

    /// <summary>Lets the walk that sends come to an item.</summary>
    public void Need(TreeItem item) => _needed.AddParents(item.Path);

    /// <summary>Keeps what the host has of an item that is not sent.</summary>
    public void Keep(TreeItem item)
    {
        if (listing.Find(item.Path) is { } existing && listing.MarkOf(existing.Index) == HostMark.None)
        {
            bool isFolder = item.Kind == DescriptorKind.Directory && existing.Status.Kind == DescriptorKind.Directory;
            listing.Mark(existing.Index, isFolder ? HostMark.Kept : HostMark.Frozen);
        }
    }

    /// <summary>Notes that an item is in the stream: then it, or the folder that it is in, replaces one of another type.</summary>
    public void NoteSent(ReadOnlySpan<byte> path)
    {
        for (; Removals is { HasItems: true } && path.Length > 0; path = path[..path.LastIndexOf((byte)'/')])
        {
            if (listing.IndexOf(path) is int index && listing.MarkOf(index) == HostMark.Conflict)
            {
                listing.Mark(index, HostMark.Replaced);
            }
        }
    }

    /// <summary>Keeps an item of the listing in place of one of another type.</summary>
    public void Refuse(int index) => listing.Mark(index, HostMark.Frozen);

    /// <summary>Lets a folder that loses an item get its time afterwards.</summary>
    public void Touch(ReadOnlySpan<byte> path)
    {
        if (SetsTimes && listing.Find(path) is { } folder && listing.MarkOf(folder.Index) == HostMark.Kept)
        {
            listing.Mark(folder.Index, HostMark.MetadataOnly);
            _needed.Add(path);
        }
    }

    /// <summary>Finds what is removed, once the plan is complete.</summary>
    public void PlanRemovals(SendRequest request, string destination) => Removals = new HostRemovals(request, this, listing, destination);

    private protected override void Apply(byte[] path, int? index, EntryDecision decision)
    {
        if (index is int known)
        {
            listing.Mark(known, decision.WritesContent ? listing.MarkOf(known)
                : listing.MarkOf(known) == HostMark.Conflict ? HostMark.Frozen
                : decision.IsMetadataOnly ? HostMark.MetadataOnly
                : HostMark.Kept);
        }

        if (decision.WritesContent || decision.IsMetadataOnly)
        {
            _needed.AddParents(path);
        }
    }

    private string? FindMetadata(TreeItem item, FileStatus existing)
    {
        PreserveAttributes kept = item.Kind == DescriptorKind.SymbolicLink && !keepsLinks
            ? Preserve & ~(PreserveAttributes.Timestamps | PreserveAttributes.Ownership)
            : Preserve;
        return MetadataDifference.Find(
            item.Status, existing, kept, Precision, () => item.Open(LibC.O_PATH), openItem: null, isExact: true, maySetOwner: listing.IsRoot)
            ?? (HasSameAttributes(item) ? null : "extended attributes differ");
    }

    private bool HasSameAttributes(TreeItem item)
    {
        if ((Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) == PreserveAttributes.None)
        {
            return true;
        }

        using SafeFileHandle handle = item.Open(LibC.O_PATH);
        return listing.Attributes?.AreSame(item.Path, handle, Preserve) ?? !HasAny(handle);
    }

    /// <summary>True if an item has attributes that a host without a tool to list them may lack.</summary>
    private bool HasAny(SafeFileHandle handle) =>
        LibC.ListAttributes(handle, out List<FileName> names).Ok && names.Exists(name => ExtendedAttributes.IsWanted(name, Preserve));

    private static bool IsSameNode(TreeItem item, HostItem existing)
    {
        if (item.Kind != DescriptorKind.SymbolicLink)
        {
            return item.Status.SpecialDevice == existing.Status.SpecialDevice;
        }

        using SafeFileHandle link = item.Open(LibC.O_PATH);
        return LibC.ReadLink(link, out FileName target).Ok && target.Bytes.SequenceEqual(existing.Target);
    }
}
