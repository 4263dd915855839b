using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>Changes to a tree as its users make them: some entries change, go, come, or become of another type.</summary>
internal static class RandomChanges
{
    private const uint AnyMode = 0xFFF;
    private const uint FolderMode = 0x1C0;

    /// <summary>Changes about one entry in four.</summary>
    public static void Make(string root, Random random)
    {
        using SafeFileHandle top = EntryCalls.OpenFolder(root);
        foreach ((ByteString path, TreeEntry entry) in TreeListing.Of(root, sync: false).Entries.Reverse())
        {
            if (path != EntryCalls.Self && random.Next(4) == 0)
            {
                Change(top, path, entry, random);
            }
        }
    }

    /// <summary>Removes an entry, with all that is in it.</summary>
    public static void Remove(SafeFileHandle top, ByteString path, TreeEntry entry)
    {
        if (entry.Type != FileTypes.Folder)
        {
            EntryCalls.Remove(top, path);
            return;
        }

        using SafeFileHandle folder = EntryCalls.OpenFolder(top, path);
        foreach (ByteString name in EntryCalls.Names(folder))
        {
            Remove(folder, name, TreeEntry.Read(folder, name));
        }

        EntryCalls.RemoveFolder(top, path);
    }

    private static void Change(SafeFileHandle top, ByteString path, TreeEntry entry, Random random)
    {
        bool isLink = entry.Type == FileTypes.SymbolicLink;
        switch (random.Next(8))
        {
            case 0:
                Remove(top, path, entry);
                break;
            case 1:
                Remove(top, path, entry);
                Create(top, path, random);
                break;
            case 2 when !isLink:
                EntryCalls.ChangeMode(top, path, entry.Type == FileTypes.Folder ? FolderMode | (uint)random.Next((int)AnyMode) : (uint)random.Next((int)AnyMode));
                break;
            case 3 when Posix.IsRoot:
                EntryCalls.ChangeOwner(top, path, (uint)random.Next(2000), (uint)random.Next(2000));
                break;
            case 4 when entry.Type is FileTypes.Regular or FileTypes.Folder:
                EntryCalls.SetAttribute(top, path, "user.changed", [(byte)random.Next(256)]);
                break;
            case 5:
                EntryCalls.ChangeTimes(top, path, NextTime(random), NextTime(random));
                break;
            case 6 when entry.Type == FileTypes.Folder:
                Create(top, path / $"added{random.Next(1000)}", random);
                break;
            case 7 when entry.Type == FileTypes.Regular:
                EntryCalls.WriteFile(top, path, Workspace.RandomBytes(random.Next(1, 100_000), random.Next()));
                EntryCalls.ChangeTimes(top, path, NextTime(random), NextTime(random));
                break;
            default:
                break;
        }
    }

    private static void Create(SafeFileHandle top, ByteString path, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                EntryCalls.MakeFolder(top, path);
                EntryCalls.WriteFile(top, path / "inner", "inner"u8);
                break;
            case 1:
                EntryCalls.MakeSymbolicLink(top, path, $"target{random.Next(1000)}");
                break;
            case 2:
                EntryCalls.MakeNode(top, path, FileTypes.Fifo | 0x180);
                break;
            default:
                EntryCalls.WriteFile(top, path, Workspace.RandomBytes(random.Next(1000), random.Next()));
                EntryCalls.ChangeTimes(top, path, NextTime(random), NextTime(random));
                break;
        }
    }

    private static FileTime NextTime(Random random) => new(random.Next(1_000_000_000, 2_000_000_000), random.Next(1_000_000_000));
}
