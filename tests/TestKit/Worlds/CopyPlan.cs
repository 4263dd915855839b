namespace Splice.TestKit.Worlds;

/// <summary>What a copy makes of an item of its source.</summary>
internal enum PlannedKind
{
    /// <summary>A file with the source's bytes.</summary>
    Content,

    /// <summary>A link or a special file like the source.</summary>
    Node,

    /// <summary>A folder, new or existing.</summary>
    Folder,

    /// <summary>Nothing, and no error: a special file that is not preserved.</summary>
    LeftOut,

    /// <summary>Nothing, and an error.</summary>
    Refused,
}

/// <summary>An item that a copy makes.</summary>
/// <param name="Kind">What it makes of the source.</param>
/// <param name="Source">The source, where it really is.</param>
/// <param name="SourceName">The source by the name that the command has for it.</param>
/// <param name="Target">The destination, where it really is.</param>
/// <param name="TargetName">The destination by the name that the command has for it.</param>
internal sealed record PlannedCopy(PlannedKind Kind, string Source, string SourceName, string Target, string TargetName)
{
    /// <summary>Why the command may refuse it; null where it must not.</summary>
    public string? Reason { get; set; }
}

/// <summary>What one source of a command becomes, by the rules of cp(1): a folder at the destination takes the source's name, links in
/// the destination's path are followed, and those in a tree at the destination are not.</summary>
internal sealed class CopyPlan
{
    private readonly WorldState _before;
    private readonly WorldCommand _command;
    private readonly MadeItems _made;
    private readonly string _source;
    private readonly string _destination;
    private readonly List<PlannedCopy> _copies = [];

    public CopyPlan(WorldState before, WorldCommand command, string source, MadeItems made)
    {
        _before = before;
        _command = command;
        _made = made;
        _source = WorldState.Join(before.World, source.TrimEnd('/'));
        _destination = WorldState.Join(before.World, command.Destination.TrimEnd('/'));
        Find();
        foreach (PlannedCopy copy in _copies)
        {
            copy.Reason ??= ReasonOf(copy);
        }

        string top = _copies.Count > 0 ? _copies[0].Target : string.Empty;
        Top = top;
        IsOverlapping = command.FollowSymlink && _copies.Any(Overlaps);
    }

    public IReadOnlyList<PlannedCopy> Copies => _copies;

    /// <summary>Why nothing can be copied; null where something can.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether the copy waits for another process: a FIFO is read, or written to.</summary>
    public bool Waits { get; private set; }

    /// <summary>Where the source itself goes.</summary>
    public string Top { get; }

    /// <summary>Whether links in the source lead to where the copy is made, which changes what there is to copy while it is copied.</summary>
    public bool IsOverlapping { get; }

    private void Find()
    {
        if (_before.Real(_source, follows: !_command.Recurse || _command.FollowSymlink) is not { } source || _before[source] is not { } item)
        {
            Refusal = "the source is missing";
            return;
        }

        if (LeadsThroughMade())
        {
            Refusal = "the destination leads through a link that the command has made";
            // The source is opened first.
            Waits = item.Type == FileTypes.Fifo && _command is not { Recurse: true, Kept: PreserveAttributes.All };
            return;
        }

        string? destination = _before.Real(_destination, follows: true);
        string? folder = destination is not null && _before.IsFolder(destination) ? destination : null;
        switch (item.Type)
        {
            case FileTypes.Folder when !_command.Recurse:
                Refusal = "the source is a folder";
                break;
            case FileTypes.Folder:
                FindTree(source, destination, folder);
                break;
            case FileTypes.SymbolicLink:
            case FileTypes.Fifo when _command is { Recurse: true, Kept: PreserveAttributes.All }:
                FindNode(source, folder);
                break;
            case FileTypes.Regular:
                FindFile(source, folder);
                break;
            default:
                Waits = true;
                break;
        }
    }

