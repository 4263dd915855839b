using System.Globalization;

namespace Splice.Output;

/// <summary>Collects plans for -WhatIf: the items that would change, and the counts of all files.</summary>
internal sealed class PlannedFiles
{
    private readonly List<(string Path, string Target, string Action)> _changes = [];
    private long _copied;
    private long _updated;
    private long _unchanged;
    private long _skipped;

    /// <summary>Number of bytes to copy.</summary>
    public long Bytes { get; set; }

    /// <summary>Number of items to remove.</summary>
    public long Removed { get; set; }

    /// <summary>Number of errors.</summary>
    public long Failed { get; set; }

    /// <summary>The items that would change, each with its target and action for ShouldProcess, in the order of their paths.</summary>
    public IEnumerable<(string Target, string Action)> Changes =>
        _changes.OrderBy(change => change.Path, PathOrder.Instance).Select(change => (change.Target, change.Action));

    /// <summary>Adds an item, unless it is left as it is.</summary>
    /// <param name="host">The host of the destination or source; null for none.</param>
    public void Add(TransferResult item, string? host = null)
    {
        if (item.Status is ItemStatus.Copied or ItemStatus.Updated or ItemStatus.Removed)
        {
            _changes.Add((item.Destination, TargetOf(item, host), ActionOf(item)));
        }
    }

    /// <summary>Adds the counts of a plan.</summary>
    /// <param name="files">Number of files without the skipped ones.</param>
    /// <param name="updated">Number of files among them that are updated.</param>
    /// <param name="unchanged">Number of files among them that are up to date.</param>
    /// <param name="skipped">Number of skipped files.</param>
    public void Add(long files, long updated, long unchanged, long skipped)
    {
        _copied += files - updated - unchanged;
        _updated += updated;
        _unchanged += unchanged;
        _skipped += skipped;
    }

    /// <summary>Describes an item for ShouldProcess. What is removed has no source.</summary>
    public static string TargetOf(TransferResult item, string? host = null) =>
        $"{(item.Status == ItemStatus.Removed ? string.Empty : $"Item: {item.Source} ")}{(host is null ? string.Empty : $"Host: {host} ")}Destination: {item.Destination}";

    /// <summary>Describes what is done with an item.</summary>
    public static string ActionOf(TransferResult item) => item.Status switch
    {
        ItemStatus.Copied => item.DirectoryCount > 0 ? "Create Folder" : "Copy File",
        ItemStatus.Updated => item.Reason is null ? "Replace File" : $"Update File ({item.Reason})",
        _ => item.Removed == 1 ? "Remove Item" : string.Create(CultureInfo.CurrentCulture, $"Remove Folder ({item.Removed:N0} items)"),
    };

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.CurrentCulture,
        $"{_copied:N0} to copy, {_updated:N0} to update ({ByteSize.Format(Bytes)} in all), {_unchanged:N0} unchanged, {_skipped:N0} skipped");

    /// <summary>Order of paths in which what is in a folder follows the folder.</summary>
    private sealed class PathOrder : IComparer<string>
    {
        public static PathOrder Instance { get; } = new();

        public int Compare(string? x, string? y)
        {
            (string left, string right) = (x ?? string.Empty, y ?? string.Empty);
            int same = left.AsSpan().CommonPrefixLength(right);
            return same == left.Length || same == right.Length ? left.Length - right.Length : Rank(left[same]) - Rank(right[same]);
        }

        private static int Rank(char c) => c == '/' ? 0 : c;
    }
}
