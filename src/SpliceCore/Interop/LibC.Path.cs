using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using System.Text;

namespace Splice.Interop;

internal static partial class LibC
{
    // unistd.h, stdio.h, linux/limits.h
    public const int X_OK = 1, W_OK = 2, RENAME_NOREPLACE = 1, PATH_MAX = 4096;

    /// <summary>Succeeds if the process, with its effective ids, may run a file.</summary>
    public static SysResult MayExecute(string path) => SysResult.From(faccessat(AT_FDCWD, path, X_OK, AT_EACCESS));

    /// <summary>Succeeds if the process, with its effective ids, may write to a name in an open directory. Follows a link.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/access.2.html">faccessat(2)</see></remarks>
    public static SysResult MayWriteAt(SafeHandle directory, FileName name) => SysResult.From(faccessat(directory, name, W_OK, AT_EACCESS));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int faccessat(int directory, string path, int mode, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int faccessat(SafeHandle directory, FileName path, int mode, int flags);

    /// <summary>Returns a path to an open file, for calls that take no descriptor, or none opened with O_PATH.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html">proc_pid_fd(5)</see></remarks>
    public static string PathOf(SafeHandle handle) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");

    /// <summary>Gives an open file (O_TMPFILE for example) a name in a directory. EEXIST: the name exists.</summary>
    /// <remarks>AT_EMPTY_PATH requires CAP_DAC_READ_SEARCH, or that this process opened the file (Linux 6.10), and is ENOENT otherwise.
    /// <see href="https://man7.org/linux/man-pages/man2/link.2.html">linkat(2)</see></remarks>
    public static SysResult LinkOpen(SafeHandle file, SafeHandle directory, FileName name)
    {
        SysResult result = SysResult.From(linkat(file, FileName.Empty, directory, name, AT_EMPTY_PATH));
        return result.Errno == Errno.ENOENT
            ? SysResult.From(linkat(AT_FDCWD, PathOf(file), directory, name, AT_SYMLINK_FOLLOW))
            : result;
    }

    /// <summary>Makes a hard link within a directory. EEXIST: the name exists.</summary>
    public static SysResult LinkAt(SafeHandle directory, FileName from, FileName to) => LinkAt(directory, from, directory, to);

    /// <summary>Makes a hard link in another directory. EEXIST: the name exists.</summary>
    public static SysResult LinkAt(SafeHandle directory, FileName from, SafeHandle newDirectory, FileName to) =>
        SysResult.From(linkat(directory, from, newDirectory, to, 0));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat(int oldDirectory, string oldPath, SafeHandle newDirectory, FileName newPath, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int linkat(SafeHandle oldDirectory, FileName oldPath, SafeHandle newDirectory, FileName newPath, int flags);

    /// <summary>Makes a symbolic link in a directory. EEXIST: the name exists.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/symlink.2.html">symlinkat(2)</see></remarks>
    public static SysResult SymbolicLinkAt(FileName target, SafeHandle directory, FileName name) =>
        SysResult.From(symlinkat(target, directory, name));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int symlinkat(FileName target, SafeHandle directory, FileName path);

    /// <summary>Returns the text of a symbolic link. EINVAL: not a link.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/readlink.2.html">readlink(2)</see></remarks>
    public static unsafe SysResult ReadLink(string path, out string? target)
    {
        byte* buffer = stackalloc byte[PATH_MAX];
        SysResult result = SysResult.From(readlink(path, buffer, PATH_MAX));
        target = result.Ok ? Encoding.UTF8.GetString(buffer, (int)result.Value) : null;
        return result;
    }

    /// <summary>Returns the bytes of an open symbolic link (O_PATH, O_NOFOLLOW). ENOENT: not a link.</summary>
    public static SysResult ReadLink(SafeHandle link, out FileName target) => ReadLinkAt(link, FileName.Empty, out target);

    /// <summary>Returns the bytes of a symbolic link in a directory. EINVAL: not a link.</summary>
    public static unsafe SysResult ReadLinkAt(SafeHandle directory, FileName name, out FileName target)
    {
        byte* buffer = stackalloc byte[PATH_MAX];
        SysResult result = SysResult.From(readlinkat(directory, name, buffer, PATH_MAX));
        target = new FileName(new ReadOnlySpan<byte>(buffer, (int)Math.Max(result.Value, 0)));
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint readlink(string path, byte* buffer, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint readlinkat(SafeHandle directory, FileName path, byte* buffer, nuint size);

    /// <summary>Renames within a directory, and atomically replaces the new name.</summary>
    public static SysResult RenameAt(SafeHandle directory, FileName from, FileName to) => RenameAt(directory, from, directory, to);

    /// <summary>Moves to another directory, and atomically replaces the new name.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/rename.2.html">renameat(2)</see></remarks>
    public static SysResult RenameAt(SafeHandle directory, FileName from, SafeHandle newDirectory, FileName to) =>
        SysResult.From(renameat(directory, from, newDirectory, to));

    /// <summary>Renames, also to another directory. EEXIST: the new name exists.</summary>
    public static SysResult RenameAtNoReplace(SafeHandle directory, FileName from, SafeHandle newDirectory, FileName to) =>
        SysResult.From(renameat2(SystemCallNumber.renameat2, directory, from, newDirectory, to, RENAME_NOREPLACE));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int renameat(SafeHandle oldDirectory, FileName oldPath, SafeHandle newDirectory, FileName newPath);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint renameat2(
        nint number, SafeHandle oldDirectory, FileName oldPath, SafeHandle newDirectory, FileName newPath, nuint flags);

    /// <summary>Removes a file's name from a directory.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/unlink.2.html">unlinkat(2)</see></remarks>
    public static SysResult UnlinkAt(SafeHandle directory, FileName name) => SysResult.From(unlinkat(directory, name, 0));

    /// <summary>Removes an empty directory from a directory.</summary>
    public static SysResult RemoveDirectoryAt(SafeHandle directory, FileName name) => SysResult.From(unlinkat(directory, name, AT_REMOVEDIR));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int unlinkat(SafeHandle directory, FileName path, int flags);

    /// <summary>Makes a directory in a directory; the umask applies. EEXIST: the name exists.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mkdir.2.html">mkdirat(2)</see></remarks>
    public static SysResult MakeDirectoryAt(SafeHandle directory, FileName name, uint mode) => SysResult.From(mkdirat(directory, name, mode));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int mkdirat(SafeHandle directory, FileName path, uint mode);

    /// <summary>Makes a FIFO, socket or device node in a directory: <paramref name="mode"/> has its kind and permission bits, to which the
    /// umask applies. EEXIST: the name exists.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mknod.2.html">mknodat(2)</see></remarks>
    public static SysResult MakeNodeAt(SafeHandle directory, FileName name, uint mode, uint major, uint minor) =>
        SysResult.From(mknodat(directory, name, mode, DeviceNumber(major, minor)));

    /// <summary>Returns the device number of 64-bit Linux, as makedev(3): 32 bits of major and minor, interleaved.</summary>
    public static ulong DeviceNumber(ulong major, ulong minor) =>
        ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int mknodat(SafeHandle directory, FileName path, uint mode, ulong device);

    /// <summary>Reads as many entries of an open directory as fit, as struct linux_dirent64; 0 at the end.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getdents64.2.html">getdents64(2)</see></remarks>
    public static unsafe SysResult GetDirectoryEntries(SafeHandle directory, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            SysResult result;
            do
            {
                result = SysResult.From(getdents64(SystemCallNumber.getdents64, directory, start, (nuint)buffer.Length));
            }
            while (result.Errno == Errno.EINTR);

            return result;
        }
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint getdents64(nint number, SafeHandle directory, byte* buffer, nuint size);
}

/// <summary>A file's name in its directory as the kernel has it: bytes of any encoding, and a NUL. Not every name is text.</summary>
[NativeMarshalling(typeof(FileNameMarshaller))]
internal readonly struct FileName : IEquatable<FileName>
{
    public static readonly FileName Empty = new([]);

    private readonly byte[] _terminated;

    public FileName(ReadOnlySpan<byte> bytes)
    {
        _terminated = new byte[bytes.Length + 1];
        bytes.CopyTo(_terminated);
    }

    /// <summary>The name, without the NUL.</summary>
    public ReadOnlySpan<byte> Bytes => _terminated.AsSpan(0, _terminated.Length - 1);

    public static implicit operator FileName(string text) => new(Encoding.UTF8.GetBytes(text));

    public static bool operator ==(FileName one, FileName other) => one.Equals(other);

    public static bool operator !=(FileName one, FileName other) => !one.Equals(other);

    public bool Equals(FileName other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is FileName other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Returns the first byte of the C string, for the fixed statement.</summary>
    public ref readonly byte GetPinnableReference() => ref _terminated[0];

    /// <summary>Returns the name as text for messages: bytes that are not UTF-8 show as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);
}

/// <summary>Passes a <see cref="FileName"/> to an import as a pinned C string.</summary>
[CustomMarshaller(typeof(FileName), MarshalMode.ManagedToUnmanagedIn, typeof(FileNameMarshaller))]
internal static unsafe class FileNameMarshaller
{
    public static ref readonly byte GetPinnableReference(FileName name) => ref name.GetPinnableReference();

    /// <summary>Required by the generator, which never calls it where it can pin.</summary>
    public static byte* ConvertToUnmanaged(FileName name) => throw new NotSupportedException($"'{name}' was not pinned.");
}
