using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>A folder of the source and the folder that it becomes. Everything in them is reached through their handles,
/// so that nobody can lead the copy elsewhere by putting a link in a folder's place.</summary>
internal sealed class TreeFolder
{
    private readonly string? _sourceRoot;
    private readonly string? _destinationRoot;
    private int _pending = 1;

    /// <summary>The top of the tree.</summary>
    public TreeFolder(string sourceRoot, string destinationRoot)
    {
        _sourceRoot = sourceRoot;
        _destinationRoot = destinationRoot;
    }

    /// <summary>A folder in another one.</summary>
    public TreeFolder(TreeFolder parent, FileName name)
    {
        Parent = parent;
        Name = name;
        Depth = parent.Depth + 1;
    }

    public TreeFolder? Parent { get; }

    public FileName Name { get; }

    public int Depth { get; }

    /// <summary>The source; null while it is closed because too many are open.</summary>
    public SafeFileHandle? Source { get; set; }

    /// <summary>The destination; null while it is closed because too many are open.</summary>
    public SafeFileHandle? Destination { get; set; }

    /// <summary>What the source was like before anything in it was read.</summary>
    public required FileStatus Status { get; init; }

    public required FileIdentity DestinationIdentity { get; init; }

    /// <summary>True if this copy made the destination; otherwise it was there and takes the entries in.</summary>
    public required bool IsNew { get; init; }

    /// <summary>True if all that is in the destination was made by this command: then nothing in it may be replaced.</summary>
    public required bool IsOurs { get; init; }

    public required DevicePair Devices { get; init; }

    /// <summary>What modes new files get in the destination.</summary>
    public GrantedMode Modes { get; } = new();

    /// <summary>True if the source was reached through a symbolic link: then its ".." is not the parent, which stays open.</summary>
    public bool IsLinked { get; init; }

    /// <summary>How many use the handles at present.</summary>
    public int Pins { get; set; }

    /// <summary>True if it could not be found again, and that was told.</summary>
    public bool IsLost { get; set; }

    /// <summary>Where reading the source's entries goes on, while it is closed.</summary>
    public long Position { get; set; }

    public string SourcePath => PathFrom(folder => folder._sourceRoot);

    /// <summary>Says the source's path; the folder itself says the destination's.</summary>
    public object SourceLabel => new SourceName(this);

    public string DestinationPath => PathFrom(folder => folder._destinationRoot);

    public static string Join(string folder, FileName name) => folder.EndsWith('/') ? $"{folder}{name}" : $"{folder}/{name}";

    /// <summary>Something of the folder is still to be done.</summary>
    public void AddPending() => Interlocked.Increment(ref _pending);

    /// <summary>Something was done. True: it was the last.</summary>
    public bool RemovePending() => Interlocked.Decrement(ref _pending) == 0;

    public override string ToString() => DestinationPath;

    private string PathFrom(Func<TreeFolder, string?> root)
    {
        List<FileName> names = [];
        TreeFolder folder = this;
        while (folder.Parent is { } parent)
        {
            names.Add(folder.Name);
            folder = parent;
        }

        var path = new StringBuilder(root(folder)!.TrimEnd('/'));
        for (int i = names.Count - 1; i >= 0; i--)
        {
            path.Append('/').Append(names[i].ToString());
        }

        return path.Length == 0 ? "/" : path.ToString();
    }

    private sealed class SourceName(TreeFolder folder)
    {
        public override string ToString() => folder.SourcePath;
    }
}

/// <summary>An entry of a folder that is copied. Its paths are put together only for who reads them: in a deep tree they
/// are long.</summary>
internal sealed class TreeEntry(TreeFolder folder, FileName name)
{
    public TreeFolder Folder => folder;

    public FileName Name => name;

    /// <summary>True if it is a symbolic link that stands for what it leads to.</summary>
    public bool IsFollowed { get; private set; }

    public string SourcePath => TreeFolder.Join(folder.SourcePath, name);

    public string DestinationPath => TreeFolder.Join(folder.DestinationPath, name);

    /// <summary>Says the source's path.</summary>
    public object SourceLabel => this;

    /// <summary>Says the destination's path.</summary>
    public object DestinationLabel => new DestinationName(this);

    /// <summary>Finds out what the entry is, if the listing did not say or a link is to be followed.</summary>
    /// <param name="listed">The kind that the directory reports.</param>
    /// <param name="followLinks">Whether links stand for what they lead to.</param>
    public DescriptorKind FindKind(DescriptorKind listed, bool followLinks)
    {
        DescriptorKind kind = listed;
        if (kind == DescriptorKind.Other)
        {
            kind = Look(FileStatus.TryGet(folder.Source!, name, followLink: false, out FileStatus? status), status);
        }

        if (kind == DescriptorKind.SymbolicLink && followLinks)
        {
            IsFollowed = true;
            kind = Look(FileStatus.TryGet(folder.Source!, name, followLink: true, out FileStatus? status), status);
        }

        return kind;
    }

    public override string ToString() => SourcePath;

    private DescriptorKind Look(SysResult result, FileStatus? status) =>
        result.Ok ? status!.Kind : throw FileFailures.OpenSource(SourcePath, result.Errno);

    private sealed class DestinationName(TreeEntry entry)
    {
        public override string ToString() => entry.DestinationPath;
    }
}
