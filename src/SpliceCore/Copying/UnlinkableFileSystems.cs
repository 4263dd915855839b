using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Splice.Descriptors;

namespace Splice.Copying;

/// <summary>The file systems on which a file without a name (O_TMPFILE) could not be given one (linkat(2)): overlays, FUSE, and
/// what a security module refuses. New files get a temporary name there from the start.</summary>
internal static class UnlinkableFileSystems
{
    private static readonly ConcurrentDictionary<ulong, bool> Devices = new();
    private static volatile bool _isKnown;

    /// <summary>Whether linkat(2) refused the file, and not the name.</summary>
    public static bool IsRefusal(Errno errno) => errno
        is Errno.EXDEV or Errno.EPERM or Errno.EACCES or Errno.EOPNOTSUPP or Errno.ENOENT or Errno.ENOSYS or Errno.EINVAL;

    /// <summary>Whether a folder is on one.</summary>
    public static bool Contains(SafeHandle folder) =>
        _isKnown && FileStatus.TryGet(folder, out FileStatus? status).Ok && Devices.ContainsKey(status!.Inode.Device);

    /// <summary>Takes note of the file system of a folder.</summary>
    public static void Add(SafeHandle folder)
    {
        if (FileStatus.TryGet(folder, out FileStatus? status).Ok)
        {
            Devices.TryAdd(status!.Inode.Device, true);
            _isKnown = true;
        }
    }
}
