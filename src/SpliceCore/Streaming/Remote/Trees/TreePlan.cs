using System.Text;
using Splice.Copying;
using Splice.Descriptors;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Decides which items of a folder are transferred, from the status of both sides.</summary>
/// <param name="preserve">The attributes that the destination can keep.</param>
/// <param name="precision">The precision of the times on both sides.</param>
internal abstract class TreePlan(UpdateMode update, PreserveAttributes preserve, TimePrecision precision)
{
    private readonly Dictionary<FileIdentity, List<PlannedItem>> _linked = []; // by the inode of the source
    private readonly Dictionary<FileIdentity, FileIdentity> _claims = []; // existing files with several names, and their sources
    private readonly List<PlannedItem> _pending = [];

    /// <summary>Number of files that replace others, or of which only metadata are set.</summary>
    public long Updated { get; private set; }

    /// <summary>Number of files that the destination has already.</summary>
    public long Unchanged { get; private set; }

    /// <summary>Number of files of which the destination has a newer one.</summary>
    public long Skipped { get; private set; }

    /// <summary>Number of bytes of the files to transfer.</summary>
    public long Bytes { get; private set; }

    /// <summary>The SHA-256 of the files here of which the host compares the content.</summary>
    public ChecksumList Sums { get; } = new();

    /// <summary>Called with what is done with each item, of folders only the new ones; null for no calls.</summary>
    public Action<byte[], FileStatus, EntryDecision>? Report { get; init; }

    /// <summary>True if a folder that gets an item gets its time afterwards.</summary>
    public bool SetsTimes => preserve.HasFlag(PreserveAttributes.Timestamps);

    private protected PreserveAttributes Preserve => preserve;

    private protected TimePrecision Precision => precision;

    /// <summary>Describes for a dry run what is done with an item.</summary>
    /// <param name="path">Its path from the top, which starts with a slash; empty for the top.</param>
    /// <param name="from">The top of the source, without a slash at its end.</param>
    /// <param name="to">The top of the destination.</param>
    public static TransferResult Describe(byte[] path, FileStatus source, EntryDecision decision, string from, string to)
    {
        bool isFolder = source.Kind == DescriptorKind.Directory;
        return decision.Complete(new TransferResult
        {
            Source = from + Encoding.UTF8.GetString(path),
            Destination = to + Encoding.UTF8.GetString(path),
            Length = source.Kind == DescriptorKind.Regular ? source.Size : null,
            BytesMoved = source.Kind == DescriptorKind.Regular && decision.WritesContent ? source.Size : 0,
            Attempts = [],
        }) with
        {
            FileCount = isFolder || decision.Status == ItemStatus.Skipped ? 0 : 1,
            DirectoryCount = isFolder ? 1 : 0,
        };
    }

    /// <summary>Completes the plan.</summary>
    /// <param name="equal">The files that the host found equal, by their names in <see cref="Sums"/>.</param>
    public void Complete(IReadOnlySet<string> equal)
    {
        foreach (PlannedItem item in _pending.Where(item => item.NeedsContent && !equal.Contains(ChecksumList.NameOf(item.Path, out _))))
        {
            item.Decision = EntryDecision.ContentDiffers;
        }

        foreach (List<PlannedItem> group in _linked.Values)
        {
            CompleteGroup(group);
        }

        _pending.ForEach(Apply);
        _pending.Clear();
        _linked.Clear();
    }

