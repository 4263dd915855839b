using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Makes holes in the destination where the source has them.</summary>
internal sealed class HoleWriter(Descriptor destination)
{
    private bool _grown;

    /// <summary>Gives the destination its final size before the first byte, where it will grow. A hole at its end is
    /// nothing but that size; and XFS hands a file that grows by writing more blocks than it needs, which would stay
    /// wherever a hole follows.</summary>
    public SysResult GrowTo(long end)
    {
        if (destination.Kind != DescriptorKind.Regular || end <= destination.Size)
        {
            return default;
        }

        SysResult result = LibC.Truncate(destination.Handle, end);
        _grown = result.Ok;
        return result;
    }

    /// <summary>Takes back what <see cref="GrowTo"/> gave past the place that was reached.</summary>
    public SysResult CutAt(long reached) =>
        _grown ? LibC.Truncate(destination.Handle, Math.Max(reached, destination.Size)) : default;

    /// <summary>Makes a range read as zeros without writing them. False: it must be written after all. Past the old end
    /// of a file there is nothing to punch.</summary>
    public bool TryMake(long offset, long length)
    {
        long inside = Math.Min(offset + length, destination.Size) - offset;
        return inside <= 0 || LibC.PunchHole(destination.Handle, offset, inside).Ok;
    }
}
