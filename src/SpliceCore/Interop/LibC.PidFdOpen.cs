using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>A descriptor that poll(2) finds readable once the process has ended, closed on exec. ENOSYS: Linux before
    /// 5.3.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2)</see></remarks>
    public static SysResult PidFdOpen(int process, out SafeFileHandle handle)
    {
        SysResult result = SysResult.From(pidfd_open(SystemCallNumber.PidFdOpen, process, 0));
        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint pidfd_open(nint number, nint process, nint flags);
}
