using System.Globalization;
using System.Text;

namespace Splice.TestKit.Worlds;

/// <summary>What an item of a world is.</summary>
internal enum ItemKind
{
    File,
    Folder,
    SymbolicLink,
    HardLink,
    Fifo,
}

/// <summary>What a file copy does with an existing file.</summary>
internal enum WriteMode
{
    Replace,
    InPlace,
    Append,
}

/// <summary>An access control list with an entry for one user. Permissions are bits: 4 read, 2 write, 1 execute.</summary>
internal sealed record ItemList(ushort Owner, ushort User, ushort Group, ushort Mask, ushort Other)
{
    public const uint UserId = 4711;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"u::{Owner},u:{UserId}:{User},g::{Group},m::{Mask},o::{Other}");
}

/// <summary>An item of a world.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Its path in the world.</param>
/// <param name="Text">The content of a file, the target of a symbolic link ("/" is the world), the other name of a hard link.</param>
/// <param name="Mode">The permission bits; null for the usual ones.</param>
/// <param name="Group">The owning group.</param>
/// <param name="Access">The access list; null for none.</param>
/// <param name="Default">The default list of a folder; null for none.</param>
internal sealed record WorldItem(
    ItemKind Kind, string Path, string Text = "", uint? Mode = null, uint Group = 0, ItemList? Access = null, ItemList? Default = null)
{
    public string Folder => Path[..Path.LastIndexOf('/')];

    private string Maker => Kind switch
    {
        ItemKind.File => $"printf %s '{Text}' > {Path}",
        ItemKind.Folder => $"mkdir {Path}",
        ItemKind.SymbolicLink => $"ln -s {(Text.StartsWith('/') ? "$PWD" : string.Empty)}{Text} {Path}",
        ItemKind.HardLink => $"ln -P {Text} {Path}",
        _ => $"mkfifo {Path}",
    };

    /// <summary>The shell's commands that make it.</summary>
    public override string ToString() => new StringBuilder(Maker)
        .Append(Group != 0 ? string.Create(CultureInfo.InvariantCulture, $"; chgrp {Group} {Path}") : null)
        .Append(Access is null ? null : $"; setfacl --set {Access} {Path}")
        .Append(Default is null ? null : $"; setfacl -d --set {Default} {Path}")
        .Append(Mode is uint mode ? $"; chmod {Convert.ToString(mode, 8)} {Path}" : null)
        .ToString();
}

/// <summary>A call of Copy-ItemZeroCopy. Paths are paths in the world.</summary>
internal sealed record WorldCommand(IReadOnlyList<string> Sources, string Destination)
{
    public bool Recurse { get; init; }

    public bool FollowSymlink { get; init; }

    public bool NoClobber { get; init; }

    public WriteMode Write { get; init; }

    /// <summary>Null for the default.</summary>
    public PreserveAttributes? Preserve { get; init; }

    public int Threads { get; init; } = 1;

    public PreserveAttributes Kept => Preserve ?? PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    public override string ToString() => new StringBuilder("Copy-ItemZeroCopy ")
        .AppendJoin(',', Sources).Append(' ').Append(Destination)
        .Append(Recurse ? " -Recurse" : null)
        .Append(FollowSymlink ? " -FollowSymlink" : null)
        .Append(NoClobber ? " -NoClobber" : null)
        .Append(Write == WriteMode.Replace ? null : $" -{Write}")
        .Append(Preserve is null ? null : $" -Preserve {Preserve.ToString()!.Replace(" ", string.Empty, StringComparison.Ordinal)}")
        .Append(CultureInfo.InvariantCulture, $" -ThrottleLimit {Threads}")
        .ToString();
}

/// <summary>A few files, folders and links, and a command that copies some of them.</summary>
internal sealed record World(IReadOnlyList<WorldItem> Items, WorldCommand Command)
{
    /// <summary>Folders of every world: sources, destinations, and what is neither.</summary>
    public static readonly IReadOnlyList<string> Tops = ["s", "d", "o"];

    /// <summary>The items that can be made one after the other, with the folders that they need.</summary>
    public IReadOnlyList<WorldItem> Possible()
    {
        List<WorldItem> possible = [];
        Dictionary<string, ItemKind> kinds = Tops.ToDictionary(top => top, _ => ItemKind.Folder);
        foreach (WorldItem item in Items)
        {
            if (kinds.ContainsKey(item.Path) || !HasFolder(item.Folder)
                || (item.Kind == ItemKind.HardLink && kinds.GetValueOrDefault(item.Text, ItemKind.Folder) == ItemKind.Folder))
            {
                continue;
            }

            AddFolder(item.Folder);
            possible.Add(item);
            kinds.Add(item.Path, item.Kind);
        }

        return possible;

        bool HasFolder(string folder) => kinds.TryGetValue(folder, out ItemKind kind)
            ? kind == ItemKind.Folder
            : HasFolder(folder[..folder.LastIndexOf('/')]);

        void AddFolder(string folder)
        {
            if (kinds.TryAdd(folder, ItemKind.Folder))
            {
                AddFolder(folder[..folder.LastIndexOf('/')]);
                possible.Add(new WorldItem(ItemKind.Folder, folder));
            }
        }
    }

    /// <summary>Worlds with a part less.</summary>
    public IEnumerable<World> Smaller()
    {
        for (int i = 0; i < Items.Count; i++)
        {
            yield return this with { Items = [.. Items.Where((_, index) => index != i)] };
        }

        for (int i = 0; Command.Sources.Count > 1 && i < Command.Sources.Count; i++)
        {
            yield return this with { Command = Command with { Sources = [.. Command.Sources.Where((_, index) => index != i)] } };
        }

        for (int i = 0; i < Items.Count; i++)
        {
            WorldItem item = Items[i];
            WorldItem[] plainer =
                [item with { Access = null }, item with { Default = null }, item with { Group = 0 }, item with { Mode = null }];
            foreach (WorldItem plain in plainer.Where(plain => plain != item))
            {
                yield return this with { Items = [.. Items.Select((other, index) => index == i ? plain : other)] };
            }
        }

        WorldCommand[] simpler =
        [
            Command with { FollowSymlink = false }, Command with { NoClobber = false }, Command with { Write = WriteMode.Replace },
            Command with { Preserve = null }, Command with { Threads = 1 },
        ];
        foreach (WorldCommand simple in simpler.Where(simple => simple != Command))
        {
            yield return this with { Command = simple };
        }
    }

    /// <summary>The shell's commands that make the world, and the command.</summary>
    public override string ToString() =>
        $"mkdir {string.Join(' ', Tops)}\n{string.Join('\n', Possible())}\n{Command}";
}
