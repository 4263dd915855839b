using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.TestKit.Trees;

/// <summary>Calls on the entries of an open folder, which they name by bytes: File and Directory know only names that
/// are UTF-8. None follows a symbolic link. They throw <see cref="CallFailedException"/>.</summary>
internal static partial class EntryCalls
{
    /// <summary>The folder itself, as a name in it.</summary>
    public static readonly ByteString Self = ".";

    private const int OpenFolderOnly = LibC.O_RDONLY | LibC.O_NONBLOCK;
    private const int NoAccessTime = 0x40000; // O_NOATIME
    private const int RemoveFolderFlag = 0x200; // AT_REMOVEDIR
    private const uint ExchangeFlag = 2; // RENAME_EXCHANGE
    private const int KeepSize = 1; // FALLOC_FL_KEEP_SIZE
    private const int LongestValue = 65536; // XATTR_SIZE_MAX and XATTR_LIST_MAX
    private const int HeaderLength = 19; // of struct linux_dirent64

    private static readonly ByteString SecurityLabel = "security.selinux";

    private static readonly ArchitectureValue GetDents64 = new(X64: 217, Arm64: 61);

    /// <summary>Opens a folder by its path.</summary>
    public static SafeFileHandle OpenFolder(ByteString path) => OpenAt(null, path, OpenFolderOnly | LibC.O_DIRECTORY);

    /// <summary>Opens a folder in a folder; ".." is one.</summary>
    public static SafeFileHandle OpenFolder(SafeHandle folder, ByteString name) =>
        OpenAt(folder, name, OpenFolderOnly | LibC.O_DIRECTORY | LibC.O_NOFOLLOW);

    /// <summary>Opens without leaving a new access time behind, where the owner or root asks.</summary>
    public static SafeFileHandle OpenUnnoticed(SafeHandle folder, ByteString name, bool isFolder = false)
    {
        int flags = OpenFolderOnly | LibC.O_NOFOLLOW | (isFolder ? LibC.O_DIRECTORY : 0);
        SafeFileHandle? handle = TryOpenAt(folder, name, flags | NoAccessTime, out Errno errno);
        return handle ?? (errno == Errno.EPERM ? OpenAt(folder, name, flags) : throw Failure(errno, name));
    }

    /// <summary>Opens a regular file to read and write it, and makes it if need be.</summary>
    public static SafeFileHandle OpenFile(SafeHandle folder, ByteString name) =>
        OpenAt(folder, name, LibC.O_RDWR | LibC.O_CREAT | LibC.O_NOFOLLOW);