    private void FindTree(string source, string? destination, string? folder)
    {
        string name = _source[(_source.LastIndexOf('/') + 1)..];
        bool hasName = name is not ("." or "..");
        if (folder is null && destination is not null && _before[destination] is not null)
        {
            Refusal = "the destination is not a folder";
            return;
        }

        string? target = folder is null ? _before.Real(_destination, follows: false) : hasName ? $"{folder}/{name}" : folder;
        string above = folder ?? (target is null ? string.Empty : WorldState.Up(target));
        Refusal = target is null ? "the destination's folder is missing"
            : target == source ? "source and destination are the same"
            : WorldState.IsIn(above, source) ? "the destination is in the source"
            : _before[target] is not null && !_before.IsFolder(target) ? "an item that is not a folder is in the way"
            : null;
        if (Refusal is null)
        {
            AddFolder(source, _source, target!, folder is null ? _destination : hasName ? $"{_destination}/{name}" : _destination, []);
        }
    }

    private void FindNode(string source, string? folder)
    {
        string name = _source[(_source.LastIndexOf('/') + 1)..];
        string? target = folder is null ? _before.Real(_destination, follows: false) : $"{folder}/{name}";
        Refusal = target is null ? "the destination's folder is missing"
            : _before.IsCircle(_destination) ? "the destination's links lead to each other"
            : _before.IsFolder(target) ? "a folder is in the way"
            : null;
        if (Refusal is null)
        {
            Add(PlannedKind.Node, source, _source, target!, folder is null ? _destination : $"{_destination}/{name}");
        }
    }

    private void FindFile(string source, string? folder)
    {
        string name = _source[(_source.LastIndexOf('/') + 1)..];
        string path = folder is null ? _destination : $"{folder}/{name}";
        string? target = _before.Real(path, follows: true);
        Refusal = target is null ? "the destination leads nowhere"
            : _before.IsFolder(target) ? "a folder is in the way"
            : folder is null && _command.Destination.EndsWith('/') ? "the destination's folder is missing"
            : null;
        if (Refusal is not null)
        {
            return;
        }

        Waits = _before[target!]?.Type == FileTypes.Fifo;
        Add(PlannedKind.Content, source, _source, target!, folder is null ? _destination : $"{_destination}/{name}");
    }

    private PlannedCopy Add(PlannedKind kind, string source, string sourceName, string target, string targetName, string? reason = null)
    {
        var copy = new PlannedCopy(kind, source, sourceName, target, targetName) { Reason = reason };
        _copies.Add(copy);
        return copy;
    }

    private void AddFolder(
        string source, string sourceName, string target, string targetName, IReadOnlyList<(string Source, string Target)> above)
    {
        Add(PlannedKind.Folder, source, sourceName, target, targetName);
        IReadOnlyList<(string Source, string Target)> path = [.. above, (source, target)];
        foreach (string name in _before.Names(source))
        {
            AddEntry($"{source}/{name}", $"{sourceName}/{name}", $"{target}/{name}", $"{targetName}/{name}", path);
        }
    }

    private void AddEntry(
        string source, string sourceName, string target, string targetName, IReadOnlyList<(string Source, string Target)> path)
    {
        if (_command.FollowSymlink)
        {
            if (_before.Real(source, follows: true) is not { } real || _before[real] is null)
            {
                Add(PlannedKind.Refused, source, sourceName, target, targetName, "the link leads nowhere");
                return;
            }

            source = real;
        }

        switch (_before[source]!.Type)
        {
            case FileTypes.Folder when (_command.FollowSymlink ? path : path.Take(1)).Any(folder => source == folder.Source || source == folder.Target):
                Add(PlannedKind.Refused, source, sourceName, target, targetName, "the folder is in itself");
                break;
            case FileTypes.Folder when target == path[0].Source:
                Add(PlannedKind.Refused, source, sourceName, target, targetName, "the source is in the way");
                break;
            case FileTypes.Folder when _before[target] is { } existing && existing.Type != FileTypes.Folder:
                Add(PlannedKind.Refused, source, sourceName, target, targetName, "an item that is not a folder is in the way");
                break;
            case FileTypes.Folder:
                AddFolder(source, sourceName, target, targetName, path);
                break;
            case FileTypes.Regular:
                Add(PlannedKind.Content, source, sourceName, target, targetName);
                break;
            case FileTypes.Fifo when _command.Kept != PreserveAttributes.All:
                Add(PlannedKind.LeftOut, source, sourceName, target, targetName);
                break;
            default:
                Add(PlannedKind.Node, source, sourceName, target, targetName);
                break;
        }
    }

