using System.Globalization;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>When the system was started.</summary>
internal static class BootTime
{
    private const string Label = "btime ";
    private const int Tolerance = 2; // seconds: the kernel counts back from a clock that is being adjusted

    /// <summary>Whether what was written at a time has been in the cache ever since, or on the disk. Where the clock leaves
    /// doubts it has not.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_stat.5.html">proc_stat(5)</see></remarks>
    public static bool Precedes(LibC.StatxTimestamp time) => Precedes(Find(), time);

    /// <summary>The same of a boot time that was found before.</summary>
    public static bool Precedes(long? bootTime, LibC.StatxTimestamp time) =>
        bootTime is long boot && time.Seconds > boot + Tolerance && time.Seconds <= DateTimeOffset.UtcNow.ToUnixTimeSeconds() + Tolerance;

    /// <summary>Finds it, in seconds since 1970; null where the system does not say it.</summary>
    public static long? Find()
    {
        try
        {
            string? line = File.ReadLines("/proc/stat").FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal));
            return long.TryParse(line.AsSpan(Math.Min(Label.Length, line?.Length ?? 0)), CultureInfo.InvariantCulture, out long seconds)
                ? seconds
                : null;
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
