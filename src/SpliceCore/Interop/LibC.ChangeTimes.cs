using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets access and modification time of an open file, to the nanosecond.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/futimens.3.html">futimens(3)</see></remarks>
    public static unsafe SysResult ChangeTimes(SafeHandle file, StatxTimestamp access, StatxTimestamp modification)
    {
        TimeSpecification* times = stackalloc TimeSpecification[] { access, modification };
        return SysResult.From(futimens(file, times));
    }

    /// <summary>Sets the times of whatever is open, a symbolic link or with O_PATH included.</summary>
    /// <remarks>Linux 5.8 and later; EINVAL before.</remarks>
    public static unsafe SysResult ChangeTimesOfPath(SafeHandle handle, StatxTimestamp access, StatxTimestamp modification)
    {
        byte empty = 0;
        TimeSpecification* times = stackalloc TimeSpecification[] { access, modification };
        return SysResult.From(utimensat(handle, &empty, times, EmptyPath));
    }

    /// <summary>struct timespec of 64-bit Linux</summary>
    internal struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;

        public static implicit operator TimeSpecification(StatxTimestamp time) =>
            new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int utimensat(SafeHandle directory, byte* path, TimeSpecification* times, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int futimens(SafeHandle fd, TimeSpecification* times);
}
