using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.TestKit.Trees;

internal static partial class EntryCalls
{
    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true)]
    private static partial int open(byte[] path, int flags, nuint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int openat(SafeHandle folder, byte[] name, int flags, nuint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int mkdirat(SafeHandle folder, byte[] name, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int mknodat(SafeHandle folder, byte[] name, uint mode, ulong device);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int symlinkat(byte[] target, SafeHandle folder, byte[] name);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int linkat(SafeHandle folder, byte[] name, SafeHandle newFolder, byte[] newName, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int unlinkat(SafeHandle folder, byte[] name, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int renameat(SafeHandle folder, byte[] name, SafeHandle newFolder, byte[] newName);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint renameat2(
        nint number, SafeHandle folder, byte[] name, SafeHandle newFolder, byte[] newName, nuint flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmodat(SafeHandle folder, byte[] name, uint mode, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchownat(SafeHandle folder, byte[] name, uint user, uint group, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int utimensat(SafeHandle folder, byte[] name, long[] times, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fallocate(SafeHandle file, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint readlinkat(SafeHandle folder, byte[] name, [Out] byte[] target, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int lsetxattr(byte[] path, byte[] name, byte[] value, nuint size, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int lremovexattr(byte[] path, byte[] name);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint lgetxattr(byte[] path, byte[] name, [Out] byte[] value, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint llistxattr(byte[] path, [Out] byte[] list, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int syncfs(SafeHandle file);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint lseek(SafeHandle file, long offset, int origin);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint getdents64(nint number, SafeHandle folder, [Out] byte[] buffer, nuint size);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint statx(
        nint number, SafeHandle folder, byte[] name, nint flags, nuint mask, LibC.StatxBuffer* buffer);
}
