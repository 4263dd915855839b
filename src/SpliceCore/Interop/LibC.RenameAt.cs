using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const uint NoReplace = 1; // RENAME_NOREPLACE

    /// <summary>Renames within one directory; the new name is replaced in one step.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/rename.2.html">renameat(2)</see></remarks>
    public static SysResult RenameAt(SafeHandle directory, string from, string to) =>
        SysResult.From(renameat(directory, from, directory, to));

    /// <summary>Renames within one directory; EEXIST where the new name is taken.</summary>
    public static SysResult RenameAtNoReplace(SafeHandle directory, string from, string to) =>
        SysResult.From(renameat2(SystemCallNumber.RenameAt2, directory, from, directory, to, NoReplace));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat(SafeHandle oldDirectory, string oldPath, SafeHandle newDirectory, string newPath);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint renameat2(
        nint number, SafeHandle oldDirectory, string oldPath, SafeHandle newDirectory, string newPath, nuint flags);
}
