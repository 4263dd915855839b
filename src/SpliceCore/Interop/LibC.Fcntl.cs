using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int GetDescriptorFlagsCommand = 1; // F_GETFD
    public const int CloseOnExecFlag = 1; // FD_CLOEXEC
    public const int GetStatusFlagsCommand = 3; // F_GETFL
    public const int SetStatusFlagsCommand = 4; // F_SETFL
    public const int DuplicateCommand = 1030; // F_DUPFD_CLOEXEC
    public const int SetPipeSizeCommand = 1031; // F_SETPIPE_SZ
    public const int GetPipeSizeCommand = 1032; // F_GETPIPE_SZ

    /// <summary>F_GETFD: whether the descriptor is closed on exec. EBADF where nothing is open.</summary>
    public static SysResult GetDescriptorFlags(int descriptor) => SysResult.From(fcntl_number(descriptor, GetDescriptorFlagsCommand, 0));

    /// <summary>F_GETFL: access mode and status flags (<see cref="OpenFlags"/>). EBADF where nothing is open.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</see></remarks>
    public static SysResult GetStatusFlags(SafeHandle handle) => SysResult.From(fcntl(handle, GetStatusFlagsCommand, 0));

    /// <summary>F_SETFL. They belong to the open file description: everyone who shares it sees the change.</summary>
    public static SysResult SetStatusFlags(SafeHandle handle, int flags) =>
        SysResult.From(fcntl(handle, SetStatusFlagsCommand, flags));

    /// <summary>F_GETPIPE_SZ: the capacity of a pipe in bytes.</summary>
    public static SysResult GetPipeSize(SafeHandle pipe) => SysResult.From(fcntl(pipe, GetPipeSizeCommand, 0));

    /// <summary>F_SETPIPE_SZ: the kernel rounds up to a power of two pages and answers what it gave.</summary>
    public static SysResult SetPipeSize(SafeHandle pipe, int size) => SysResult.From(fcntl(pipe, SetPipeSizeCommand, size));

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int fcntl_number(int fd, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(SafeHandle fd, int command, nint argument);
}
