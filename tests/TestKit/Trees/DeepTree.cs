using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>A chain of folders whose path is longer than a path may be (PATH_MAX), with a file on some levels.</summary>
internal static class DeepTree
{
    private const int LevelsAFile = 1000;

    private static readonly ByteString FolderName = "d";
    private static readonly ByteString FileName = "file";

    /// <summary>Makes one in a new folder. The first and the last level have a file, and each 1000th between them.</summary>
    /// <param name="root">The new folder, which is level 0.</param>
    /// <param name="levels">How many folders are below it.</param>
    public static void Make(string root, int levels = 10_000)
    {
        Directory.CreateDirectory(root);
        SafeFileHandle current = EntryCalls.OpenFolder(root);
        for (int level = 0; ; level++)
        {
            if (level % LevelsAFile == 0 || level == levels)
            {
                EntryCalls.WriteFile(current, FileName, Workspace.RandomBytes(5000, seed: level + 1));
            }

            if (level == levels)
            {
                current.Dispose();
                return;
            }

            EntryCalls.MakeFolder(current, FolderName, 0x1ED);
            Enter(ref current, FolderName);
        }
    }

    /// <summary>Lists a chain. Its paths are the level's number and the name, because the whole would be long.</summary>
    public static TreeListing List(string root)
    {
        var entries = new SortedDictionary<ByteString, TreeEntry>();
        SafeFileHandle current = EntryCalls.OpenFolder(root);
        try
        {
            entries.Add(EntryCalls.Self, TreeEntry.Read(current, EntryCalls.Self));
            for (int level = 0; ; level++)
            {
                ByteString prefix = string.Create(CultureInfo.InvariantCulture, $"{level:d5}");
                List<ByteString> names = EntryCalls.Names(current);
                foreach (ByteString name in names)
                {
                    entries.Add(prefix / name, TreeEntry.Read(current, name));
                }

                ByteString[] folders = [.. names.Where(name => entries[prefix / name].Type == FileTypes.Folder)];
                if (folders.Length == 0)
                {
                    return TreeListing.Of(entries);
                }

                Enter(ref current, folders.Single());
            }
        }
        finally
        {
            current.Dispose();
        }
    }

    /// <summary>Removes a chain from its end, with one descriptor open at a time.</summary>
    public static void Remove(string root)
    {
        SafeFileHandle current = EntryCalls.OpenFolder(root);
        try
        {
            var names = new Stack<ByteString>();
            while (RemoveFiles(current) is ByteString folder)
            {
                names.Push(folder);
                Enter(ref current, folder);
            }

            while (names.TryPop(out ByteString name))
            {
                Enter(ref current, "..");
                EntryCalls.RemoveFolder(current, name);
            }
        }
        finally
        {
            current.Dispose();
        }

        Directory.Delete(root);
    }

    /// <returns>The folder that is left, if there is one.</returns>
    private static ByteString? RemoveFiles(SafeFileHandle folder)
    {
        ByteString? left = null;
        foreach (ByteString name in EntryCalls.Names(folder))
        {
            try
            {
                EntryCalls.Remove(folder, name);
            }
            catch (CallFailedException failure) when (failure.Errno == Errno.EISDIR)
            {
                left = name;
            }
        }

        return left;
    }

    private static void Enter(ref SafeFileHandle current, ByteString name)
    {
        using SafeFileHandle left = current;
        current = EntryCalls.OpenFolder(left, name);
    }
}
