using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Entries that were copied, as they were when they were read, so that a move removes these and no others. A hash for each,
/// since there can be a million. Thread-safe.</summary>
internal sealed class CopiedSources
{
    private readonly HashSet<UInt128> _entries = [];
    private readonly Dictionary<FileIdentity, FileStatus> _linked = [];

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds an entry.</summary>
    /// <param name="folder">Its directory; default for the entry at the top.</param>
    /// <param name="status">Its status before it was copied.</param>
    public void Add(FileIdentity folder, FileName name, FileStatus status)
    {
        lock (_entries)
        {
            // A further hard link got what was read under the first name.
            if (status is { LinkCount: > 1, Kind: not DescriptorKind.Directory } && !_linked.TryAdd(status.Inode, status))
            {
                status = _linked[status.Inode];
            }

            _entries.Add(Hash(folder, name, status));
        }
    }

    /// <summary>True if the entry was copied, and has the same size and modification time as then.</summary>
    public bool Contains(FileIdentity folder, FileName name, FileStatus status)
    {
        lock (_entries)
        {
            return _entries.Contains(Hash(folder, name, status));
        }
    }

    /// <summary>The times of a directory change with each entry that is removed, and the ctime of a file with each hard link.</summary>
    private static UInt128 Hash(FileIdentity folder, FileName name, FileStatus status)
    {
        (long size, LibC.StatxTimestamp time) = status.Kind == DescriptorKind.Directory ? default : (status.Size, status.ModificationTime);
        ReadOnlySpan<long> numbers =
        [
            (long)folder.Device, (long)folder.Inode, (long)status.Inode.Device, (long)status.Inode.Inode,
            (long)status.Kind, size, time.Seconds, time.Nanoseconds,
        ];
        Span<byte> text = stackalloc byte[(numbers.Length * sizeof(long)) + name.Bytes.Length];
        MemoryMarshal.AsBytes(numbers).CopyTo(text);
        name.Bytes.CopyTo(text[(numbers.Length * sizeof(long))..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
