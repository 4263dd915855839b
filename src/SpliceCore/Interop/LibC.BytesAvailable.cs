using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>FIONREAD</summary>
    public const uint BytesAvailableRequest = 0x541B;

    /// <summary>The bytes that wait in a pipe or socket to be read.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/FIONREAD.2const.html">FIONREAD(2const)</see></remarks>
    public static unsafe SysResult BytesAvailable(SafeHandle handle)
    {
        int count = 0;
        SysResult result = SysResult.From(ioctl_pointer(handle, BytesAvailableRequest, &count));
        return result.Ok ? new SysResult(count, Errno.None) : result;
    }
}
