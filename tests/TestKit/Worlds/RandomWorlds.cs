using CsCheck;

namespace Splice.TestKit.Worlds;

/// <summary>Random small worlds. Three names and a few contents make collisions frequent.</summary>
internal static class RandomWorlds
{
    private const PreserveAttributes Usual = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    private static readonly Gen<string> Name = Gen.OneOfConst("a", "b", "c");

    private static readonly Gen<string> Below = Gen.Frequency(
        (4, Name),
        (4, Gen.Select(Name, Name, (one, two) => $"{one}/{two}")),
        (1, Gen.Select(Name, Name, Name, (one, two, three) => $"{one}/{two}/{three}")));

    private static readonly Gen<string> Path =
        Gen.Select(Gen.FrequencyConst((5, "s"), (4, "d"), (1, "o")), Below, (top, below) => $"{top}/{below}");

    private static readonly Gen<WorldItem> File = Gen.Select(
        Path,
        Gen.OneOfConst("1", "2", "33", "44", "555", ""),
        Gen.FrequencyConst<uint?>((6, null), (1, 0x180), (1, 0x1ED), (1, 0x1A0), (1, 0x9ED), (1, 0x5F8)),
        (path, content, mode) => new WorldItem(ItemKind.File, path, content, mode));

    private static readonly Gen<WorldItem> Folder = Gen.Select(
        Path,
        Gen.FrequencyConst<uint?>((4, null), (1, 0x1C0), (1, 0x1E8), (1, 0x5FD), (1, 0x3FF), (1, 0x5F8)),
        (path, mode) => new WorldItem(ItemKind.Folder, path, Mode: mode));

    // Relative to the folder that the link is in; "/" is the world.
    private static readonly Gen<WorldItem> SymbolicLink = Gen.Select(
        Path,
        Gen.Frequency((4, Name), (1, Gen.OneOfConst(".", "..")), (4, Path.Select(path => $"../{path}")), (1, Path.Select(path => $"/{path}")),
            (1, Gen.OneOfConst("../d", "/d", "../s", "../n"))),
        (path, target) => new WorldItem(ItemKind.SymbolicLink, path, ToWorld(path, target)));

    private static readonly Gen<WorldItem> HardLink =
        Gen.Select(Path, Path, (path, other) => new WorldItem(ItemKind.HardLink, path, other));

    private static readonly Gen<WorldItem> Fifo = Path.Select(path => new WorldItem(ItemKind.Fifo, path));

    private static readonly Gen<ItemList?> List = Gen.FrequencyConst<ItemList?>(
        (12, null),
        (1, new ItemList(Owner: 6, User: 6, Group: 0, Mask: 6, Other: 0)),
        (1, new ItemList(Owner: 7, User: 5, Group: 7, Mask: 4, Other: 5)),
        (1, new ItemList(Owner: 7, User: 7, Group: 5, Mask: 7, Other: 0)));

    private static readonly Gen<WorldItem> Item = Gen.Select(
        Gen.Frequency((5, File), (3, Folder), (4, SymbolicLink), (1, HardLink), (1, Fifo)),
        List,
        List,
        Gen.FrequencyConst((8, 0u), (1, 1234u)),
        (item, access, inherited, group) => item with
        {
            Access = item.Kind is ItemKind.File or ItemKind.Folder or ItemKind.Fifo ? access : null,
            Default = item.Kind == ItemKind.Folder ? inherited : null,
            Group = group,
        });

    private static readonly Gen<string> Source = Gen.Frequency(
        (6, Name.Select(name => $"s/{name}")),
        (2, Gen.Select(Name, Name, (one, two) => $"s/{one}/{two}")),
        (1, Name.Select(name => $"s/{name}/.")),
        (2, Gen.OneOfConst("s", "s/.")),
        (1, Path));

    private static readonly Gen<string> Destination = Gen.Frequency(
        (6, Gen.Const("d")),
        (4, Name.Select(name => $"d/{name}")),
        (1, Gen.Select(Name, Name, (one, two) => $"d/{one}/{two}")),
        (2, Gen.OneOfConst("n", "d/n", "o", "d/a/")),
        (1, Path));

    private static readonly Gen<PreserveAttributes?> Preserve = Gen.FrequencyConst<PreserveAttributes?>(
        (4, null),
        (4, PreserveAttributes.All),
        (1, PreserveAttributes.None),
        (1, PreserveAttributes.Acl),
        (1, Usual | PreserveAttributes.Acl),
        (1, Usual | PreserveAttributes.Ownership),
        (1, PreserveAttributes.HardLink | PreserveAttributes.Timestamps));

    private static readonly Gen<WorldCommand> Command = Gen.Select(
        Source.Array[1, 3],
        Destination,
        Gen.FrequencyConst((3, true), (1, false)),
        Gen.FrequencyConst((1, true), (4, false)),
        Gen.FrequencyConst((1, true), (8, false)),
        Gen.FrequencyConst((8, WriteMode.Replace), (1, WriteMode.InPlace), (1, WriteMode.Append)),
        Preserve,
        Gen.Int[1, 4],
        (sources, destination, recurse, follow, noClobber, write, preserve, threads) => new WorldCommand(sources, destination)
        {
            Recurse = recurse,
            FollowSymlink = recurse && follow,
            NoClobber = noClobber,
            Write = write,
            Preserve = preserve,
            Threads = threads,
        });

    public static readonly Gen<World> All = Gen.Select(Item.Array[2, 22], Command, (items, command) => new World(items, command));

    /// <summary>A path that begins in the world is one as seen from the link's folder.</summary>
    private static string ToWorld(string link, string target) => target.StartsWith("../", StringComparison.Ordinal)
        ? string.Concat(Enumerable.Repeat("../", link.Count(letter => letter == '/'))) + target[3..]
        : target;
}
