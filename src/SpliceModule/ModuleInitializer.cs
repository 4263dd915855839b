using System.Management.Automation;
using System.Runtime.InteropServices;

namespace Splice;

/// <summary>Runs when the module is imported.</summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    /// <summary>Refuses systems whose kernel or constants the module does not know, and loads the core, so that its
    /// types (<c>[Splice.SpliceFlags]</c>) have names from the start.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux on x64 or arm64.</exception>
    public void OnImport()
    {
        if (!OperatingSystem.IsLinux()
            || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                $"Splice works on Linux on x64 and arm64 only; this is {RuntimeInformation.OSDescription} on {RuntimeInformation.ProcessArchitecture}.");
        }

        GC.KeepAlive(typeof(TransferResult));
    }
}
