using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const uint NoReplace = 1; // RENAME_NOREPLACE

    /// <summary>Renames within one directory; the new name is replaced in one step.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/rename.2.html">renameat(2)</see></remarks>
    public static unsafe SysResult RenameAt(SafeHandle directory, FileName from, FileName to)
    {
        fixed (byte* oldPath = from, newPath = to)
        {
            return SysResult.From(renameat(directory, oldPath, directory, newPath));
        }
    }

    /// <summary>Moves to another directory; the new name is replaced in one step.</summary>
    public static unsafe SysResult RenameAt(SafeHandle directory, FileName from, SafeHandle newDirectory, FileName to)
    {
        fixed (byte* oldPath = from, newPath = to)
        {
            return SysResult.From(renameat(directory, oldPath, newDirectory, newPath));
        }
    }

    /// <summary>Renames within one directory; EEXIST where the new name is taken.</summary>
    public static unsafe SysResult RenameAtNoReplace(SafeHandle directory, FileName from, FileName to)
    {
        fixed (byte* oldPath = from, newPath = to)
        {
            return SysResult.From(renameat2(SystemCallNumber.RenameAt2, directory, oldPath, directory, newPath, NoReplace));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int renameat(SafeHandle oldDirectory, byte* oldPath, SafeHandle newDirectory, byte* newPath);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint renameat2(
        nint number, SafeHandle oldDirectory, byte* oldPath, SafeHandle newDirectory, byte* newPath, nuint flags);
}
