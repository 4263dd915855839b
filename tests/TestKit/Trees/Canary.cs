using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>A tree that nobody has any business with. It shows whether it was written to or read, and what was read from
/// it is known again wherever it arrives: by content, owner, time and extended attribute.</summary>
internal sealed class Canary
{
    private const uint Owner = 1_234_567;
    private const int Repetitions = 500;

    private static readonly byte[] Marker = "nobody may read this canary file"u8.ToArray();
    private static readonly ByteString Attribute = "user.canary";
    private static readonly FileTime Old = new(1, 0); // so old that the kernel notes any read
    private static readonly FileTime Time = new(498_765_432, 123_454_321);

    private readonly TreeListing _before;

    private Canary(string folder)
    {
        Folder = folder;
        _before = TreeListing.Of(folder);
    }

    /// <summary>Its root.</summary>
    public string Folder { get; }

    /// <summary>Makes one in a new folder, with the folders' and files' names of a tree, so that a copy that strays into it
    /// finds what it looks for.</summary>
    public static Canary Make(string folder, string tree)
    {
        Directory.CreateDirectory(folder);
        using SafeFileHandle root = EntryCalls.OpenFolder(folder);
        KeyValuePair<ByteString, TreeEntry>[] model =
            [.. TreeListing.Of(tree, sync: false).Entries.Where(entry => entry.Value.Type is FileTypes.Regular or FileTypes.Folder)];
        foreach ((ByteString path, TreeEntry entry) in model.Where(entry => entry.Key != EntryCalls.Self))
        {
            if (entry.Type == FileTypes.Folder)
            {
                EntryCalls.MakeFolder(root, path);
            }
            else
            {
                EntryCalls.WriteFile(root, path, [.. Enumerable.Repeat(Marker, Repetitions).SelectMany(marker => marker)]);
            }
        }

        foreach ((ByteString path, TreeEntry entry) in Enumerable.Reverse(model))
        {
            Mark(root, path);
        }

        return new Canary(folder);
    }

    /// <summary>What has been done to it, a line each: written, removed, added, changed, read.</summary>
    public IReadOnlyList<string> Changes() => _before.DifferencesTo(TreeListing.Of(Folder, sync: false), TreeAspects.Untouched);

    /// <summary>What has come from it into a tree that must have nothing of it, a line each.</summary>
    public static IReadOnlyList<string> TracesIn(string tree)
    {
        using SafeFileHandle root = EntryCalls.OpenFolder(tree);
        return [.. TreeListing.Of(tree, sync: false).Entries.SelectMany(entry => TracesIn(root, entry.Key, entry.Value))];
    }

    private static IEnumerable<string> TracesIn(SafeFileHandle root, ByteString path, TreeEntry entry)
    {
        if (entry.Type == FileTypes.Regular && EntryCalls.ReadFile(root, path).AsSpan().IndexOf(Marker) >= 0)
        {
            yield return $"{path}: content";
        }

        if (entry.UserId == Owner || entry.GroupId == Owner)
        {
            yield return $"{path}: owner";
        }

        if (entry.ModificationTime == Time || entry.AccessTime == Time)
        {
            yield return $"{path}: time";
        }

        if (entry.Attributes.ContainsKey(Attribute))
        {
            yield return $"{path}: attribute";
        }
    }

    private static void Mark(SafeFileHandle root, ByteString path)
    {
        if (Posix.IsRoot)
        {
            EntryCalls.ChangeOwner(root, path, Owner, Owner);
        }

        try
        {
            EntryCalls.SetAttribute(root, path, Attribute, Marker);
        }
        catch (CallFailedException failure) when (failure.Errno == Errno.EOPNOTSUPP)
        {
            // The other marks are left.
        }

        EntryCalls.ChangeTimes(root, path, Old, Time);
    }
}