    /// <summary>Adds an item that is not a folder.</summary>
    /// <param name="path">Its path from the top, which starts with a slash.</param>
    /// <param name="index">Its number in the listing of the host; null for a missing one.</param>
    /// <param name="isSameNode">Returns true for a link with the same target, or a device with the same number.</param>
    /// <param name="findMetadata">Returns the first difference of the metadata as a reason; null if there is none.</param>
    /// <param name="isSettable">Returns true if the metadata can be set without the content.</param>
    /// <returns>True if the content has to be compared.</returns>
    private protected bool Add(
        byte[] path, FileStatus source, FileStatus? existing, int? index, Func<bool> isSameNode, Func<string?> findMetadata, Func<bool> isSettable)
    {
        EntryDecision decision = existing is null || source.Kind != existing.Kind || source.Kind == DescriptorKind.Regular
            ? EntryDecision.Of(source, existing, update, precision)
            : EntryDecision.OfNode(source, existing, update, precision, isSameNode());
        EntryDecision ifEqual = decision.Status == ItemStatus.Unchanged ? OfMetadata(source, existing!, findMetadata, isSettable) : decision;
        var item = new PlannedItem(path, source, existing, index, ifEqual) { NeedsContent = decision.NeedsContent && !ifEqual.WritesContent };
        bool isLinked = preserve.HasFlag(PreserveAttributes.HardLink) && source.LinkCount > 1;
        if (isLinked)
        {
            if (!_linked.TryGetValue(source.Inode, out List<PlannedItem>? group))
            {
                _linked.Add(source.Inode, group = []);
            }

            group.Add(item);
        }

        if (isLinked || item.NeedsContent)
        {
            _pending.Add(item);
        }
        else
        {
            Apply(item);
        }

        return item.NeedsContent;
    }

    /// <summary>Reports a folder that is created.</summary>
    private protected void ReportNew(byte[] path, FileStatus folder) => Report?.Invoke(path, folder, new EntryDecision(ItemStatus.Copied));

    /// <summary>Keeps a decision.</summary>
    /// <param name="index">The number of the item in the listing of the host; null for a missing one.</param>
    private protected abstract void Apply(byte[] path, int? index, EntryDecision decision);

    /// <summary>The names of a file are transferred all or none: further ones are links to the first in the stream.</summary>
    private static void CompleteGroup(List<PlannedItem> group)
    {
        if (group.Find(item => item.Decision.Status == ItemStatus.Skipped) is { } newer)
        {
            group.ForEach(item => item.Decision = newer.Decision);
        }
        else if (group.Exists(item => item.Decision.WritesContent)
            || group.Select(item => item.Existing!.Inode).Distinct().Count() > 1)
        {
            foreach (PlannedItem item in group.Where(item => !item.Decision.WritesContent))
            {
                item.Decision = new EntryDecision(ItemStatus.Updated, "hard link differs");
            }
        }
    }

    /// <summary>Decides for an item whose content is the same.</summary>
    private EntryDecision OfMetadata(FileStatus source, FileStatus existing, Func<string?> findMetadata, Func<bool> isSettable)
    {
        bool isLinked = preserve.HasFlag(PreserveAttributes.HardLink) && existing.LinkCount > 1;
        if (isLinked && !_claims.TryAdd(existing.Inode, source.Inode) && _claims[existing.Inode] != source.Inode)
        {
            return new(ItemStatus.Updated, "hard link differs");
        }

        return findMetadata() is not string reason ? new(ItemStatus.Unchanged)
            : source.Kind == DescriptorKind.Regular && isSettable() ? EntryDecision.OfMetadata(reason, existing)
            : new(ItemStatus.Updated, reason);
    }

    private void Apply(PlannedItem item)
    {
        EntryDecision decision = item.Decision;
        Updated += decision.Status == ItemStatus.Updated ? 1 : 0;
        Unchanged += decision.Status == ItemStatus.Unchanged ? 1 : 0;
        Skipped += decision.Status == ItemStatus.Skipped ? 1 : 0;
        Bytes += decision.WritesContent && item.Source.Kind == DescriptorKind.Regular ? item.Source.Size : 0;
        Apply(item.Path, item.Index, decision);
        Report?.Invoke(item.Path, item.Source, decision);
    }

    private sealed class PlannedItem(byte[] path, FileStatus source, FileStatus? existing, int? index, EntryDecision decision)
    {
        public byte[] Path => path;

        public FileStatus Source => source;

        public FileStatus? Existing => existing;

        public int? Index => index;

        /// <summary>True if the decision is for equal content.</summary>
        public bool NeedsContent { get; init; }

        public EntryDecision Decision { get; set; } = decision;
    }
}
