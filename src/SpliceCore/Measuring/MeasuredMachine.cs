using System.Runtime.InteropServices;
using Splice.Interop;

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
        Processor = ProcFile.ReadField("/proc/cpuinfo", "model name"),
        ProcessorCount = Environment.ProcessorCount,
        Architecture = RuntimeInformation.ProcessArchitecture,
        Memory = ProcFile.ReadNumber("/proc/meminfo", "MemTotal") * Kibibyte,
        KernelRelease = KernelLimits.Read().KernelRelease,
        System = RuntimeInformation.OSDescription,
        Runtime = RuntimeInformation.FrameworkDescription,
    };
}
