using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets user and group of an open file.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/chown.2.html">fchown(2)</see></remarks>
    public static SysResult ChangeOwner(SafeHandle file, uint userId, uint groupId) =>
        SysResult.From(fchown(file, userId, groupId));

    /// <summary>Sets user and group of whatever is open, a symbolic link or with O_PATH included.</summary>
    public static unsafe SysResult ChangeOwnerOfPath(SafeHandle handle, uint userId, uint groupId)
    {
        byte empty = 0;
        return SysResult.From(fchownat(handle, &empty, userId, groupId, EmptyPath));
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fchownat(SafeHandle directory, byte* path, uint userId, uint groupId, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchown(SafeHandle fd, uint userId, uint groupId);
}
