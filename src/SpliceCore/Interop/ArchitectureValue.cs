using System.Runtime.InteropServices;

namespace Splice.Interop;

/// <summary>A number of the kernel's interface that x64 and arm64 do not share.</summary>
internal readonly record struct ArchitectureValue(int X64, int Arm64)
{
    public int For(Architecture architecture) => architecture == Architecture.Arm64 ? Arm64 : X64;

    /// <summary>The one of the machine that this runs on.</summary>
    public static implicit operator int(ArchitectureValue value) => value.For(RuntimeInformation.ProcessArchitecture);
}
