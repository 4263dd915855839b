using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Decides whether an entry of a tree is up to date in the destination, and sets the metadata of one that
/// is.</summary>
internal sealed class EntryUpdate(TreeCopyContext context)
{
    private const int FileFlags = LibC.O_RDONLY | LibC.O_NOCTTY | LibC.O_NONBLOCK;

    private readonly CopyRequest _copy = context.Copy;
    private readonly ITreeSync? _sync = context.Request.Sync;

    /// <summary>True if an entry is examined before it is opened, since it may be left as it is.</summary>
    private bool IsWanted => _copy.Update != UpdateMode.Always || _sync is not null;

    /// <summary>True for the entries of a directory that may exist in the destination. In one that this command created, nothing
    /// does.</summary>
    public bool IsWantedIn(TreeDirectory directory) => IsWanted && (!directory.IsOurs || _sync?.IsExistingOnly == true);

    public EntryDecision Decide(TreeEntry entry, FileStatus source, FileStatus? existing)
    {
        if (existing is null)
        {
            return _sync?.IsExistingOnly == true ? new(ItemStatus.Skipped, "missing in the destination") : new(ItemStatus.Copied);
        }

        if (existing.Inode == source.Inode)
        {
            return new(ItemStatus.Unchanged);
        }

        if (_copy.CreatedFiles?.HasFile(existing) == true)
        {
            // An error, where the destination is checked.
            return new(ItemStatus.Updated);
        }

        TimePrecision precision = PrecisionOf(entry.Directory);
        EntryDecision decision = source.Kind != existing.Kind || source.Kind == DescriptorKind.Regular
            ? EntryDecision.Of(source, existing, _copy.Update, precision, isReadable: true)
            : EntryDecision.OfNode(source, existing, _copy.Update, precision, IsSameNode(entry, source, existing));
        if (decision.NeedsContent && !HasSameContent(entry))
        {
            decision = EntryDecision.ContentDiffers;
        }

        bool isSkipped = _copy.NoClobber && decision.Status == ItemStatus.Updated && _sync is not null;
        return isSkipped ? new(ItemStatus.Skipped, "destination exists")
            : decision.Status == ItemStatus.Unchanged ? DecideMetadata(entry, source, existing)
            : decision;
    }

    /// <summary>Decides for an existing item that has the content of its source.</summary>
    public EntryDecision DecideMetadata(TreeEntry entry, FileStatus source, FileStatus existing)
    {
        if (_copy.NoClobber)
        {
            return new(ItemStatus.Unchanged);
        }

        if (context.Links?.TryClaim(existing, source) == false)
        {
            return new(ItemStatus.Updated, "hard link differs");
        }

        string? reason = MetadataDifference.Find(
            source, existing, _copy.Preserve, PrecisionOf(entry.Directory), () => OpenSource(entry), () => OpenItem(entry));
        return reason is null ? new(ItemStatus.Unchanged) : EntryDecision.OfMetadata(reason, existing);
    }

    /// <summary>Decides for another name of a file that has been copied.</summary>
    public EntryDecision DecideLink(TreeEntry entry, FileStatus source, FileStatus? existing)
    {
        bool mayBeSkipped = existing is null || _copy.Update == UpdateMode.Newer || (_copy.NoClobber && _sync is not null);
        return mayBeSkipped && IsWanted && Decide(entry, source, existing) is { Status: ItemStatus.Skipped } skipped ? skipped
            : existing is null ? new(ItemStatus.Copied)
            : new(ItemStatus.Updated, IsWanted ? "hard link differs" : null);
    }

    /// <summary>Sets the metadata of an existing item that differ from those of its source.</summary>
    /// <returns>False if they stay as they are.</returns>
    public bool SetMetadata(TreeEntry entry, FileStatus existing)
    {
        using SafeFileHandle source = OpenSource(entry);
        using SafeFileHandle item = OpenItem(entry);
        SysResult looked = FileStatus.TryGet(source, out FileStatus? status);
        if (!looked.Ok)
        {
            throw FileFailures.OpenSource(entry.SourcePath, looked.Errno);
        }

        return MetadataDifference.Set(
            item, entry.DestinationLabel, existing, source, status!, _copy.Preserve, PrecisionOf(entry.Directory), context.MetadataWarnings);
    }

    /// <summary>True if an interrupted copy has written the file. It is not replaced, so nothing has to permit that.</summary>
    public bool IsComplete(TreeEntry entry, Descriptor source, FileStatus existing)
    {
        if (_copy.Verify || !CompleteCopy.IsPossible(_copy, source.Status, existing, PrecisionOf(entry.Directory)))
        {
            return false;
        }

        if (existing.Size == 0)
        {
            return true;
        }

        bool isProvable = CompleteCopy.IsProvable(source.Status, existing, entry.Directory.Devices.FileSystem, context.BootTime);
        using SafeFileHandle file = OpenFile(entry);
        return CompleteCopy.HasContent(
            source, existing, file, entry.DestinationPath, isProvable, fromDisk: false, context.Request.IsDryRun, new TransferMonitor(Cancellation: context.Cancellation));
    }

    /// <summary>Returns the hash of an existing file; null if none is requested.</summary>
    public string? Hash(TreeEntry entry, FileStatus existing)
    {
        if (_copy.HashAlgorithm is not { } algorithm || existing.Kind != DescriptorKind.Regular || context.Request.IsDryRun)
        {
            return null;
        }

        using SafeFileHandle file = OpenFile(entry);
        return FileHash.Compute(algorithm, file, entry.DestinationPath, existing.Size, context.Cancellation);
    }

    public void Flush(TreeEntry entry, FileStatus existing)
    {
        using SafeFileHandle file = OpenFile(entry);
        DiskFlush.OfFile(file, existing.Kind, entry.DestinationPath, context.Cancellation);
    }

    private SafeFileHandle OpenFile(TreeEntry entry) =>
        context.Open(entry.Directory.Destination!, entry.Name, FileFlags | LibC.O_NOFOLLOW, entry.DestinationLabel, isSource: false);

    private TimePrecision PrecisionOf(TreeDirectory directory) =>
        directory.Devices.PrecisionOf(directory.Source!, directory.Destination!, _copy.TimeTolerance);

    private SafeFileHandle OpenSource(TreeEntry entry) => context.Open(
        entry.Directory.Source!, entry.Name, LibC.O_PATH | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW), entry.SourceLabel, isSource: true);

    private SafeFileHandle OpenItem(TreeEntry entry) => context.Open(
        entry.Directory.Destination!, entry.Name, LibC.O_PATH | LibC.O_NOFOLLOW, entry.DestinationLabel, isSource: false);

    private static bool IsSameNode(TreeEntry entry, FileStatus source, FileStatus existing) => source.Kind == DescriptorKind.SymbolicLink
        ? LibC.ReadLinkAt(entry.Directory.Source!, entry.Name, out FileName one).Ok
            && LibC.ReadLinkAt(entry.Directory.Destination!, entry.Name, out FileName other).Ok && one == other
        : source.SpecialDevice == existing.SpecialDevice;

    private bool HasSameContent(TreeEntry entry)
    {
        using SafeFileHandle source = context.Open(
            entry.Directory.Source!, entry.Name, FileFlags | (entry.IsFollowed ? 0 : LibC.O_NOFOLLOW), entry.SourceLabel, isSource: true);
        using SafeFileHandle item = OpenFile(entry);
        var opened = Descriptor.OfOpened(source, entry.SourceLabel, LibC.O_RDONLY | LibC.O_NOCTTY);
        return Comparison.AreEqual(opened, item, entry.DestinationPath, context.Cancellation);
    }
}
