namespace Splice.Interop;

/// <summary>Numbers for the calls made through syscall(2): not every libc that .NET runs on has a wrapper for them,
/// and glibc 2.41's copy_file_range is wrong above 2 GiB (coreutils NEWS 9.8).</summary>
internal static class SystemCallNumber
{
    public static readonly ArchitectureValue CopyFileRange = new(X64: 326, Arm64: 285);
    public static readonly ArchitectureValue GetDirectoryEntries = new(X64: 217, Arm64: 61);
    public static readonly ArchitectureValue PidFdOpen = new(X64: 434, Arm64: 434);
    public static readonly ArchitectureValue Statx = new(X64: 332, Arm64: 291);
    public static readonly ArchitectureValue RenameAt2 = new(X64: 316, Arm64: 276);
}
