using System.Globalization;
using System.Runtime.InteropServices;

namespace Splice;

/// <summary>A machine, as a reader of its numbers wants to know it.</summary>
public sealed record MeasuredMachine
{
    private const long Kibibyte = 1024;

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What its processor calls itself; null where /proc does not tell (arm64).</summary>
    public string? Processor { get; init; }

    /// <summary>The processors that this process may use.</summary>
    public required int ProcessorCount { get; init; }

    /// <summary>Their architecture.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Its memory in bytes; null where /proc does not tell.</summary>
    public long? Memory { get; init; }

    /// <summary>The kernel's release, as uname -r prints it; null where /proc does not tell.</summary>
    public string? KernelRelease { get; init; }

    /// <summary>The distribution, or what else the system calls itself.</summary>
    public required string System { get; init; }

    /// <summary>The .NET that runs this.</summary>
    public required string Runtime { get; init; }

    /// <summary>Looks at this one.</summary>
    /// <returns>The machine.</returns>
    public static MeasuredMachine Read() => new()
    {
        Name = Environment.MachineName,
        Processor = Field("/proc/cpuinfo", "model name"),
        ProcessorCount = Environment.ProcessorCount,
        Architecture = RuntimeInformation.ProcessArchitecture,
        Memory = Kibibytes(Field("/proc/meminfo", "MemTotal")),
        KernelRelease = KernelLimits.Read().KernelRelease,
        System = RuntimeInformation.OSDescription,
        Runtime = RuntimeInformation.FrameworkDescription,
    };

    private static long? Kibibytes(string? text) =>
        long.TryParse(text?.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value * Kibibyte : null;

    /// <summary>The value of the first line with a name; null where there is none.</summary>
    private static string? Field(string path, string name)
    {
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                string[] parts = line.Split(':', 2);
                if (parts.Length == 2 && parts[0].Trim() == name)
                {
                    return parts[1].Trim();
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not there, or not for this user.
        }

        return null;
    }
}
