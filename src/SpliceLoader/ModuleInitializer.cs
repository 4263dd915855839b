using System.Management.Automation;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Splice;

/// <summary>Loads the assemblies of the module, before PowerShell looks for its cmdlets.</summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    private static readonly string[] Names = ["SpliceCore.dll", "SpliceModule.dll"];

    /// <summary>Throws on a system that is not supported. Otherwise loads the images for the processor: PowerShell then loads the same
    /// assemblies, by the paths of their IL, and gets the images.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux with glibc on x64 or arm64.</exception>
    public void OnImport()
    {
        Check(
            OperatingSystem.IsLinux(), RuntimeInformation.RuntimeIdentifier, RuntimeInformation.ProcessArchitecture, RuntimeInformation.OSDescription);
        string folder = Path.GetDirectoryName(typeof(ModuleInitializer).Assembly.Location)!;
        string images = Path.Join(folder, RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64");
        foreach (string name in Names)
        {
            // A build on another processor has IL only.
            string image = Path.Join(images, name);
            Assembly.LoadFrom(File.Exists(image) ? image : Path.Join(folder, name));
        }
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
