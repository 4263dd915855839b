using Splice.Descriptors;

namespace Splice;

/// <summary>What one command has made, so that none of its sources replaces what came from another. Safe to use from
/// several threads.</summary>
public sealed class CopyLedger
{
    // One number for an identity: a few bytes for each of a million files.
    private readonly HashSet<ulong> _files = [];
    private readonly HashSet<ulong> _folders = [];

    /// <summary>Whether the command wrote this file: the node, or the device that it stands for.</summary>
    internal bool HasFile(FileStatus file) => Has(_files, file.Identity) || Has(_files, file.Inode);

    internal void AddFile(FileIdentity identity) => Add(_files, identity);

    /// <summary>Whether the command made this folder, and so everything in it.</summary>
    internal bool HasFolder(FileIdentity identity) => Has(_folders, identity);

    internal void AddFolder(FileIdentity identity) => Add(_folders, identity);

    private static ulong Key(FileIdentity identity) => (identity.Inode * 0x9E3779B97F4A7C15) ^ identity.Device ^ ~identity.SpecialDevice;

    private static bool Has(HashSet<ulong> set, FileIdentity identity)
    {
        lock (set)
        {
            return set.Contains(Key(identity));
        }
    }

    private static void Add(HashSet<ulong> set, FileIdentity identity)
    {
        lock (set)
        {
            set.Add(Key(identity));
        }
    }
}
