using Splice.Descriptors;

namespace Splice;

/// <summary>What one command has made, so that none of its sources replaces what came from another. Safe to use from
/// several threads.</summary>
public sealed class CopyLedger
{
    // One number for an identity: a few bytes for each of a million files.
    private readonly HashSet<ulong> _files = [];
    private readonly HashSet<ulong> _folders = [];
    private volatile bool _mayHaveLinks;

    /// <summary>True if the command may have made symbolic links, one by one or in folders.</summary>
    internal bool MayHaveLinks => _mayHaveLinks;

    /// <summary>True if the command wrote this file: the node, or the device that it stands for.</summary>
    internal bool HasFile(FileStatus file) => Has(_files, Key(file.Identity)) || Has(_files, Key(file.Inode));

    /// <summary>Takes note of a file that the command made or wrote into.</summary>
    internal void AddFile(FileIdentity identity) => Add(_files, Key(identity));

    /// <summary>Takes note of a link or special file that the command made.</summary>
    internal void AddNode(FileIdentity identity)
    {
        _mayHaveLinks = true;
        Add(_files, Key(identity));
    }

    /// <summary>True if the command made this folder, and so everything in it.</summary>
    internal bool HasFolder(FileIdentity identity) => Has(_folders, Key(identity));

    internal void AddFolder(FileIdentity identity)
    {
        _mayHaveLinks = true;
        Add(_folders, Key(identity));
    }

    private static ulong Key(FileIdentity identity) => (identity.Inode * 0x9E3779B97F4A7C15) ^ identity.Device ^ ~identity.SpecialDevice;

    private static bool Has(HashSet<ulong> set, ulong key)
    {
        lock (set)
        {
            return set.Contains(key);
        }
    }

    private static void Add(HashSet<ulong> set, ulong key)
    {
        lock (set)
        {
            set.Add(key);
        }
    }
}
