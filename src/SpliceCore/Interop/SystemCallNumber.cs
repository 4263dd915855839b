using System.Runtime.InteropServices;

namespace Splice.Interop;

/// <summary>Numbers for the calls made through syscall(2): not every libc that .NET runs on has a wrapper for them,
/// and glibc 2.41's copy_file_range is wrong above 2 GiB (coreutils NEWS 9.8).</summary>
internal static class SystemCallNumber
{
    public static readonly nint CopyFileRange = OnArm64 ? 285 : 326;
    public static readonly nint Statx = OnArm64 ? 291 : 332;
    public static readonly nint RenameAt2 = OnArm64 ? 276 : 316;

    private static bool OnArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
}
