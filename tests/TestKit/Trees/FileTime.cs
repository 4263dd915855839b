using System.Globalization;
using Splice.Interop;

namespace Splice.TestKit.Trees;

/// <summary>A time of a file: seconds since 1970, before it too, and nanoseconds to be added to them.</summary>
internal readonly record struct FileTime(long Seconds, long Nanoseconds)
{
    public static FileTime Of(LibC.StatxTimestamp time) => new(time.Seconds, time.Nanoseconds);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seconds}.{Nanoseconds:d9}");
}
