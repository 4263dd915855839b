using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int RemoveDirectory = 0x200; // AT_REMOVEDIR

    /// <summary>Removes a file's name from a directory.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/unlink.2.html">unlinkat(2)</see></remarks>
    public static unsafe SysResult UnlinkAt(SafeHandle directory, FileName name)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(unlinkat(directory, path, 0));
        }
    }

    /// <summary>Removes an empty directory from a directory.</summary>
    public static unsafe SysResult RemoveDirectoryAt(SafeHandle directory, FileName name)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(unlinkat(directory, path, RemoveDirectory));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int unlinkat(SafeHandle directory, byte* path, int flags);
}
