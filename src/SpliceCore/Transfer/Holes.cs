using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>A run of data in a file, or a hole, which reads as zeros and has no blocks.</summary>
internal readonly record struct Extent(long Offset, long Length, bool IsHole)
{
    /// <summary>Returns the bytes of a range that are in holes, of its first extents only where there are very many.</summary>
    public static long CountHoles(SafeHandle file, long offset, long count) =>
        Walk(file, offset, count).Take(Tuning.CountedExtents).Sum(extent => extent.IsHole ? extent.Length : 0);

    /// <summary>Enumerates the extents of a range.</summary>
    /// <remarks>Moves the file offset.
    /// <see href="https://man7.org/linux/man-pages/man2/lseek.2.html">lseek(2)</see>, SEEK_DATA and SEEK_HOLE</remarks>
    public static IEnumerable<Extent> Walk(SafeHandle file, long offset, long count)
    {
        long end = offset + count;
        while (offset < end)
        {
            SysResult data = LibC.SeekData(file, offset);
            long dataStart = data switch
            {
                { Ok: true } => Math.Min(data.Value, end),
                { Errno: Errno.ENXIO } => end,

                _ => offset, // no holes on this file system
            };
            if (dataStart > offset)
            {
                yield return new Extent(offset, dataStart - offset, IsHole: true);
            }

            if (dataStart == end)
            {
                yield break;
            }

            SysResult hole = LibC.SeekHole(file, dataStart);
            long dataEnd = hole.Ok && hole.Value > dataStart ? Math.Min(hole.Value, end) : end;
            yield return new Extent(dataStart, dataEnd - dataStart, IsHole: false);
            offset = dataEnd;
        }
    }
}

/// <summary>A hash of the extents of a range.</summary>
internal struct ExtentSum
{
    private const ulong Prime = 0x9E3779B97F4A7C15; // 2^64 over the golden ratio

    public ulong Value { get; private set; }

    public void Add(Extent extent)
    {
        Value = (ulong.RotateLeft(Value, 25) ^ (ulong)extent.Offset) * Prime;
        Value = (ulong.RotateLeft(Value, 25) ^ (ulong)extent.Length ^ (extent.IsHole ? Prime : 0)) * Prime;
    }
}

/// <summary>Makes holes in the destination.</summary>
/// <param name="inOrder">True if it must never be longer than what has arrived.</param>
internal sealed class HoleWriter(Descriptor destination, bool inOrder = false)
{
    private bool _grown;
    private long _end;
    private bool _pastEnd;

    /// <summary>Sets the final size of a growing destination before the first byte. A hole at the end is nothing but that size; and
    /// XFS allocates more blocks than needed to a file that grows by writes, which would stay where a hole follows.</summary>
    public SysResult GrowTo(long end)
    {
        if (inOrder || destination.Kind != DescriptorKind.Regular || end <= destination.Size)
        {
            return default;
        }

        // Bytes that another process has appended are not touched.
        if (destination.Size > 0 && FileStatus.TryGet(destination.Handle, out FileStatus? now).Ok && now!.Size == destination.Size)
        {
            FreePreallocated(destination.Size, end - destination.Size);
        }

        SysResult result = LibC.Truncate(destination.Handle, end);
        _grown = result.Ok;
        _end = end;
        return result;
    }

    /// <summary>Truncates the file to the offset reached, or to its old size if that is larger, unless another process has appended
    /// to it.</summary>
    public SysResult EndAt(long reached)
    {
        long end = Math.Max(reached, destination.Size);
        bool isOthers = FileStatus.TryGet(destination.Handle, out FileStatus? now).Ok && now!.Size > (_grown ? _end : end);
        return (_grown || _pastEnd) && !isOthers ? LibC.Truncate(destination.Handle, end) : default;
    }

    /// <summary>Makes a range read as zeros without writing them. Past the old end of a file there is nothing to punch, except the
    /// blocks that XFS allocated beyond it.</summary>
    /// <returns>False if the range has to be written.</returns>
    public bool TryMake(long offset, long length)
    {
        if (inOrder)
        {
            FreePreallocated(offset, length);
            return LibC.Truncate(destination.Handle, offset + length).Ok;
        }

        long inside = Math.Clamp(destination.Size - offset, 0, length);
        if (inside == length || destination.Kind != DescriptorKind.Regular)
        {
            return LibC.PunchHole(destination.Handle, offset, length).Ok;
        }

        if (_grown)
        {
            return inside == 0 || LibC.PunchHole(destination.Handle, offset, inside).Ok;
        }

        bool made = LibC.PunchHole(destination.Handle, offset, length).Ok || inside == 0;
        _pastEnd |= made;
        return made;
    }

    /// <summary>Frees the blocks that XFS preallocated past the end: it does not once the file is longer.</summary>
    private void FreePreallocated(long offset, long length) => LibC.PunchHole(destination.Handle, offset, length);
}
