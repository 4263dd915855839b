using System.Text;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Folders of a tree, by their paths from the top: each of them starts with a slash, and the top is empty.</summary>
internal sealed class FolderSet
{
    private readonly HashSet<string> _paths = [];

    public bool IsEmpty => _paths.Count == 0;

    public bool Contains(ReadOnlySpan<byte> path) => _paths.Contains(Encoding.Latin1.GetString(path));

    /// <summary>Adds a path, and the folders that it is in.</summary>
    public void Add(ReadOnlySpan<byte> path)
    {
        if (_paths.Add(Encoding.Latin1.GetString(path)))
        {
            AddParents(path);
        }
    }

    /// <summary>Adds the folders that an item is in.</summary>
    public void AddParents(ReadOnlySpan<byte> path)
    {
        while (path.LastIndexOf((byte)'/') is int slash and >= 0 && _paths.Add(Encoding.Latin1.GetString(path[..slash])))
        {
            path = path[..slash];
        }
    }
}
