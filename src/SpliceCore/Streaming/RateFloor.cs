using Splice.Descriptors;

namespace Splice.Streaming;

/// <summary>Finds that a destination is too slow for the others of a stream, which wait for it. Streams that follow each other can share
/// it.</summary>
/// <param name="bytesPerSecond">The lowest rate, in bytes per second.</param>
internal sealed class RateFloor(long bytesPerSecond)
{
    private TimeSpan _waited;
    private long _bytes;

    public long BytesPerSecond => bytesPerSecond;

    /// <summary>Time that the others still wait before the rate counts.</summary>
    public TimeSpan TimeLeft => Tuning.RateFloorWindow - _waited;

    /// <summary>Counts the bytes of a stream that has ended.</summary>
    public void Add(long bytes) => _bytes += bytes;

    /// <summary>Counts time in which the others waited.</summary>
    /// <param name="waited">The time since the last call.</param>
    /// <param name="copied">The bytes that this stream has copied so far.</param>
    /// <returns>True if the destination is too slow.</returns>
    public bool IsMissed(TimeSpan waited, long copied)
    {
        _waited += waited;
        if (TimeLeft > TimeSpan.Zero)
        {
            return false;
        }

        bool isMissed = _bytes + copied < bytesPerSecond * _waited.TotalSeconds;
        (_bytes, _waited) = (-copied, TimeSpan.Zero);
        return isMissed;
    }
}
