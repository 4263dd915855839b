namespace Splice.TestKit.Worlds;

/// <summary>All that is in a workspace at one time, and where paths lead in it. Paths are those from the workspace's top.</summary>
internal sealed class WorldState
{
    private const string Nowhere = "";
    private const string Circle = "//";
    private const int MostLinks = 40; // path_resolution(7)

    private readonly string _workspace;
    private readonly Dictionary<string, Trees.TreeEntry> _entries;

    public WorldState(string workspace, string world)
    {
        _workspace = workspace;
        World = world;
        _entries = TreeListing.Of(workspace, sync: false).Entries
            .ToDictionary(entry => entry.Key == EntryCalls.Self ? string.Empty : entry.Key.ToString(), entry => entry.Value);
    }

    /// <summary>The path of the world.</summary>
    public string World { get; }

    public IEnumerable<string> Paths => _entries.Keys;

    /// <summary>What has a path that no link is part of; null for nothing.</summary>
    public Trees.TreeEntry? this[string path] => _entries.GetValueOrDefault(path);

    public bool IsFolder(string path) => this[path]?.Type == FileTypes.Folder;

    /// <summary>The names in a folder.</summary>
    public IEnumerable<string> Names(string folder) => Paths
        .Where(path => path.Length > folder.Length && path.StartsWith(folder + '/', StringComparison.Ordinal) && path.LastIndexOf('/') == folder.Length)
        .Select(path => path[(folder.Length + 1)..]);

    /// <summary>The path without links that a path leads to; what it leads to may be missing, but not the folder. Null where it
    /// leads nowhere.</summary>
    /// <param name="path">The path.</param>
    /// <param name="follows">Whether a link at the end is followed.</param>
    public string? Real(string path, bool follows) =>
        Walk(path, follows).LastOrDefault(Nowhere) is var end && end != Nowhere && end != Circle ? end : null;

    /// <summary>Where the last link of those that lead nowhere leads.</summary>
    public string Missing(string path)
    {
        string link = Walk(path, follows: true).LastOrDefault(step => this[step]?.Type == FileTypes.SymbolicLink) ?? path;
        string target = this[link]!.Target.ToString();
        string missing = Path.GetFullPath('/' + (target.StartsWith('/') ? InWorkspace(target) : Join(Up(link), target)))[1..];
        return Real(Up(missing), follows: true) is { } folder ? Join(folder, missing[(missing.LastIndexOf('/') + 1)..]) : missing;
    }

    /// <summary>Whether a path's links lead to each other.</summary>
    public bool IsCircle(string path) => Walk(path, follows: true).LastOrDefault(Nowhere) == Circle;

    /// <summary>All links at the end of a path that lead one to the next, and what the last one leads to, or that this is
    /// nowhere.</summary>
    public IEnumerable<string> Walk(string path, bool follows)
    {
        var rest = new Stack<string>(Enumerable.Reverse(path.Split('/', StringSplitOptions.RemoveEmptyEntries)));
        string at = string.Empty;
        int links = 0;
        while (rest.TryPop(out string? part))
        {
            if (part is "." or "..")
            {
                at = part == "." ? at : at.Length == 0 ? "outside" : Up(at);
                continue;
            }

            string next = Join(at, part);
            if (this[next] is not { } entry)
            {
                yield return rest.Count == 0 ? next : Nowhere;
                yield break;
            }

            if (entry.Type == FileTypes.SymbolicLink && (follows || rest.Count > 0))
            {
                string target = entry.Target.ToString();
                if (++links > MostLinks)
                {
                    yield return Circle;
                    yield break;
                }

                if (rest.Count == 0)
                {
                    yield return next;
                }

                if (target.StartsWith('/'))
                {
                    at = string.Empty;
                    target = InWorkspace(target);
                }

                foreach (string name in Enumerable.Reverse(target.Split('/', StringSplitOptions.RemoveEmptyEntries)))
                {
                    rest.Push(name);
                }

                continue;
            }

            if (entry.Type != FileTypes.Folder && rest.Count > 0)
            {
                yield return Nowhere;
                yield break;
            }

            at = next;
        }

        yield return at;
    }

    /// <summary>A path from the workspace's top, which an absolute one is not.</summary>
    public string InWorkspace(string path) => !path.StartsWith('/') ? path
        : path.StartsWith(_workspace + '/', StringComparison.Ordinal) ? path[(_workspace.Length + 1)..]
        : "outside/outside";

    /// <summary>The absolute path of a path from the workspace's top.</summary>
    public string Absolute(string path) => $"{_workspace}/{path}";

    public static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    public static string Up(string path) => path.LastIndexOf('/') is >= 0 and int slash ? path[..slash] : string.Empty;

    public static bool IsIn(string path, string folder) => path == folder || path.StartsWith(folder + '/', StringComparison.Ordinal);
}
