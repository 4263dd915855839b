using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>A counter that poll(2) can wait for, closed on exec and never blocking.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</see></remarks>
    public static SysResult EventFd(out SafeFileHandle handle)
    {
        SysResult result = SysResult.From(eventfd(0, OpenFlags.CloseOnExec | OpenFlags.NonBlock));
        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int eventfd(uint value, int flags);
}
