using System.Text;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Enumerates the items of a folder that are sent: those that the filter selects.</summary>
internal static class SelectedItems
{
    /// <summary>Enumerates the items as <see cref="TreeWalk"/> does, without folders in which the filter includes nothing.</summary>
    /// <param name="failed">Called for each directory that cannot be read, which then is as an empty one.</param>
    /// <param name="omitted">Called for each folder that is omitted; null for none.</param>
    /// <param name="needs">Returns false for a folder to leave out; null to enumerate all.</param>
    public static IEnumerable<TreeItem> Enumerate(
        SendRequest request, Action<TransferException> failed, CancellationToken cancellation, Action<TreeItem>? omitted = null,
        Func<TreeItem, bool>? needs = null)
    {
        PathFilter? filter = request.Filter;
        bool includesAll = request.IsAllIncluded;
        Func<TreeItem, bool>? selects = filter is null && needs is null && !request.RemoveExtra ? null
            : item => !(request.RemoveExtra && TemporaryNames.Contains(item.Name)) && filter?.Selects(item, includesAll) != false
                && (item.Kind != DescriptorKind.Directory || needs?.Invoke(item) != false);
        bool mayOmit = filter?.HasIncludes == true && !includesAll;
        List<TreeItem> held = []; // folders on the way to the current item: the handles above them are open
        foreach (TreeItem item in TreeWalk.Enumerate(request.Source, selects: selects, failed: failed, cancellation: cancellation))
        {
            if (mayOmit && item is { Kind: DescriptorKind.Directory, IsLeft: false, Depth: > 0 } && !filter!.Includes(item, includesAll))
            {
                held.Add(item);
            }
            else if (item.IsLeft && held.Count > 0)
            {
                omitted?.Invoke(held[^1]);
                held.RemoveAt(held.Count - 1);
            }
            else
            {
                foreach (TreeItem folder in held)
                {
                    yield return folder;
                }

                held.Clear();
                yield return item;
            }
        }
    }
}

/// <summary>Applies a filter to the items of a listing, in any order.</summary>
/// <param name="includesAll">True if the including patterns do not apply at the top.</param>
internal sealed class ListedSelection(PathFilter? filter, bool includesAll)
{
    private const int PATH_MAX = 4096;

    private readonly Dictionary<string, (bool IsSelected, bool IsIncluded)> _folders = new() { [string.Empty] = (true, includesAll) };

    /// <summary>True if folders in which nothing is selected are omitted.</summary>
    public bool OmitsFolders => filter?.HasIncludes == true && !includesAll;

    /// <summary>True if an item is selected.</summary>
    /// <param name="path">Its path from the top, which starts with a slash; empty for the top.</param>
    public bool Selects(ReadOnlySpan<byte> path, bool isFolder)
    {
        if (filter is null || path.IsEmpty)
        {
            return true;
        }

        ReadOnlySpan<byte> folder = path[..Math.Max(0, path.LastIndexOf((byte)'/'))];
        (bool isSelected, bool isIncluded) = Find(folder);
        return isSelected && filter.Selects(Relative(folder), path[(folder.Length + 1)..], isFolder, isIncluded);
    }

    /// <summary>True if everything in a folder is included.</summary>
    public bool Includes(ReadOnlySpan<byte> path) => filter is null || Find(path).IsIncluded;

    private (bool IsSelected, bool IsIncluded) Find(ReadOnlySpan<byte> path)
    {
        if (path.Length >= PATH_MAX)
        {
            return default;
        }

        string key = Encoding.Latin1.GetString(path);
        if (!_folders.TryGetValue(key, out (bool IsSelected, bool IsIncluded) found))
        {
            ReadOnlySpan<byte> above = path[..Math.Max(0, path.LastIndexOf((byte)'/'))];
            ReadOnlySpan<byte> name = path[(above.Length + 1)..];
            (bool isSelected, bool isIncluded) = Find(above);
            found = (isSelected && filter!.Selects(Relative(above), name, isFolder: true, isIncluded), isIncluded || filter!.IncludesFolder(Relative(above), name));
            _folders.Add(key, found);
        }

        return found;
    }

    private static ReadOnlySpan<byte> Relative(ReadOnlySpan<byte> path) => path.IsEmpty ? path : path[1..];
}
