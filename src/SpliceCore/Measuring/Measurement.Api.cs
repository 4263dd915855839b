using System.Globalization;
using System.Text.RegularExpressions;
using Splice.Interop;
using Splice.Measuring;

namespace Splice;

/// <summary>What to measure.</summary>
public sealed record MeasurementRequest
{
    /// <summary>The folder for the test data, an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The folder for the copies, an absolute path; it may be the same.</summary>
    public required string Destination { get; init; }

    /// <summary>The bytes of the test data, and of each copy: 1 or more.</summary>
    public long Size { get; init; } = 1L << 30;

    /// <summary>What to run, each once however often it is named.</summary>
    public IReadOnlyList<MeasuredMethod> Methods { get; init; } = Enum.GetValues<MeasuredMethod>();

    /// <summary>How often each is run, after one run that is not counted: 1 or more.</summary>
    public int Iterations { get; init; } = 5;
}

/// <summary>What a measurement knows of whoever started it.</summary>
/// <param name="Progress">Called between the runs, never in one, on the measurement's own thread; may be null.</param>
/// <param name="Cancellation">Stops the measurement.</param>
public sealed record MeasurementMonitor(Action<MeasurementProgress>? Progress = null, CancellationToken Cancellation = default);

/// <summary>Progress of a measurement.</summary>
/// <param name="Method">What runs next; null while the test data are written.</param>
/// <param name="Round">Which round that is, from 1 on; 0 for the one that is not counted.</param>
/// <param name="Rounds">How many there are.</param>
/// <param name="BytesDone">The bytes that were written and copied by now.</param>
/// <param name="TotalBytes">The bytes that will be.</param>
/// <param name="Elapsed">The time since the measurement began.</param>
public readonly record struct MeasurementProgress(
    MeasuredMethod? Method, int Round, int Rounds, double BytesDone, double TotalBytes, TimeSpan Elapsed);

/// <summary>How fast a method is between two folders, or why it cannot serve there.</summary>
public sealed record MeasurementResult
{
    /// <summary>The method.</summary>
    public required MeasuredMethod Method { get; init; }

    /// <summary>True if it can serve here. Where it cannot, it was not run, and all that is measured is null.</summary>
    public required bool IsAvailable { get; init; }

    /// <summary>What the kernel said against it; <see cref="Splice.Errno.None"/> where it did not refuse or was not asked.</summary>
    public Errno Errno { get; init; }

    /// <summary>Why it can serve, or why not.</summary>
    public required string Reason { get; init; }

    /// <summary>True if it is the one that -Method Auto of the other cmdlets takes here.</summary>
    public bool IsAuto { get; init; }

    /// <summary>The folder of the test data.</summary>
    public required string Source { get; init; }

    /// <summary>The folder of the copies.</summary>
    public required string Destination { get; init; }

    /// <summary>The bytes of each copy.</summary>
    public required long Size { get; init; }

    /// <summary>The time of each run, in order. The one before the first does not count, and is not here.</summary>
    public required IReadOnlyList<TimeSpan> Times { get; init; }

    /// <summary>The median of the times.</summary>
    public TimeSpan? Median { get; init; }

    /// <summary>A quarter of the runs took less.</summary>
    public TimeSpan? FirstQuartile { get; init; }

    /// <summary>A quarter of the runs took more.</summary>
    public TimeSpan? ThirdQuartile { get; init; }

    /// <summary>How much the times spread: from the first quartile to the third.</summary>
    public TimeSpan? InterquartileRange => ThirdQuartile - FirstQuartile;

    /// <summary>Bytes a second, at the median.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>The processor time of the copying thread, user and system, for 1 GiB: the median. What the kernel does later,
    /// to write to the disk, is not in it.</summary>
    public TimeSpan? CpuPerGiB { get; init; }

    /// <summary>The system calls of a run: the median. Of the baselines, the reads and writes only, as the kernel counts them;
    /// null where it does not count.</summary>
    public long? SystemCalls { get; init; }
}

