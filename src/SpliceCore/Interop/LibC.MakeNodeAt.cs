using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Makes a FIFO, socket or device node in a directory. EEXIST where the name is taken.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="mode">The kind, and permission bits of which the umask takes its share.</param>
    /// <param name="major">A device's major number.</param>
    /// <param name="minor">A device's minor number.</param>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mknod.2.html">mknodat(2)</see></remarks>
    public static unsafe SysResult MakeNodeAt(SafeHandle directory, FileName name, uint mode, uint major, uint minor)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(mknodat(directory, path, mode, DeviceNumber(major, minor)));
        }
    }

    /// <summary>makedev(3) of 64-bit Linux: 32 bits of major and minor, interleaved.</summary>
    public static ulong DeviceNumber(ulong major, ulong minor) =>
        ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mknodat(SafeHandle directory, byte* path, uint mode, ulong device);
}
