using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>The file systems whose close(2) has nothing to tell: they write back when they want to, and fsync(2) alone
/// waits for that. Those over a network, and FUSE, may write back when a file is closed.</summary>
internal static class LocalFileSystem
{
    public const long Ext = 0xEF53;
    public const long Xfs = 0x58465342;
    public const long Btrfs = 0x9123683E;
    public const long Tmpfs = 0x01021994;

    /// <summary>Whether the file system behind a handle is one of them; false where that is not known.</summary>
    public static bool IsBehind(SafeHandle handle) =>
        LibC.FileSystemType(handle) is { Ok: true, Value: Ext or Xfs or Btrfs or Tmpfs };

    /// <summary>Whether a store through a mapping into a hole is known to change the file's modification time, as it does
    /// where the file system hears of the page's first store (page_mkwrite). Tmpfs does not.</summary>
    public static bool TimesMappedStores(SafeHandle handle) =>
        LibC.FileSystemType(handle) is { Ok: true, Value: Ext or Xfs or Btrfs };
}
