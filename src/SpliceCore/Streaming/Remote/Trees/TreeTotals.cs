using Splice.Copying.Trees;
using Splice.Descriptors;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The size of a tree.</summary>
/// <param name="Files">Number of files, links and special files.</param>
/// <param name="Folders">Number of directories, with the top.</param>
/// <param name="Bytes">The sum of the sizes of the files.</param>
internal sealed record TreeTotals(long Files, long Folders, long Bytes)
{
    /// <summary>Counts what would be sent.</summary>
    /// <exception cref="TransferException">The tree cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static TreeTotals Of(string root, PreserveAttributes preserve, CancellationToken cancellation)
    {
        var items = new TarItems(preserve);
        long files = 0;
        long folders = 0;
        long bytes = 0;
        foreach (TreeItem item in TreeWalk.Enumerate(root, cancellation: cancellation))
        {
            bool isFolder = item.Status.Kind == DescriptorKind.Directory;
            folders += isFolder && !item.IsLeft ? 1 : 0;
            files += !isFolder && items.IsSent(item) ? 1 : 0;
            bytes += items.LengthOf(item);
        }

        return new TreeTotals(files, folders, bytes);
    }
}
