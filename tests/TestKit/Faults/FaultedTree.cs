using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.TestKit.Faults;

/// <summary>A tree of all kinds of entries and an older one, over which it is copied under faults. However a copy ends, each
/// entry is the old one or the new one, whole; what is not new has its error; and nothing else is there.</summary>
internal sealed class FaultedTree : IDisposable
{
    private readonly Workspace _folder;
    private readonly TreeListing _source;
    private readonly TreeListing _old;

    public FaultedTree(Workspace folder)
    {
        _folder = folder;
        Make("source", seed: 1);
        Make("old", seed: 2);
        _source = TreeListing.Of(folder["source"], sync: false);
        _old = TreeListing.Of(folder["old"], sync: false);
    }

    public string this[string name] => _folder[name];

    public TreeRequest Request => TreeCopies.Request(_folder["source"], _folder["copy"]) with { ThrottleLimit = 1 };

    /// <summary>A new destination: none, or one that has the older tree in it.</summary>
    public TreeRequest Prepare(TreeRequest request, bool overOld)
    {
        Command.Check("rm", "-rf", _folder["copy"]);
        if (overOld)
        {
            Command.Check("cp", "-a", _folder["old"], _folder["copy"]);
        }

        // Into a folder that is there goes what is in the source.
        return request with { Copy = request.Copy with { Source = overOld ? _folder["source/."] : _folder["source"] } };
    }

    /// <summary>The promise.</summary>
    public void Judge(FaultLedger created, TreeAnswer answer, bool overOld, string where)
    {
        SortedDictionary<ByteString, TreeEntry> now = Directory.Exists(_folder["copy"])
            ? new(TreeListing.Of(_folder["copy"], sync: false).Entries.ToDictionary())
            : [];
        string[] litter = [.. now.Keys.Select(path => path.ToString()).Where(path => path.Contains(".splice-", StringComparison.Ordinal))];
        List<string> mixed = [];
        List<string> untold = [];
        foreach ((ByteString path, TreeEntry entry) in _source.Entries)
        {
            now.TryGetValue(path, out TreeEntry? found);
            TreeEntry? old = overOld ? _old.Entries.GetValueOrDefault(path) : null;
            bool isNew = found is not null && IsSame(entry, found);
            if (!isNew && !(found is null ? old is null : old is not null && IsSame(old, found)))
            {
                mixed.Add($"{path}");
            }

            if (!isNew && answer.Error is null && !answer.Errors.Any(error => IsAbout(error.Target, $"{path}")))
            {
                untold.Add($"{path}");
            }
        }

        foreach (ByteString path in overOld ? _old.Entries.Keys.Where(path => !_source.Entries.ContainsKey(path)) : [])
        {
            Assert.True(now.ContainsKey(path), $"{where}: {path} of the old tree is gone");
        }

        created.Add(copied: mixed.Count == 0 && answer.Succeeded, oldKept: mixed.Count == 0, littered: litter.Length > 0);
        Assert.True(litter.Length == 0, $"{where}: {string.Join(' ', litter)}");
        Assert.True(mixed.Count == 0, $"{where}: neither old nor new: {string.Join(' ', mixed)}\n{answer}");
        Assert.True(untold.Count == 0, $"{where}: not copied, and not told: {string.Join(' ', untold)}\n{answer}");
        if (answer.Succeeded && answer.Warnings.Length == 0)
        {
            IReadOnlyList<string> differences = [.. _source.DifferencesTo(
                TreeListing.Of(_folder["copy"], sync: false), TreeAspects.Copied & ~TreeAspects.Allocation)
                .Where(difference => !difference.Contains("not expected", StringComparison.Ordinal))];
            Assert.True(differences.Count == 0, $"{where}: no error, no warning, and {string.Join('\n', differences)}");
        }
    }

    public void Dispose() => _folder.Dispose();

    private static bool IsSame(TreeEntry one, TreeEntry other) =>
        (one.Type, one.Hash, one.Target, one.Device) == (other.Type, other.Hash, other.Target, other.Device)
        && (one.Type != FileTypes.Regular || one.Size == other.Size);

    /// <summary>An error is about its target and all that is in it.</summary>
    private bool IsAbout(string target, string path)
    {
        foreach (string root in new[] { _folder["source/."], _folder["source"], _folder["copy/."], _folder["copy"] })
        {
            if (target.TrimEnd('/') == root || target == $"{root}/{path}" || $"{root}/{path}".StartsWith(target + "/", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private void Make(string root, int seed)
    {
        foreach (string path in new[] { "a/deep", "b", $"only{seed}" })
        {
            Directory.CreateDirectory(_folder[$"{root}/{path}"]);
        }

        foreach (string path in new[] { "file", "a/file", "a/deep/file", "b/one", "b/two", "b/three", $"only{seed}/file" })
        {
            _folder.WriteRandom($"{root}/{path}", 20_000 + seed, seed);
        }

        _folder.WriteRandom($"{root}/large", 300_000, seed);
        Files.WriteSparse(_folder[$"{root}/sparse"], 500_000 + seed, (100_000, 1000 + seed), (300_000, 1000));
        File.CreateSymbolicLink(_folder[$"{root}/a/link"], $"target{seed}");
        File.CreateSymbolicLink(_folder[$"{root}/b/link"], $"target{seed}");
        using SafeFileHandle handle = EntryCalls.OpenFolder(_folder[root]);
        EntryCalls.MakeNode(handle, "fifo", FileTypes.Fifo | 0x180);
        EntryCalls.MakeHardLink(handle, "b/one", handle, "a/hard");
        EntryCalls.MakeHardLink(handle, "b/one", handle, "second");
        EntryCalls.SetAttribute(handle, "file", "user.mark", [1, 2, (byte)seed]);
        EntryCalls.SetAttribute(handle, "b", "user.mark", [1, 2, (byte)seed]);
        if (Posix.IsRoot)
        {
            EntryCalls.ChangeOwner(handle, "a/file", 1000 + (uint)seed, 1000);
            EntryCalls.ChangeOwner(handle, "a/link", 1000 + (uint)seed, 1000);
        }
    }
}