    public static void WriteFile(SafeHandle folder, ByteString name, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle file = OpenFile(folder, name);
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, content, 0);
    }

    /// <summary>Reads a regular file.</summary>
    public static byte[] ReadFile(SafeHandle folder, ByteString name)
    {
        using SafeFileHandle file = OpenUnnoticed(folder, name);
        byte[] content = new byte[RandomAccess.GetLength(file)];
        int length = 0;
        while (length < content.Length && RandomAccess.Read(file, content.AsSpan(length), length) is > 0 and int read)
        {
            length += read;
        }

        return content[..length];
    }

    public static void MakeFolder(SafeHandle folder, ByteString name, uint mode = 0x1C0) =>
        Check(mkdirat(folder, name.Terminated, mode), name);

    /// <summary>Makes an empty regular file, a FIFO, a socket or a device.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="mode">The type (S_IFMT) and the permissions.</param>
    /// <param name="major">A device's major number, up to 4095; XFS takes 511.</param>
    /// <param name="minor">A device's minor number, up to 1048575; XFS takes 18 bits.</param>
    public static void MakeNode(SafeHandle folder, ByteString name, uint mode, uint major = 0, uint minor = 0)
    {
        // makedev(3)
        ulong device = ((ulong)(major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
        Check(mknodat(folder, name.Terminated, mode, device), name);
    }

    public static void MakeSymbolicLink(SafeHandle folder, ByteString name, ByteString target) =>
        Check(symlinkat(target.Terminated, folder, name.Terminated), name);

    public static void MakeHardLink(SafeHandle folder, ByteString name, SafeHandle newFolder, ByteString newName) =>
        Check(linkat(folder, name.Terminated, newFolder, newName.Terminated, 0), newName);

    public static void Remove(SafeHandle folder, ByteString name) => Check(unlinkat(folder, name.Terminated, 0), name);

    public static void RemoveFolder(SafeHandle folder, ByteString name) =>
        Check(unlinkat(folder, name.Terminated, RemoveFolderFlag), name);

    public static void Rename(SafeHandle folder, ByteString name, ByteString newName) =>
        Check(renameat(folder, name.Terminated, folder, newName.Terminated), newName);

    /// <summary>Exchanges two entries in one step. False where one of them is missing.</summary>
    public static bool TryExchange(SafeHandle folder, ByteString name, SafeHandle otherFolder, ByteString otherName)
    {
        nint result = renameat2(
            SystemCallNumber.renameat2, folder, name.Terminated, otherFolder, otherName.Terminated, ExchangeFlag);
        Errno errno = LastErrno;
        return result == 0 || (errno is Errno.ENOENT or Errno.ENOTDIR ? false : throw Failure(errno, name));
    }

    public static void ChangeMode(SafeHandle folder, ByteString name, uint mode) =>
        Check(fchmodat(folder, name.Terminated, mode, 0), name);

    public static void ChangeOwner(SafeHandle folder, ByteString name, uint user, uint group) =>
        Check(fchownat(folder, name.Terminated, user, group, LibC.AT_SYMLINK_NOFOLLOW), name);

    public static void ChangeTimes(SafeHandle folder, ByteString name, FileTime access, FileTime modification) =>
        Check(
            utimensat(
                folder,
                name.Terminated,
                [access.Seconds, access.Nanoseconds, modification.Seconds, modification.Nanoseconds],
                LibC.AT_SYMLINK_NOFOLLOW),
            name);

    /// <summary>Blocks for a range that nothing is written to.</summary>
    public static void Preallocate(SafeHandle file, long offset, long length, bool keepSize) =>
        Check(fallocate(file, keepSize ? KeepSize : 0, offset, length), "the open file");

    public static unsafe LibC.StatxBuffer Status(SafeHandle folder, ByteString name)
    {
        LibC.StatxBuffer buffer;
        Check(
            statx(SystemCallNumber.statx, folder, name.Terminated, LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_BASIC_STATS, &buffer), name);
        return buffer;
    }

    public static ByteString LinkTarget(SafeHandle folder, ByteString name)
    {
        byte[] target = new byte[4097];
        nint length = readlinkat(folder, name.Terminated, target, (nuint)target.Length);
        Check(length, name);
        return ByteString.Of(target.AsSpan(0, (int)length));
    }

    public static void SetAttribute(SafeHandle folder, ByteString name, ByteString attribute, byte[] value) =>
        Check(lsetxattr(PathOf(folder, name), attribute.Terminated, value, (nuint)value.Length, 0), name / attribute);

    public static void RemoveAttribute(SafeHandle folder, ByteString name, ByteString attribute) =>
        Check(lremovexattr(PathOf(folder, name), attribute.Terminated), name / attribute);

    /// <summary>All extended attributes with their values; the access control lists are among them, SELinux's label is not:
    /// the system itself gives it to every file.</summary>
    public static SortedDictionary<ByteString, byte[]> Attributes(SafeHandle folder, ByteString name)
    {
        var attributes = new SortedDictionary<ByteString, byte[]>();
        byte[] path = PathOf(folder, name);
        byte[] buffer = new byte[LongestValue];
        nint length = llistxattr(path, buffer, (nuint)buffer.Length);
        if (length < 0 && LastErrno == Errno.EOPNOTSUPP)
        {
            return attributes;
        }

        Check(length, name);
        ByteString[] names = [.. Split(buffer.AsSpan(0, (int)length))];
        foreach (ByteString attribute in names.Where(attribute => attribute != SecurityLabel))
        {
            length = lgetxattr(path, attribute.Terminated, buffer, (nuint)buffer.Length);
            Check(length, name / attribute);
            attributes.Add(attribute, buffer.AsSpan(0, (int)length).ToArray());
        }

        return attributes;
    }

    /// <summary>The names in an open folder, without "." and "..", as the file system orders them.</summary>
    public static List<ByteString> Names(SafeHandle folder)
    {
        var names = new List<ByteString>();
        byte[] buffer = new byte[1 << 16];
        Check(lseek(folder, 0, 0), Self);
        while (true)
        {
            nint length = getdents64(GetDents64, folder, buffer, (nuint)buffer.Length);
            Check(length, Self);
            if (length == 0)
            {
                return names;
            }

            for (int start = 0; start < length;)
            {
                int next = start + BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(start + 16));
                ReadOnlySpan<byte> field = buffer.AsSpan((start + HeaderLength)..next);
                ReadOnlySpan<byte> name = field[..field.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    names.Add(ByteString.Of(name));
                }

                start = next;
            }
        }
    }

    /// <summary>Brings delayed allocation to its end, so that blocks can be counted.</summary>
    public static void SyncFileSystem(SafeHandle folder) => Check(syncfs(folder), Self);

    private static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    private static SafeFileHandle OpenAt(SafeHandle? folder, ByteString name, int flags) =>
        TryOpenAt(folder, name, flags, out Errno errno) ?? throw Failure(errno, name, "open");

    private static SafeFileHandle? TryOpenAt(SafeHandle? folder, ByteString name, int flags, out Errno errno)
    {
        const uint ReadWriteForOwner = 0x180;
        flags |= LibC.O_CLOEXEC;
        int descriptor = folder is null
            ? open(name.Terminated, flags, ReadWriteForOwner)
            : openat(folder, name.Terminated, flags, ReadWriteForOwner);
        errno = descriptor < 0 ? LastErrno : Errno.None;
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>The calls for extended attributes take no open folder.</summary>
    private static byte[] PathOf(SafeHandle folder, ByteString name) =>
        ((ByteString)string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{folder.DangerousGetHandle()}") / name).Terminated;

    private static List<ByteString> Split(ReadOnlySpan<byte> list)
    {
        var names = new List<ByteString>();
        while (list.Length > 0)
        {
            int end = list.IndexOf((byte)0);
            names.Add(ByteString.Of(list[..end]));
            list = list[(end + 1)..];
        }

        return names;
    }

    private static void Check(nint result, ByteString name, [CallerMemberName] string call = "")
    {
        if (result < 0)
        {
            throw Failure(LastErrno, name, call);
        }
    }

    private static CallFailedException Failure(Errno errno, ByteString name, [CallerMemberName] string call = "") =>
        new($"{call} {name}", errno);
}
