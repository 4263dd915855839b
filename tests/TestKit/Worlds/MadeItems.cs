namespace Splice.TestKit.Worlds;

/// <summary>What a command has made so far: none of its later sources may replace it.</summary>
internal sealed class MadeItems
{
    private readonly Dictionary<string, Trees.TreeEntry> _items = [];

    /// <summary>Files, links and special files, as they were made.</summary>
    public IReadOnlyDictionary<string, Trees.TreeEntry> Items => _items;

    public void Add(string path, Trees.TreeEntry made) => _items[path] = made;

    /// <summary>Whether the command made what has a path, or what is the same file.</summary>
    public bool Has(string path, Trees.TreeEntry item) =>
        _items.ContainsKey(path) || _items.Values.Any(made => made.Identity == item.Identity);

    public bool HasLink(string path) => _items.TryGetValue(path, out Trees.TreeEntry? made) && made.Type == FileTypes.SymbolicLink;
}
