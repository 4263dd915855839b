using System.Globalization;

namespace Splice.Output;

/// <summary>Counts the files of plans for -WhatIf, whose list has only those that would change.</summary>
internal sealed class PlannedFiles
{
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

    /// <summary>True if an item is changed by the command that a plan is of.</summary>
    public static bool IsChange(TransferResult item) => item.Status is ItemStatus.Copied or ItemStatus.Updated or ItemStatus.Removed;

    /// <summary>Adds a plan.</summary>
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

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.CurrentCulture,
        $"{_copied:N0} to copy, {_updated:N0} to update ({ByteSize.Format(Bytes)} in all), {_unchanged:N0} unchanged, {_skipped:N0} skipped");
}
