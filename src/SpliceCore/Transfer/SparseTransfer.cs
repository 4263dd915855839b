using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Moves the data of a file with holes, and makes the holes anew; or data of which holes are made.</summary>
internal sealed class SparseTransfer(
    Descriptor source, HoleWriter holes, TransferLoop loop, TransferTally tally, CancellationToken cancellation)
{
    private ExtentSum _extents;

    /// <summary>The sum of the extents that the source had; null where it was not asked for them.</summary>
    public ulong? Extents { get; private set; }

    /// <summary>Moves <paramref name="length"/> bytes, extent by extent where the source has holes.</summary>
    /// <param name="at">Where; it moves on.</param>
    /// <param name="length">The range's length, holes included; null up to the end.</param>
    /// <param name="sized">What became of the destination's size, which is set before the first byte.</param>
    public LoopEnd Run(ref TransferCursor at, long? length, out SysResult sized)
    {
        sized = length is long known ? holes.GrowTo(at.DestinationOffset!.Value + known) : default;
        if (!sized.Ok)
        {
            return LoopEnd.Done;
        }

        try
        {
            LoopEnd end = length is long all && HasHoles(source) ? Walk(ref at, all) : loop.Run(ref at, length);
            if (end != LoopEnd.Done)
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

    /// <summary>Whether it is worth asking the source for its holes.</summary>
    public static bool HasHoles(Descriptor source) =>
        source is { Kind: DescriptorKind.Regular, IsSeekable: true, Size: > 0, Status.IsProbablySparse: true };

    private LoopEnd Walk(ref TransferCursor at, long length)
    {
        long start = at.SourceOffset!.Value;
        foreach (Extent extent in Extent.Walk(source.Handle, start, length))
        {
            cancellation.ThrowIfCancellationRequested();
            _extents.Add(extent);
            if (extent.IsHole && IsCutOff(extent, start + length))
            {
                return LoopEnd.EndOfData;
            }

            if (extent.IsHole && holes.TryMake(at.DestinationOffset!.Value, extent.Length))
            {
                at.Advance(extent.Length);
                tally.BytesInHoles += extent.Length;
                loop.Report();
            }
            else if (loop.RunPiece(ref at, extent.Length) is not LoopEnd.Done and LoopEnd end)
            {
                return end;
            }
        }

        Extents = _extents.Value;
        return LoopEnd.Done;
    }

    /// <summary>SEEK_DATA answers the same for a hole that reaches the end and for a file that ends earlier by now.</summary>
    private bool IsCutOff(Extent hole, long end) => hole.Offset + hole.Length == end
        && FileStatus.TryGet(source.Handle, out FileStatus? now).Ok && now!.Size < end;
}
