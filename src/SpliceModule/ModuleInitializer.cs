using System.Management.Automation;
using System.Runtime.InteropServices;

namespace Splice;

/// <summary>Runs when the module is imported.</summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    /// <summary>Throws on a system that is not supported, and loads the core, so that its types
    /// (<c>[Splice.SpliceFlags]</c>) have names from the start.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux with glibc on x64 or arm64.</exception>
    public void OnImport()
    {
        Check(
            OperatingSystem.IsLinux(), RuntimeInformation.RuntimeIdentifier, RuntimeInformation.ProcessArchitecture, RuntimeInformation.OSDescription);
        GC.KeepAlive(typeof(TransferResult));
    }

    // The constants and structures of other C libraries and architectures are different. The identifier of the runtime names the
    // C library that .NET was built for, if that is not glibc.
    internal static void Check(bool isLinux, string runtime, Architecture architecture, string system)
    {
        bool hasGlibc = !runtime.Contains("musl", StringComparison.Ordinal) && !runtime.Contains("bionic", StringComparison.Ordinal)
            && !runtime.StartsWith("alpine", StringComparison.Ordinal);
        if (!isLinux || !hasGlibc || architecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                $"Splice works on Linux with glibc on x64 and arm64; this is {system} ({runtime}) on {architecture}. Nothing was imported.");
        }
    }
}
