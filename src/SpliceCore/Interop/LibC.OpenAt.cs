using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Opens a path, closed on exec.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/open.2.html">openat(2)</see></remarks>
    public static SysResult Open(string path, int flags, out SafeFileHandle handle)
    {
        SysResult result;
        do
        {
            result = SysResult.From(openat_path(CurrentDirectory, path, flags | OpenFlags.CloseOnExec, 0));
        }
        while (result.Errno == Errno.EINTR);

        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    /// <summary>Opens a name in an open directory, closed on exec. <paramref name="mode"/> is for a new file, and the
    /// process's umask takes its share of it.</summary>
    public static unsafe SysResult OpenAt(SafeHandle directory, FileName name, int flags, uint mode, out SafeFileHandle handle)
    {
        fixed (byte* path = name)
        {
            SysResult result;
            do
            {
                result = SysResult.From(openat(directory, path, flags | OpenFlags.CloseOnExec, mode));
            }
            while (result.Errno == Errno.EINTR);

            handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
            return result;
        }
    }

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat_path(int directory, string path, int flags, nuint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int openat(SafeHandle directory, byte* path, int flags, nuint mode);
}
