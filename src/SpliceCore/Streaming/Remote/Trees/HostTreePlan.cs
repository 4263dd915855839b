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
    // What is done with an item of the listing; an item without a mark is sent.
    private const byte Kept = 1;
    private const byte MetadataOnly = 2;

    /// <summary>True if an item goes into the stream with its content; of a folder, if the host does not have it.</summary>
    public bool Sends(TreeItem item) => listing.Find(item.Path) is not { } existing
        || (item.Kind == DescriptorKind.Directory ? existing.Status.Kind != DescriptorKind.Directory : listing.MarkOf(existing.Index) == 0);

    /// <summary>True if only metadata of an item that the host has are set.</summary>
    public bool Changes(TreeItem item) => listing.Find(item.Path) is { } existing && listing.MarkOf(existing.Index) == MetadataOnly;

    /// <summary>Returns what else than times and owner is set of an item that the host has.</summary>
    /// <param name="mode">The mode of the source; then the one that the item gets.</param>
    public (bool Mode, bool Attributes) ChangesOf(TreeItem item, ref uint mode)
    {
        FileStatus existing = listing.Find(item.Path)!.Status;
        bool inherits = item.Kind == DescriptorKind.Directory && !(Preserve.HasFlag(PreserveAttributes.Ownership) && listing.IsRoot);
        mode |= inherits ? existing.Permissions & LibC.S_ISGID : 0;
        return (Preserve.HasFlag(PreserveAttributes.Mode) && mode != existing.Permissions, !HasSameAttributes(item));
    }

    /// <summary>Adds an item.</summary>
    /// <returns>True if its content has to be compared.</returns>
    public bool Add(TreeItem item)
    {
        HostItem? existing = listing.Find(item.Path);
        if (item.Kind != DescriptorKind.Directory)
        {
            return Add(
                item.Path, item.Status, existing?.Status, existing?.Index,
                () => IsSameNode(item, existing!), () => FindMetadata(item, existing!.Status), () => HasSameAttributes(item));
        }

        if (existing?.Status.Kind == DescriptorKind.Directory && FindMetadata(item, existing.Status) is not null)
        {
            listing.Mark(existing.Index, MetadataOnly);
        }

        return false;
    }

    private protected override void Apply(int index, EntryDecision decision) =>
        listing.Mark(index, decision.WritesContent ? (byte)0 : decision.IsMetadataOnly ? MetadataOnly : Kept);

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