    private bool Overlaps(PlannedCopy copy) => copy.Kind switch
    {
        PlannedKind.Folder => WorldState.IsIn(copy.Source, Top) || WorldState.IsIn(Top, copy.Source),
        PlannedKind.Refused => WorldState.IsIn(_before.Missing(copy.Source), Top),
        _ => WorldState.IsIn(copy.Source, Top),
    };

    /// <summary>Why a copy that seems possible may be an error.</summary>
    private string? ReasonOf(PlannedCopy copy)
    {
        Trees.TreeEntry source = _before[copy.Source]!;
        if (copy.Kind is PlannedKind.Folder or PlannedKind.LeftOut || _before[copy.Target] is not { } existing)
        {
            return null;
        }

        bool writesInto = _command.Write != WriteMode.Replace && existing.Type == FileTypes.Regular;
        return existing.Type == FileTypes.Folder ? "a folder is in the way"
            : _command.NoClobber ? "the destination exists"
            : _made.Has(copy.Target, existing) && !(writesInto && _command.Write == WriteMode.Append) ? "the command has made the destination"
            : existing.Identity == source.Identity && !(writesInto && _command.Write == WriteMode.Append && source.Size > 0)
                ? "source and destination are the same"
            : writesInto && copy.Kind == PlannedKind.Node ? "a link cannot be written into a file"
            : writesInto && _copies.Any(other => other != copy && _before[other.Target]?.Identity == existing.Identity)
                ? "two destinations are one file"
            : writesInto && _command.Write == WriteMode.InPlace && IsOfSource(existing) ? "the destination is another file of the source"
            : source.Type == FileTypes.SymbolicLink && LeadsToDestination(copy, source) ? "the link leads to what it would replace"
            : null;
    }

    /// <summary>True if a file has another name in a source of the command, which is anywhere if links are followed.</summary>
    private bool IsOfSource(Trees.TreeEntry existing)
    {
        var sources = _command.Sources
            .Select(name => _before.Real(WorldState.Join(_before.World, name.TrimEnd('/')), follows: !_command.Recurse)).OfType<string>().ToList();
        return existing.Links.Length > 1 && (_command.FollowSymlink || _before.Paths.Any(
            path => _before[path]!.Identity == existing.Identity && sources.Exists(source => WorldState.IsIn(path, source))));
    }

    private bool LeadsToDestination(PlannedCopy copy, Trees.TreeEntry link)
    {
        string target = link.Target.ToString();
        string copied = target.StartsWith('/') ? target : WorldState.Join(WorldState.Up(copy.Target), target);
        IEnumerable<string> way = _before.Walk(copy.Source, follows: true).Concat(_before.Walk(_before.InWorkspace(copied), follows: true));
        return way.Any(step => step != copy.Source && _copies.Any(other => other.Target == step || Same(other.Target, step)));

        bool Same(string one, string other) => _before[one] is { } item && item.Type != FileTypes.Folder && item.Identity == _before[other]?.Identity;
    }

    /// <summary>Whether a link on the way to the destination was made by the command.</summary>
    private bool LeadsThroughMade()
    {
        string path = string.Empty;
        string name = _source[(_source.LastIndexOf('/') + 1)..];
        bool isFile = _before.Real(_source, follows: true) is { } real && _before[real]?.Type == FileTypes.Regular;
        foreach (string part in $"{_destination}/{(isFile ? name : string.Empty)}".Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = WorldState.Join(path, part);
            if (_before.Walk(path, follows: true).Any(_made.HasLink))
            {
                return true;
            }
        }

        return false;
    }
}
