using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.TestKit;

/// <summary>Calls that only the tests make.</summary>
internal static partial class Posix
{
    private const string Library = "libc";
    private const int UnixFamily = 1; // AF_UNIX
    private const int StreamType = 1; // SOCK_STREAM
    private const uint CharacterDevice = 0x2000; // S_IFCHR

    public static bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary>The kernel's number of this thread.</summary>
    public static int ThreadId => gettid();

    public static void HardLink(Workspace workspace, string name, string link)
    {
        using SafeFileHandle folder = OpenRead(workspace.Folder);
        Assert.True(LibC.LinkAt(folder, name, link).Ok);
    }

    public static void MakeFifo(string path) => Assert.Equal(0, mkfifo(path, 0x180));

    /// <summary>Another node of /dev/null.</summary>
    public static void MakeNullDevice(string path) => Assert.Equal(0, mknod(path, CharacterDevice | 0x1B6, 0x103));

    public static (SafeFileHandle First, SafeFileHandle Second) SocketPair()
    {
        int[] pair = new int[2];
        Assert.Equal(0, socketpair(UnixFamily, StreamType | LibC.O_CLOEXEC, 0, pair));
        return (new SafeFileHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    /// <summary>Tells a socket's peer that no more will come. False where it is no socket.</summary>
    public static bool TryEndSending(SafeHandle socket) => shutdown(socket, 1) == 0;

    /// <summary>Ends a file system where it stands, without writing anything back (ext4's and XFS's ioctl). False where it knows
    /// no such thing.</summary>
    public static unsafe bool TryShutDown(SafeHandle root)
    {
        uint withoutLog = 2; // XFS_FSOP_GOING_FLAGS_NOLOGFLUSH
        return ioctl(root, 0x8004587D, &withoutLog) == 0; // _IOR('X', 125, __u32)
    }

    /// <summary>A second descriptor of what a first one has open.</summary>
    public static SafeFileHandle Duplicate(int descriptor) => new(dup(descriptor), ownsHandle: true);

    /// <summary>A terminal without a screen: what is written to the slave can be read from the master, unchanged.</summary>
    public static (SafeFileHandle Master, SafeFileHandle Slave) Terminal()
    {
        SafeFileHandle master = Open("/dev/ptmx", LibC.O_RDWR | LibC.O_NOCTTY);
        byte[] name = new byte[64];
        Assert.Equal(0, unlockpt(master));
        Assert.Equal(0, ptsname_r(master, name, (nuint)name.Length));
        string path = System.Text.Encoding.UTF8.GetString(name).TrimEnd('\0');
        SafeFileHandle slave = Open(path, LibC.O_RDWR | LibC.O_NOCTTY);
        byte[] settings = new byte[256];
        Assert.Equal(0, tcgetattr(slave, settings));
        cfmakeraw(settings);
        Assert.Equal(0, tcsetattr(slave, 0, settings));
        return (master, slave);
    }

    public static SafeFileHandle Open(string path, int flags)
    {
        SysResult result = LibC.Open(path, flags, out SafeFileHandle handle);
        Assert.True(result.Ok, string.Create(CultureInfo.InvariantCulture, $"{path}: {result.Errno}"));
        return handle;
    }

    /// <summary>A regular file to read, without the lock that .NET takes.</summary>
    public static SafeFileHandle OpenRead(string path) => Open(path, LibC.O_RDONLY);

    /// <summary>A regular file, made if it is not there, to read and write.</summary>
    public static SafeFileHandle OpenWrite(string path, int flags = 0)
    {
        File.Open(path, FileMode.OpenOrCreate).Dispose();
        return Open(path, LibC.O_RDWR | flags);
    }

    /// <summary>A pipe that blocks.</summary>
    public static (SafeFileHandle ReadEnd, SafeFileHandle WriteEnd) Pipe()
    {
        Assert.True(LibC.Pipe2(0, out SafeFileHandle readEnd, out SafeFileHandle writeEnd).Ok);
        return (readEnd, writeEnd);
    }

    [LibraryImport(Library)]
    private static partial int gettid();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mknod(string path, uint mode, ulong device);

    [LibraryImport(Library)]
    private static partial int socketpair(int domain, int type, int protocol, [Out] int[] pair);

    [LibraryImport(Library)]
    private static partial int shutdown(SafeHandle socket, int how);

    [LibraryImport(Library)]
    private static partial int dup(int descriptor);

    [LibraryImport(Library)]
    private static unsafe partial int ioctl(SafeHandle fd, nuint request, void* argument);

    [LibraryImport(Library)]
    private static partial int unlockpt(SafeHandle master);

    [LibraryImport(Library)]
    private static partial int ptsname_r(SafeHandle master, [Out] byte[] name, nuint size);

    [LibraryImport(Library)]
    private static partial int tcgetattr(SafeHandle terminal, [Out] byte[] settings);

    [LibraryImport(Library)]
    private static partial int tcsetattr(SafeHandle terminal, int when, byte[] settings);

    [LibraryImport(Library)]
    private static partial void cfmakeraw([In, Out] byte[] settings);
}
