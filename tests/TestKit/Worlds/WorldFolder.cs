using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Worlds;

/// <summary>A world on disk.</summary>
internal sealed class WorldFolder : IDisposable
{
    // A link that goes up to the world's top goes further up where it is copied to: still into the workspace.
    private const string Below = "w/w/w";

    private const uint UsualFolderMode = 0x1ED; // 0755
    private const uint UsualFileMode = 0x1A4; // 0644
    private const long FirstTime = 1_000_000_000; // seconds since 1970

    private readonly Workspace _workspace = Workspace.InMemory();

    public WorldFolder(World world)
    {
        Directory.CreateDirectory(Root);
        foreach (string top in World.Tops)
        {
            Directory.CreateDirectory(PathOf(top));
        }

        using SafeFileHandle root = EntryCalls.OpenFolder(Root);
        IReadOnlyList<WorldItem> items = world.Possible();
        foreach (WorldItem item in items)
        {
            Make(root, item);
        }

        // Each entry changes its folder's times, and inherits its lists.
        for (int i = items.Count - 1; i >= 0; i--)
        {
            Finish(root, items[i], new FileTime(FirstTime + i, 5));
        }
    }

    public string Root => _workspace[Below];

    /// <summary>The absolute path of a path in the world.</summary>
    public string PathOf(string path) => $"{Root}/{path}";

    public WorldState Look() => new(_workspace.Folder, Below);

    public void Dispose() => _workspace.Dispose();

    private void Make(SafeFileHandle root, WorldItem item)
    {
        switch (item.Kind)
        {
            case ItemKind.File:
                EntryCalls.WriteFile(root, item.Path, System.Text.Encoding.ASCII.GetBytes(item.Text));
                break;
            case ItemKind.Folder:
                EntryCalls.MakeFolder(root, item.Path);
                break;
            case ItemKind.SymbolicLink:
                EntryCalls.MakeSymbolicLink(root, item.Path, item.Text.StartsWith('/') ? Root + item.Text : item.Text);
                break;
            case ItemKind.HardLink:
                EntryCalls.MakeHardLink(root, item.Text, root, item.Path);
                break;
            default:
                EntryCalls.MakeNode(root, item.Path, FileTypes.Fifo | UsualFileMode);
                break;
        }
    }

    private static void Finish(SafeFileHandle root, WorldItem item, FileTime time)
    {
        if (item.Kind == ItemKind.HardLink)
        {
            return;
        }

        if (item.Group != 0)
        {
            EntryCalls.ChangeOwner(root, item.Path, 0, item.Group);
        }

        if (item.Access is not null)
        {
            EntryCalls.SetAttribute(root, item.Path, AccessList.Access, Bytes(item.Access));
        }

        if (item.Default is not null)
        {
            EntryCalls.SetAttribute(root, item.Path, AccessList.Default, Bytes(item.Default));
        }

        if (item.Kind != ItemKind.SymbolicLink && (item.Mode.HasValue || item.Access is null))
        {
            EntryCalls.ChangeMode(root, item.Path, item.Mode ?? (item.Kind == ItemKind.Folder ? UsualFolderMode : UsualFileMode));
        }

        EntryCalls.ChangeTimes(root, item.Path, time, time);
    }

    private static byte[] Bytes(ItemList list) =>
        AccessList.WithUser(ItemList.UserId, list.Owner, list.User, list.Group, list.Mask, list.Other);
}
