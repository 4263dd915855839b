using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>The mount points of this process.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html">proc_pid_mountinfo(5)</see></remarks>
internal static class MountTable
{
    private const int MountPointField = 4;

    /// <summary>True if statx(2) reports which directories are mount points (STATX_ATTR_MOUNT_ROOT), as it does since Linux 5.8. Only tests
    /// set it.</summary>
    public static bool IsInStatus { get; set; } = OperatingSystem.IsOSPlatformVersionAtLeast("linux", 5, 8);

    /// <summary>Returns the path of a mount point inside a directory, as the kernel escapes it; null if there is none.</summary>
    /// <param name="orAt">True to return the directory's own path if it is a mount point.</param>
    public static string? FindBelow(SafeHandle directory, bool orAt = false)
    {
        if (!LibC.ReadLink(LibC.PathOf(directory), out string? path).Ok)
        {
            return null;
        }

        string above = path!.TrimEnd('/').Replace(@"\", @"\134").Replace(" ", @"\040").Replace("\t", @"\011").Replace("\n", @"\012") + "/";
        return (ProcFile.ReadText("/proc/self/mountinfo") ?? string.Empty).Split('\n')
            .Select(line => line.Split(' ').ElementAtOrDefault(MountPointField))
            .FirstOrDefault(mount => mount?.StartsWith(above, StringComparison.Ordinal) == true || (orAt && $"{mount}/" == above));
    }
}
