using Splice.Descriptors;

namespace Splice.Streaming.Remote.Trees;

/// <summary>What a tree has.</summary>
/// <param name="Files">Its files, links and special files.</param>
/// <param name="Folders">Its folders, the top among them.</param>
/// <param name="Bytes">The sum of its files' sizes.</param>
internal sealed record TreeTotals(long Files, long Folders, long Bytes)
{
    /// <summary>Counts what would be sent.</summary>
    /// <param name="root">The tree's top.</param>
    /// <param name="preserve">What is kept.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TransferException">Something cannot be looked at.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static TreeTotals Of(string root, PreserveAttributes preserve, CancellationToken cancellation)
    {
        var items = new TarItems(preserve);
        long files = 0;
        long folders = 0;
        long bytes = 0;
        foreach (TreeItem item in TreeWalk.Of(root))
        {
            cancellation.ThrowIfCancellationRequested();
            bool isFolder = item.Status.Kind == DescriptorKind.Directory;
            folders += isFolder && !item.IsLeft ? 1 : 0;
            files += !isFolder && items.IsSent(item) ? 1 : 0;
            bytes += items.LengthOf(item);
        }

        return new TreeTotals(files, folders, bytes);
    }
}
