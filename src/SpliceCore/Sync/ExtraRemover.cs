using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Sync;

/// <summary>Counts entries of the destination with all that is in them, and later removes what was counted. What the filter does not
/// select stays, and so do the directories that it is in.</summary>
/// <param name="filter">Selects what is removed; null for everything.</param>
internal sealed class ExtraRemover(FolderPair folders, PathFilter? filter, CancellationToken cancellation)
{
    /// <summary>The entries of the directories when they were counted: later ones are not removed.</summary>
    private Dictionary<FileIdentity, FolderContent> Contents { get; init; } = [];

    /// <summary>Receives the errors of what stays although it should not.</summary>
    public required Action<TransferException> Report { get; set; }

    /// <summary>Counts what would be removed of an entry.</summary>
    /// <param name="isWhole">True if nothing of it would stay.</param>
    public long Count(FolderCursor folder, FileName name, out bool isWhole) => Run(folder, name, countsOnly: true, isCounted: false, out isWhole);

    /// <summary>Returns true if an entry that was counted is as it was then, and nothing in it is in use.</summary>
    public bool IsUnchanged(FolderCursor folder, FileName name)
    {
        Run(folder, name, countsOnly: true, isCounted: true, out bool isWhole);
        return isWhole;
    }

    /// <summary>Removes an entry that was counted.</summary>
    /// <param name="isWhole">True if nothing is left of it.</param>
    /// <returns>Number of entries removed.</returns>
    public long Remove(FolderCursor folder, FileName name, out bool isWhole) => Run(folder, name, countsOnly: false, isCounted: true, out isWhole);

    /// <summary>Returns a remover for entries that were counted as a whole, whatever names they have by now. Several threads may use such
    /// removers at once.</summary>
    /// <param name="report">Receives the errors of what stays although it should not.</param>
    public ExtraRemover OfWhole(Action<TransferException> report) => new(folders, filter: null, cancellation) { Contents = Contents, Report = report };

    private long Run(FolderCursor folder, FileName name, bool countsOnly, bool isCounted, out bool isWhole)
    {
        var remover = new TreeRemover(entry => Removes(entry, folder, isCounted), Report, cancellation) { CountsOnly = countsOnly };
        isWhole = remover.Remove(folder.Handle, name, folder.Path);
        return remover.Files + remover.Directories;
    }

    private bool Removes(RemovalEntry entry, FolderCursor top, bool isCounted)
    {
        bool isFolder = entry.Status.Kind == DescriptorKind.Directory;
        if (!Selects(entry, top, isFolder) || TemporaryNames.IsInUse(entry.Folder.Handle!, entry.Name))
        {
            return false;
        }

        if (entry.Folder.Reads > 1)
        {
            return Keep(SyncErrors.Changed(entry.Path));
        }

        return !isFolder || entry.Status.IsMountRoot || RemovesFolder(entry, top, isCounted);
    }

    private bool RemovesFolder(RemovalEntry entry, FolderCursor top, bool isCounted)
    {
        if (folders.IsSource(entry.Status))
        {
            throw SyncErrors.Overlap(folders.SourcePath, folders.DestinationPath);
        }

        // A subvolume is a file system of its own, though not a mount point.
        FileIdentity folder = (entry.Folder.Status ?? top.Status).Inode;
        if (entry.Status.Inode.Device != folder.Device)
        {
            return Keep(SyncErrors.Subvolume(entry.Path));
        }

        SysResult read = TrySum(entry, out FolderContent content);
        if (!read.Ok)
        {
            return Keep(FileFailures.Remove(entry.Path, read.Errno));
        }

        if (!isCounted)
        {
            Contents[entry.Status.Inode] = content;
            return true;
        }

        return (Contents.TryGetValue(entry.Status.Inode, out FolderContent counted) && counted.Is(content)) || Keep(SyncErrors.Changed(entry.Path));
    }

    private bool Keep(TransferException reason)
    {
        Report(reason);
        return false;
    }

    /// <summary>Sums the entries of a directory up, so that another one, or one that changed, makes another sum.</summary>
    private static SysResult TrySum(RemovalEntry entry, out FolderContent content)
    {
        content = default;
        SysResult result = LibC.OpenAt(entry.Folder.Handle!, entry.Name, FolderCursor.Flags, 0, out SafeFileHandle folder);
        using (folder)
        {
            var reader = default(DirectoryReader);
            while (result.Ok && reader.TryRead(folder, out FileName name, out _, out result))
            {
                result = FileStatus.TryGet(folder, name, followLink: false, out FileStatus? status);
                content = status is null ? content : content.With(name, status);
            }
        }

        return result;
    }

    private bool Selects(RemovalEntry entry, FolderCursor top, bool isFolder)
    {
        if (filter is null)
        {
            return true;
        }

        List<FileName> names = [];
        for (RemovalFolder folder = entry.Folder; folder.Parent is not null; folder = folder.Parent)
        {
            names.Add(folder.Name);
        }

        (byte[] path, bool isIncluded) = (top.RelativePath, top.IsIncluded);
        for (int i = names.Count - 1; i >= 0; i--)
        {
            isIncluded = isIncluded || filter.IncludesFolder(path, names[i].Bytes);
            path = filter.PathOf(path, names[i]);
        }

        return filter.Selects(path, entry.Name.Bytes, isFolder, isIncluded);
    }

    /// <summary>Sums of what a directory has: of names and inodes, and of sizes and times.</summary>
    /// <param name="HasLinks">True if a file has several names. The copy may change one, and its size and times under all.</param>
    private readonly record struct FolderContent(long Names, long Times, bool HasLinks)
    {
        public FolderContent With(FileName name, FileStatus status) => new(
            Names + HashCode.Combine(name, status.Inode),
            Times + HashCode.Combine(status.Inode, status.Size, status.ModificationTime.Seconds, status.ModificationTime.Nanoseconds),
            HasLinks || Extra.IsLinked(status));

        public bool Is(FolderContent now) => Names == now.Names && (HasLinks || Times == now.Times);
    }
}
