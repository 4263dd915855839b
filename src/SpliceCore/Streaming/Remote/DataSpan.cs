using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice.Streaming.Remote;

/// <summary>A range of a file that one dd(1) on a host writes: data, and holes too small to be skipped.</summary>
/// <param name="DataLength">The length without holes, in bytes.</param>
internal readonly record struct DataSpan(long Start, long End, long DataLength)
{
    public long Length => End - Start;

    /// <summary>Enumerates a range's data in order.</summary>
    /// <param name="file">The file; its file offset moves.</param>
    /// <param name="smallestHole">Returns the length of the smallest hole that separates two spans, in bytes.</param>
    public static IEnumerable<DataSpan> Walk(SafeHandle file, long start, long end, Func<long> smallestHole)
    {
        DataSpan? last = null;
        foreach (Extent extent in Extent.Walk(file, start, end - start).Where(extent => !extent.IsHole))
        {
            var next = new DataSpan(extent.Offset, extent.Offset + extent.Length, extent.Length);
            if (last is { } before && next.Start - before.End < smallestHole())
            {
                last = new DataSpan(before.Start, next.End, before.DataLength + next.DataLength);
                continue;
            }

            if (last is { } complete)
            {
                yield return complete;
            }

            last = next;
        }

        if (last is { } final)
        {
            yield return final;
        }
    }
}

/// <summary>The length of the smallest hole that is skipped, for hosts that turn zeros into holes again. The zeros take time on the line,
/// and each span a process on the host: which takes less is measured, one after the other, by how fast data arrive.</summary>
internal sealed class HoleThreshold(TimeProvider clock)
{
    // Two windows each: in the first, the pipes and sockets still have bytes of before.
    private const int Windows = 4;

    private readonly double[] _rates = new double[Windows];
    private long _since = clock.GetTimestamp();
    private long _sent;
    private long _data;
    private int _window;
    private long _best;

    /// <summary>Number of bytes.</summary>
    public long Value => _window switch
    {
        < Windows / 2 => Tuning.SmallestRemoteHole,
        < Windows => Tuning.LargestSentHole,
        _ => _best,
    };

    /// <summary>Counts a span that was sent.</summary>
    public void Add(DataSpan span)
    {
        _sent += span.Length;
        _data += span.DataLength;
        if (_window == Windows || _sent < Tuning.RemoteRateWindow)
        {
            return;
        }

        long now = clock.GetTimestamp();
        _rates[_window] = _data / clock.GetElapsedTime(_since, now).TotalSeconds;
        _window++;
        _best = _rates[^1] > _rates[(Windows / 2) - 1] ? Tuning.LargestSentHole : Tuning.SmallestRemoteHole;
        (_sent, _data, _since) = (0, 0, now);
    }
}
