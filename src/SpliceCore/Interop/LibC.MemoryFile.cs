using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>MFD_CLOEXEC</summary>
    public const uint MemoryFileCloseOnExec = 1;

    /// <summary>Makes a file without a name in memory, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/memfd_create.2.html">memfd_create(2)</see></remarks>
    public static SysResult MemoryFile(string label, out SafeFileHandle handle)
    {
        SysResult result = SysResult.From(memfd_create(label, MemoryFileCloseOnExec));
        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}
