using System.Globalization;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>What proves that a file still has the data that an earlier copy wrote. A device can go away and come back without a
/// reboot (USB, iSCSI, a loop device), so that the boot proves nothing of it.</summary>
internal static class DataProof
{
    private const string Label = "btime ";
    private const int Tolerance = 2; // seconds: the kernel counts back from a clock that is being adjusted

    /// <summary>Whether lost data would show as holes, so that the file's extents prove the rest. Otherwise only its bytes do.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fileSystem">Its file system.</param>
    /// <param name="bootTime">When the system was started; null where that is not known.</param>
    /// <param name="written">When the file was written last.</param>
    public static bool IsByExtents(FileStatus file, FileSystemType fileSystem, long? bootTime, LibC.StatxTimestamp written) =>
        IsSince(bootTime, written) && (fileSystem.ShowsLostDataAsHoles() || !file.IsOnBlockDevice);

    /// <summary>Finds when the system was started, in seconds since 1970; null where it does not say it.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_stat.5.html">proc_stat(5)</see></remarks>
    public static long? FindBootTime()
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

    /// <summary>Whether a time is after the start of the system. Where the clock leaves doubts it is not.</summary>
    private static bool IsSince(long? bootTime, LibC.StatxTimestamp time) =>
        bootTime is long boot && time.Seconds > boot + Tolerance && time.Seconds <= DateTimeOffset.UtcNow.ToUnixTimeSeconds() + Tolerance;
}
