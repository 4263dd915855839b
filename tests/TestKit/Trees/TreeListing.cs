using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.TestKit.Trees;

/// <summary>A tree as it is at one time: every entry with everything that is known of it.</summary>
internal sealed class TreeListing
{
    /// <summary>Bytes that a copy may take beyond the reference's. ext4 needs a block more or not for the same extended
    /// attributes; a hole shorter than a block may become one.</summary>
    public const long AllocationSlack = 4096;

    private const int MostShown = 20;

    private readonly SortedDictionary<ByteString, TreeEntry> _entries;

    private TreeListing(SortedDictionary<ByteString, TreeEntry> entries) => _entries = entries;

    /// <summary>Every entry by its path in the tree, in the order of the paths' bytes; "." is the root.</summary>
    public IReadOnlyDictionary<ByteString, TreeEntry> Entries => _entries;

    /// <summary>Lists a tree. A descriptor a level is open meanwhile.</summary>
    /// <param name="path">The tree's root.</param>
    /// <param name="sync">Whether the blocks shall be counted that files take in the end: the whole file system is brought
    /// to the disk for that.</param>
    public static TreeListing Of(string path, bool sync = true)
    {
        var entries = new SortedDictionary<ByteString, TreeEntry>();
        using (SafeFileHandle root = EntryCalls.OpenFolder(path))
        {
            if (sync)
            {
                EntryCalls.SyncFileSystem(root);
            }

            entries.Add(EntryCalls.Self, TreeEntry.Read(root, EntryCalls.Self));
            Add(root, ByteString.Empty, entries);
        }

        return Of(entries);
    }

    /// <summary>A listing of entries that were read one by one.</summary>
    public static TreeListing Of(IDictionary<ByteString, TreeEntry> entries)
    {
        var listed = new SortedDictionary<ByteString, TreeEntry>(entries);
        IEnumerable<IGrouping<(uint, uint, ulong), KeyValuePair<ByteString, TreeEntry>>> files =
            entries.OrderBy(entry => entry.Key).GroupBy(entry => entry.Value.Identity).Where(file => file.Count() > 1);
        foreach (IGrouping<(uint, uint, ulong), KeyValuePair<ByteString, TreeEntry>> file in files)
        {
            ImmutableArray<ByteString> names = [.. file.Select(entry => entry.Key)];
            foreach (ByteString name in names)
            {
                listed[name] = listed[name] with { Links = names };
            }
        }

        return new TreeListing(listed);
    }

    /// <summary>In what another tree differs from this one, the reference: a line a difference, 20 at most.</summary>
    public IReadOnlyList<string> DifferencesTo(TreeListing actual, TreeAspects aspects = TreeAspects.Copied)
    {
        string[] differences = [.. AllDifferencesTo(actual, aspects)];
        return differences.Length <= MostShown
            ? differences
            : [.. differences[..MostShown], string.Create(CultureInfo.InvariantCulture, $"and {differences.Length - MostShown} more")];
    }

    /// <summary>Fails with the differences, which Assert.Empty would cut off.</summary>
    public void AssertSame(TreeListing actual, TreeAspects aspects = TreeAspects.Copied)
    {
        IReadOnlyList<string> differences = DifferencesTo(actual, aspects);
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static void Add(SafeFileHandle folder, ByteString path, SortedDictionary<ByteString, TreeEntry> entries)
    {
        List<ByteString> names;
        using (SafeFileHandle unnoticed = EntryCalls.OpenUnnoticed(folder, EntryCalls.Self, isFolder: true))
        {
            names = EntryCalls.Names(unnoticed);
        }

        foreach (ByteString name in names)
        {
            TreeEntry entry = TreeEntry.Read(folder, name);
            entries.Add(path / name, entry);
            if (entry.Type == FileTypes.Folder)
            {
                using SafeFileHandle inner = EntryCalls.OpenFolder(folder, name);
                Add(inner, path / name, entries);
            }
        }
    }

    private IEnumerable<string> AllDifferencesTo(TreeListing actual, TreeAspects aspects)
    {
        foreach (ByteString path in _entries.Keys.Union(actual._entries.Keys).Order())
        {
            if (!actual._entries.TryGetValue(path, out TreeEntry? found))
            {
                yield return $"{path}: missing";
            }
            else if (!_entries.TryGetValue(path, out TreeEntry? expected))
            {
                yield return $"{path}: not expected, a {FileTypes.Name(found.Type)}";
            }
            else
            {
                foreach (string difference in EntryComparison.Differences(expected, found, aspects))
                {
                    yield return $"{path}: {difference}";
                }
            }
        }
    }
}
