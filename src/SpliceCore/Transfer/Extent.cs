using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>A stretch of a file: data, or a hole that reads as zeros and has no blocks.</summary>
internal readonly record struct Extent(long Offset, long Length, bool IsHole)
{
    /// <summary>Walks a range's extents one after the other, in one pass and without keeping them.</summary>
    /// <remarks>Moves the file offset: whoever lends the handle wants it put back.
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

                // A file system that does not know holes has none.
                _ => offset,
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

/// <summary>A number that stands for the extents of a range: the same extents, the same number.</summary>
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
