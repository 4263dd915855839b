using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>BLKGETSIZE64: _IOR(0x12, 114, size_t)</summary>
    public const uint BlockDeviceSizeRequest = 0x80081272;

    /// <summary>The size of a block device in bytes (linux/fs.h, BLKGETSIZE64).</summary>
    public static unsafe SysResult BlockDeviceSize(SafeHandle device)
    {
        ulong size = 0;
        SysResult result = SysResult.From(ioctl_pointer(device, BlockDeviceSizeRequest, &size));
        return result.Ok ? new SysResult((long)size, Errno.None) : result;
    }
}
