using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Splice.Interop;
using Splice.Measuring;

namespace Splice;

/// <summary>The machine of a measurement.</summary>
public sealed record MeasuredMachine
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The model name of its processor; null if unknown (arm64).</summary>
    public string? Processor { get; init; }

    /// <summary>Number of processors that the process may use.</summary>
    public required int ProcessorCount { get; init; }

    /// <summary>The architecture of the processors.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Its memory in bytes; null if unknown.</summary>
    public long? Memory { get; init; }

    /// <summary>The release of the kernel (uname -r); null if unknown.</summary>
    public string? KernelRelease { get; init; }

    /// <summary>The name of the distribution or system.</summary>
    public required string System { get; init; }

    /// <summary>The .NET runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>Reads the properties of this machine.</summary>
    /// <returns>The machine.</returns>
    public static MeasuredMachine Read() => new()
    {
        Name = Environment.MachineName,
        Processor = ProcFile.ReadField("/proc/cpuinfo", "model name"),
        ProcessorCount = Environment.ProcessorCount,
        Architecture = RuntimeInformation.ProcessArchitecture,
        Memory = ProcFile.ReadNumber("/proc/meminfo", "MemTotal") * 1024,
        KernelRelease = KernelLimits.Read().KernelRelease,
        System = RuntimeInformation.OSDescription,
        Runtime = RuntimeInformation.FrameworkDescription,
    };
}

/// <summary>A folder and its file system.</summary>
/// <param name="Path">The folder.</param>
/// <param name="FileSystem">The type of the file system, such as "ext4"; null if unknown.</param>
/// <param name="Device">The device that it is mounted from, such as "/dev/sda1"; null if unknown.</param>
/// <param name="MountPoint">The mount point; null if unknown.</param>
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

    /// <summary>Finds a mount by its id. Type, device and options are behind a separator ("-").</summary>
    internal static MeasuredFolder Parse(string path, string? id, IEnumerable<string> mounts)
    {
        foreach (string mount in mounts)
        {
            string[] fields = mount.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (fields[IdField] == id && separator > MountPointField && separator + 2 < fields.Length)
            {
                return new MeasuredFolder(path, fields[separator + 1], Unescape(fields[separator + 2]), Unescape(fields[MountPointField]));
            }
        }

        return new MeasuredFolder(path, null, null, null);
    }

    /// <summary>Blanks and backslashes are in octal there.</summary>
    private static string Unescape(string field) =>
        Octal().Replace(field, match => $"{(char)Convert.ToInt32(match.Groups[1].Value, 8)}");

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
