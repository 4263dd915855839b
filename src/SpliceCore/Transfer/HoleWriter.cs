using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Makes holes in the destination where the source has them.</summary>
internal sealed class HoleWriter(Descriptor destination)
{
    private long _finalSize;

    /// <summary>Makes a range read as zeros without writing them. False: it must be written after all. Past the old end
    /// of a file nothing has to be punched, only the size set, once, by <see cref="SetFinalSize"/>.</summary>
    public bool TryMake(long offset, long length)
    {
        long inside = Math.Min(offset + length, destination.Size) - offset;
        if (inside > 0 && !LibC.PunchHole(destination.Handle, offset, inside).Ok)
        {
            return false;
        }

        _finalSize = offset + length;
        return true;
    }

    /// <summary>A hole at the end of a file is nothing but its size.</summary>
    public SysResult SetFinalSize(long end) => _finalSize == end && end > destination.Size
        ? LibC.Truncate(destination.Handle, end)
        : default;
}
