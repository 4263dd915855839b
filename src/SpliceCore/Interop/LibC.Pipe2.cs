using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Makes a pipe, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/pipe.2.html">pipe2(2)</see></remarks>
    public static unsafe SysResult Pipe2(int flags, out SafeFileHandle readEnd, out SafeFileHandle writeEnd)
    {
        int* ends = stackalloc int[2];
        SysResult result = SysResult.From(pipe2(ends, OpenFlags.CloseOnExec | flags));
        readEnd = new SafeFileHandle(result.Ok ? ends[0] : -1, ownsHandle: true);
        writeEnd = new SafeFileHandle(result.Ok ? ends[1] : -1, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);
}
