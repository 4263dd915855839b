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
        Check(OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture, RuntimeInformation.OSDescription);
        GC.KeepAlive(typeof(TransferResult));
    }

    internal static void Check(bool isLinux, Architecture architecture, string system)
    {
        if (!isLinux || architecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                $"Splice works on Linux on x64 and arm64; this is {system} on {architecture}. Nothing was imported.");
        }
    }
}
