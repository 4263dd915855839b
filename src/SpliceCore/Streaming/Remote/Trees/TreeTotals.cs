using Splice.Copying.Trees;
using Splice.Descriptors;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The size of a tree.</summary>
internal sealed class TreeTotals(PreserveAttributes preserve)
{
    private readonly TarItemFactory _items = new(preserve);

    /// <summary>Number of files, links and special files.</summary>
    public long Files { get; private set; }

    /// <summary>Number of directories, with the top.</summary>
    public long Folders { get; private set; }

    /// <summary>The sum of the sizes of the files.</summary>
    public long Bytes { get; private set; }

    /// <summary>Counts the items to send.</summary>
    public static TreeTotals Count(SendRequest request, CancellationToken cancellation)
    {
        var totals = new TreeTotals(request.Preserve);
        foreach (TreeItem item in SelectedItems.Enumerate(request, failed: _ => { }, cancellation).Where(item => !item.IsLeft))
        {
            totals.Add(item);
        }

        return totals;
    }

    /// <summary>Counts an item.</summary>
    /// <returns>False if it is not sent.</returns>
    public bool Add(TreeItem item)
    {
        if (item.Found is null || !_items.IsSent(item))
        {
            return false;
        }

        bool isFolder = item.Kind == DescriptorKind.Directory;
        Folders += isFolder ? 1 : 0;
        Files += isFolder ? 0 : 1;
        Bytes += _items.LengthOf(item);
        return true;
    }
}