/// <summary>A measurement, and where it was made.</summary>
public sealed record MeasurementReport
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The folder of the test data.</summary>
    public required MeasuredFolder Source { get; init; }

    /// <summary>The folder of the copies.</summary>
    public required MeasuredFolder Destination { get; init; }

    /// <summary>The bytes of each copy.</summary>
    public required long Size { get; init; }

    /// <summary>How often each method was run, the run before that does not count left out.</summary>
    public required int Iterations { get; init; }

    /// <summary>The machine.</summary>
    public required MeasuredMachine Machine { get; init; }

    /// <summary>A result for each method.</summary>
    public required IReadOnlyList<MeasurementResult> Results { get; init; }
}

/// <summary>What a measurement can run: the methods of the engine, and what .NET has of its own beside them.</summary>
public enum MeasuredMethod
{
    /// <summary>Share the blocks on the disk: ioctl_ficlone(2), ioctl_ficlonerange(2).</summary>
    Reflink = TransferMethod.Reflink,

    /// <summary>copy_file_range(2).</summary>
    CopyFileRange = TransferMethod.CopyFileRange,

    /// <summary>sendfile(2).</summary>
    SendFile = TransferMethod.SendFile,

    /// <summary>splice(2), through a pipe.</summary>
    Splice = TransferMethod.Splice,

    /// <summary>read(2) and write(2).</summary>
    ReadWrite = TransferMethod.ReadWrite,

    /// <summary>A baseline: Stream.CopyTo from one FileStream to another, a loop of reads and writes.</summary>
    StreamCopyTo,

    /// <summary>A baseline: File.Copy, which is what Copy-Item calls.</summary>
    FileCopy,
}

/// <summary>A folder, and what it is on.</summary>
/// <param name="Path">The folder.</param>
/// <param name="FileSystem">The kind of its file system, "ext4" say; null where /proc does not tell.</param>
/// <param name="Device">What that is mounted from, "/dev/sda1" say; null where /proc does not tell.</param>
/// <param name="MountPoint">Where it is mounted; null where /proc does not tell.</param>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html">proc_pid_mountinfo(5)</see></remarks>
public sealed partial record MeasuredFolder(string Path, string? FileSystem, string? Device, string? MountPoint)
{
    private const int IdField = 0;
    private const int MountPointField = 4;

    internal static MeasuredFolder Of(TestFolder folder)
    {
        string? id = ProcFile.ReadField(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{folder.Handle.DangerousGetHandle()}"), "mnt_id");
        return Parse(folder.Path, id, ProcFile.ReadText("/proc/self/mountinfo")?.Split('\n') ?? []);
    }

    /// <summary>Finds a mount: a separator is between what all file systems have and the kind, device and options.</summary>
    internal static MeasuredFolder Parse(string path, string? id, IEnumerable<string> mounts)
    {
        foreach (string mount in mounts)
        {
            string[] fields = mount.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (fields[IdField] == id && separator > MountPointField && separator + 2 < fields.Length)
            {
                return new MeasuredFolder(path, fields[separator + 1], Plain(fields[separator + 2]), Plain(fields[MountPointField]));
            }
        }

        return new MeasuredFolder(path, null, null, null);
    }

    /// <summary>Blanks and backslashes are written in octal there.</summary>
    private static string Plain(string field) =>
        Octal().Replace(field, match => $"{(char)Convert.ToInt32(match.Groups[1].Value, 8)}");

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}

/// <summary>Byte counts for people.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Three digits and a binary unit, for example "1.5 MiB".</summary>
    /// <param name="bytes">A count of bytes.</param>
    /// <param name="culture">Whose point or comma it has; null for the current one's.</param>
    /// <returns>The text.</returns>
    public static string Format(double bytes, CultureInfo? culture = null)
    {
        int unit = 0;
        while (Math.Abs(bytes) >= 999.5 && unit < Units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        string format = unit == 0 || Math.Abs(bytes) >= 99.95 ? "N0" : Math.Abs(bytes) >= 9.995 ? "N1" : "N2";
        return $"{bytes.ToString(format, culture ?? CultureInfo.CurrentCulture)} {Units[unit]}";
    }
}
