using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int ExecuteAccess = 1; // X_OK
    public const int WriteAccess = 2; // W_OK
    public const int EffectiveAccess = 0x200; // AT_EACCESS

    /// <summary>Whether the process, with its effective ids, may run a file.</summary>
    public static SysResult MayExecute(string path) =>
        SysResult.From(faccessat(CurrentDirectory, path, ExecuteAccess, EffectiveAccess));

    /// <summary>Whether the process, with its effective ids, may write to a name in an open directory. A link is followed.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/access.2.html">faccessat(2)</see></remarks>
    public static unsafe SysResult MayWriteAt(SafeHandle directory, FileName name)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(faccessat_handle(directory, path, WriteAccess, EffectiveAccess));
        }
    }

    [LibraryImport(Library, EntryPoint = "faccessat", SetLastError = true)]
    private static unsafe partial int faccessat_handle(SafeHandle directory, byte* path, int mode, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int faccessat(int directory, string path, int mode, int flags);

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

    /// <summary>Makes a symbolic link in a directory. EEXIST where the name is taken.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/symlink.2.html">symlinkat(2)</see></remarks>
    public static unsafe SysResult SymbolicLinkAt(FileName target, SafeHandle directory, FileName name)
    {
        fixed (byte* text = target, path = name)
        {
            return SysResult.From(symlinkat(text, directory, path));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int symlinkat(byte* target, SafeHandle directory, byte* path);

    private const int LongestPath = 4096; // PATH_MAX

    /// <summary>What a symbolic link says, to the letter. EINVAL: the path is no link.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/readlink.2.html">readlink(2)</see></remarks>
    public static unsafe SysResult ReadLink(string path, out string? target)
    {
        byte* buffer = stackalloc byte[LongestPath];
        SysResult result = SysResult.From(readlink(path, buffer, LongestPath));
        target = result.Ok ? Encoding.UTF8.GetString(buffer, (int)result.Value) : null;
        return result;
    }

    /// <summary>What an open symbolic link (O_PATH, O_NOFOLLOW) says. ENOENT: it is no link.</summary>
    public static unsafe SysResult ReadLink(SafeHandle link, out FileName target)
    {
        byte empty = 0;
        byte* buffer = stackalloc byte[LongestPath];
        SysResult result = SysResult.From(readlinkat(link, &empty, buffer, LongestPath));
        target = new FileName(new ReadOnlySpan<byte>(buffer, (int)Math.Max(result.Value, 0)));
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint readlink(string path, byte* buffer, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint readlinkat(SafeHandle directory, byte* path, byte* buffer, nuint size);

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

    public const int RemoveDirectory = 0x200; // AT_REMOVEDIR

    /// <summary>Removes a file's name from a directory.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/unlink.2.html">unlinkat(2)</see></remarks>
    public static unsafe SysResult UnlinkAt(SafeHandle directory, FileName name)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(unlinkat(directory, path, 0));
        }
    }

    /// <summary>Removes an empty directory from a directory.</summary>
    public static unsafe SysResult RemoveDirectoryAt(SafeHandle directory, FileName name)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(unlinkat(directory, path, RemoveDirectory));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int unlinkat(SafeHandle directory, byte* path, int flags);

    /// <summary>Makes a directory in a directory. The umask takes its share of the mode. EEXIST where the name is taken.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mkdir.2.html">mkdirat(2)</see></remarks>
    public static unsafe SysResult MakeDirectoryAt(SafeHandle directory, FileName name, uint mode)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(mkdirat(directory, path, mode));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mkdirat(SafeHandle directory, byte* path, uint mode);

    /// <summary>Makes a FIFO, socket or device node in a directory. EEXIST where the name is taken.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="mode">The kind, and permission bits of which the umask takes its share.</param>
    /// <param name="major">A device's major number.</param>
    /// <param name="minor">A device's minor number.</param>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mknod.2.html">mknodat(2)</see></remarks>
    public static unsafe SysResult MakeNodeAt(SafeHandle directory, FileName name, uint mode, uint major, uint minor)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(mknodat(directory, path, mode, DeviceNumber(major, minor)));
        }
    }

    /// <summary>makedev(3) of 64-bit Linux: 32 bits of major and minor, interleaved.</summary>
    public static ulong DeviceNumber(ulong major, ulong minor) =>
        ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mknodat(SafeHandle directory, byte* path, uint mode, ulong device);
}

/// <summary>The name of a file in its folder as the kernel has it: bytes in no particular encoding, with a NUL at their
/// end. Text cannot stand for every name.</summary>
internal readonly struct FileName
{
    private readonly byte[] _terminated;

    /// <param name="bytes">The name, without the NUL.</param>
    public FileName(ReadOnlySpan<byte> bytes)
    {
        _terminated = new byte[bytes.Length + 1];
        bytes.CopyTo(_terminated);
    }

    /// <summary>The name, without the NUL.</summary>
    public ReadOnlySpan<byte> Bytes => _terminated.AsSpan(0, _terminated.Length - 1);

    public static implicit operator FileName(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>For the fixed statement: a C string.</summary>
    public ref readonly byte GetPinnableReference() => ref _terminated[0];

    /// <summary>For people: bytes that are no UTF-8 show as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);
}
