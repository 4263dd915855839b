using System.Runtime.InteropServices;
using Splice.Descriptors;
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

/// <summary>Makes holes in the destination where the source has them, or has zeros.</summary>
/// <param name="destination">The destination.</param>
/// <param name="inOrder">Whether it must never be longer than what has arrived.</param>
internal sealed class HoleWriter(Descriptor destination, bool inOrder = false)
{
    private bool _grown;
    private long _end;
    private bool _pastEnd;

    /// <summary>Gives the destination its final size before the first byte, where it will grow. A hole at its end is
    /// nothing but that size; and XFS hands a file that grows by writing more blocks than it needs, which would stay
    /// wherever a hole follows.</summary>
    public SysResult GrowTo(long end)
    {
        if (inOrder || destination.Kind != DescriptorKind.Regular || end <= destination.Size)
        {
            return default;
        }

        // What somebody else has added meanwhile is not touched.
        if (destination.Size > 0 && FileStatus.TryGet(destination.Handle, out FileStatus? now).Ok && now!.Size == destination.Size)
        {
            GiveBack(destination.Size, end - destination.Size);
        }

        SysResult result = LibC.Truncate(destination.Handle, end);
        _grown = result.Ok;
        _end = end;
        return result;
    }

    /// <summary>Ends the file at the place that was reached, or where it ended before: takes back what
    /// <see cref="GrowTo"/> gave past it, and gives what holes past the end were not given. What somebody else has added
    /// behind that stays.</summary>
    public SysResult EndAt(long reached)
    {
        long end = Math.Max(reached, destination.Size);
        bool isOthers = FileStatus.TryGet(destination.Handle, out FileStatus? now).Ok && now!.Size > (_grown ? _end : end);
        return (_grown || _pastEnd) && !isOthers ? LibC.Truncate(destination.Handle, end) : default;
    }

    /// <summary>Makes a range read as zeros without writing them. False: it must be written after all. Past the old end
    /// of a file there is nothing to punch, except what XFS handed out beyond it.</summary>
    public bool TryMake(long offset, long length)
    {
        if (inOrder)
        {
            return TryGrow(offset, length);
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

    /// <summary>The hole is the file's new end.</summary>
    private bool TryGrow(long offset, long length)
    {
        GiveBack(offset, length);
        return LibC.Truncate(destination.Handle, offset + length).Ok;
    }

    /// <summary>Gives back what XFS has put behind the end to write into next: once the file is longer, nobody would come back
    /// for it.</summary>
    private void GiveBack(long offset, long length) => LibC.PunchHole(destination.Handle, offset, length);
}

/// <summary>Moves the data of a file with holes, and makes the holes anew; or data of which holes are made.</summary>
internal sealed class SparseTransfer(
    Descriptor source, HoleWriter holes, StepDriver driver, TransferTally tally, CancellationToken cancellation)
{
    private ExtentSum _extents;

    /// <summary>The sum of the extents that the source had; null where it was not asked for them.</summary>
    public ulong? Extents { get; private set; }

    /// <summary>Moves <paramref name="length"/> bytes, extent by extent where the source has holes.</summary>
    /// <param name="at">Where; it moves on.</param>
    /// <param name="length">The range's length, holes included; null up to the end.</param>
    /// <param name="sized">What became of the destination's size, which is set before the first byte.</param>
    public TransferStatus Run(ref TransferCursor at, long? length, out SysResult sized)
    {
        sized = length is long known ? holes.GrowTo(at.DestinationOffset!.Value + known) : default;
        if (!sized.Ok)
        {
            return TransferStatus.Done;
        }

        try
        {
            TransferStatus end = length is long all && HasHoles(source) ? Walk(ref at, all) : driver.Run(ref at, length);
            if (end != TransferStatus.Done)
            {
                sized = holes.EndAt(at.DestinationOffset!.Value);
            }

            return end;
        }
        catch
        {
            holes.EndAt(at.DestinationOffset!.Value);
            throw;
        }
    }

    /// <summary>True if it is worth asking the source for its holes.</summary>
    public static bool HasHoles(Descriptor source) =>
        source is { Kind: DescriptorKind.Regular, IsSeekable: true, Size: > 0, Status.IsProbablySparse: true };

    private TransferStatus Walk(ref TransferCursor at, long length)
    {
        long start = at.SourceOffset!.Value;
        foreach (Extent extent in Extent.Walk(source.Handle, start, length))
        {
            cancellation.ThrowIfCancellationRequested();
            _extents.Add(extent);
            if (extent.IsHole && IsCutOff(extent, start + length))
            {
                return TransferStatus.EndOfData;
            }

            if (extent.IsHole && holes.TryMake(at.DestinationOffset!.Value, extent.Length))
            {
                at.Advance(extent.Length);
                tally.BytesInHoles += extent.Length;
                driver.Report();
            }
            else if (driver.RunExtent(ref at, extent.Length) is not TransferStatus.Done and TransferStatus end)
            {
                return end;
            }
        }

        Extents = _extents.Value;
        return TransferStatus.Done;
    }

    /// <summary>SEEK_DATA answers the same for a hole that reaches the end and for a file that ends earlier by now.</summary>
    private bool IsCutOff(Extent hole, long end) => hole.Offset + hole.Length == end
        && FileStatus.TryGet(source.Handle, out FileStatus? now).Ok && now!.Size < end;
}
