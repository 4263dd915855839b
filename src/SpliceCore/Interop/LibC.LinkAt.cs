using System.Globalization;
using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Gives an open file, one without a name (O_TMPFILE) say, a name in a directory. EEXIST where the name is
    /// taken.</summary>
    /// <remarks>AT_EMPTY_PATH is for those with CAP_DAC_READ_SEARCH, or who opened the file themselves (Linux 6.10); all
    /// others get ENOENT for it, and go by way of /proc/self/fd.
    /// <see href="https://man7.org/linux/man-pages/man2/link.2.html">linkat(2)</see></remarks>
    public static unsafe SysResult LinkOpen(SafeHandle file, SafeHandle directory, FileName name)
    {
        byte empty = 0;
        fixed (byte* newPath = name)
        {
            SysResult result = SysResult.From(linkat_handle(file, &empty, directory, newPath, EmptyPath));
            return result.Errno == Errno.ENOENT
                ? SysResult.From(linkat_path(CurrentDirectory, PathOf(file), directory, newPath, SymlinkFollow))
                : result;
        }
    }

    /// <summary>Gives a file of a directory a second name in it. EEXIST where the name is taken.</summary>
    public static unsafe SysResult LinkAt(SafeHandle directory, FileName from, FileName to)
    {
        fixed (byte* oldPath = from, newPath = to)
        {
            return SysResult.From(linkat_handle(directory, oldPath, directory, newPath, 0));
        }
    }

    /// <summary>A path to what a descriptor stands for, for calls that take no descriptor, or none that was opened with
    /// O_PATH.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html">proc_pid_fd(5)</see></remarks>
    public static string PathOf(SafeHandle handle) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int linkat_path(int oldDirectory, string oldPath, SafeHandle newDirectory, byte* newPath, int flags);

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true)]
    private static unsafe partial int linkat_handle(
        SafeHandle oldDirectory, byte* oldPath, SafeHandle newDirectory, byte* newPath, int flags);
}
