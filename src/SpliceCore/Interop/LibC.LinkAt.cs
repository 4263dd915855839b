using System.Globalization;
using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Gives an unnamed file (O_TMPFILE) a name in a directory. EEXIST where the name is taken.</summary>
    /// <remarks>By way of /proc/self/fd, since AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH; that is tried where /proc is
    /// not mounted. <see href="https://man7.org/linux/man-pages/man2/link.2.html">linkat(2)</see></remarks>
    public static SysResult LinkUnnamed(SafeHandle file, SafeHandle directory, string name)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}");
        SysResult result = SysResult.From(linkat_path(CurrentDirectory, path, directory, name, SymlinkFollow));
        return result.Errno == Errno.ENOENT ? SysResult.From(linkat_handle(file, "", directory, name, EmptyPath)) : result;
    }

    /// <summary>Gives a file of a directory a second name in it. EEXIST where the name is taken.</summary>
    public static SysResult LinkAt(SafeHandle directory, string from, string to) =>
        SysResult.From(linkat_handle(directory, from, directory, to, 0));

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat_path(int oldDirectory, string oldPath, SafeHandle newDirectory, string newPath, int flags);

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat_handle(
        SafeHandle oldDirectory, string oldPath, SafeHandle newDirectory, string newPath, int flags);
}
