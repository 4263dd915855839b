using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Comparing;

/// <summary>The ranges that two files have in the same blocks of the disk, by their extent maps (FIEMAP), which need not be read.</summary>
/// <remarks>Equal maps prove equal content only for extents without flags but SHARED, LAST and MERGED, after dirty pages were written,
/// and if the maps are still the same afterwards. Compressed extents (ENCODED), those without blocks yet (DELALLOC, UNWRITTEN), and those in
/// the metadata (INLINE) are read.</remarks>
internal sealed class SharedBlocks
{
    private const int ExtentsPerCall = 256;
    private const uint HarmlessFlags = LibC.FIEMAP_EXTENT_SHARED | LibC.FIEMAP_EXTENT_LAST | LibC.FIEMAP_EXTENT_MERGED;

    private readonly List<(long Start, long End)> _ranges = [];

    private SharedBlocks()
    {
    }

    public static SharedBlocks None { get; } = new();

    public bool IsEmpty => _ranges.Count == 0;

    /// <summary>Finds the shared ranges of the first bytes of two files.</summary>
    /// <param name="length">Number of bytes.</param>
    public static SharedBlocks Find(Descriptor one, Descriptor other, long length, CancellationToken cancellation)
    {
        // Dirty pages are written only where blocks may be shared: it can take long.
        if (length < Tuning.SharedBlocksFrom || !MayShare(one, other) || Intersect(one, other, length, 0, cancellation).IsEmpty)
        {
            return None;
        }

        // The ioctl cannot be interrupted while it writes: on another thread, cancellation need not wait for it.
        Task<SharedBlocks> found = Task.Run(() => Intersect(one, other, length, LibC.FIEMAP_FLAG_SYNC, cancellation), CancellationToken.None);
        found.Wait(cancellation);
        cancellation.ThrowIfCancellationRequested();
        return found.Result;
    }

    public bool IsSameAs(SharedBlocks other) => _ranges.SequenceEqual(other._ranges);

    /// <summary>Returns the number of shared bytes from an offset on; 0 if it is not in a shared range.</summary>
    /// <param name="next">Offset of the next shared range, if there is one.</param>
    public long LengthAt(long offset, out long next)
    {
        int i = _ranges.BinarySearch((offset, long.MaxValue));
        i = i < 0 ? ~i : i + 1;
        next = i < _ranges.Count ? _ranges[i].Start : long.MaxValue;
        return i > 0 && _ranges[i - 1].End > offset ? _ranges[i - 1].End - offset : 0;
    }

    /// <summary>True if both are on one file system whose extent maps are known to be right. The subvolumes of btrfs have devices of
    /// their own, but are on one mount.</summary>
    private static bool MayShare(Descriptor one, Descriptor other)
    {
        if (one.Kind != DescriptorKind.Regular || other.Kind != DescriptorKind.Regular)
        {
            return false;
        }

        FileStatus status = one.Status;
        bool isOneFileSystem = status.Inode.Device == other.Status.Inode.Device
            || (status.MountId != 0 && status.MountId == other.Status.MountId);
        FileSystemType type = isOneFileSystem ? FileSystemTypes.Of(one.Handle) : FileSystemType.Other;
        return type switch
        {
            FileSystemType.Btrfs => FileSystemTypes.Of(other.Handle) == type,
            FileSystemType.Xfs => FileSystemTypes.Of(other.Handle) == type && !IsOnRealtimeDevice(one) && !IsOnRealtimeDevice(other),
            _ => false,
        };
    }

    private static bool IsOnRealtimeDevice(Descriptor file) => LibC.IsOnRealtimeDevice(file.Handle) is not { Ok: true, Value: 0 };

    private static SharedBlocks Intersect(Descriptor one, Descriptor other, long length, uint flags, CancellationToken cancellation)
    {
        var shared = new SharedBlocks();
        using IEnumerator<LibC.MappedExtent> left = Map(one.Handle, length, flags, cancellation).GetEnumerator();
        using IEnumerator<LibC.MappedExtent> right = Map(other.Handle, length, flags, cancellation).GetEnumerator();
        bool more = left.MoveNext() && right.MoveNext();
        while (more)
        {
            LibC.MappedExtent a = left.Current;
            LibC.MappedExtent b = right.Current;
            if (IsProof(a) && IsProof(b) && a.Physical - a.Logical == b.Physical - b.Logical)
            {
                shared.Add(Math.Max(a.Logical, b.Logical), Math.Min(length, Math.Min(EndOf(a), EndOf(b))));
            }

            more = EndOf(a) <= EndOf(b) ? left.MoveNext() : right.MoveNext();
        }

        return shared;
    }

    private static bool IsProof(in LibC.MappedExtent extent) =>
        (extent.Flags & LibC.FIEMAP_EXTENT_SHARED) != 0 && (extent.Flags & ~HarmlessFlags) == 0;

    private static long EndOf(in LibC.MappedExtent extent) => extent.Logical + extent.Length;

    /// <summary>Enumerates extents up to a length, an error or the cancellation.</summary>
    private static IEnumerable<LibC.MappedExtent> Map(SafeHandle file, long length, uint flags, CancellationToken cancellation)
    {
        var extents = new LibC.MappedExtent[ExtentsPerCall];
        long offset = 0;
        while (offset < length && !cancellation.IsCancellationRequested)
        {
            long count = LibC.MapExtents(file, offset, flags, extents).Value;
            for (int i = 0; i < count; i++)
            {
                yield return extents[i];
            }

            if (count <= 0 || EndOf(extents[count - 1]) <= offset || (extents[count - 1].Flags & LibC.FIEMAP_EXTENT_LAST) != 0)
            {
                yield break;
            }

            offset = EndOf(extents[count - 1]);
        }
    }

    private void Add(long start, long end)
    {
        if (start >= end)
        {
            return;
        }

        if (_ranges.Count > 0 && _ranges[^1].End >= start)
        {
            _ranges[^1] = (_ranges[^1].Start, end);
        }
        else
        {
            _ranges.Add((start, end));
        }
    }
}
