using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sets access and modification time of an open file, to the nanosecond.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/futimens.3.html">futimens(3)</see></remarks>
    public static unsafe SysResult ChangeTimes(SafeHandle file, StatxTimestamp access, StatxTimestamp modification)
    {
        TimeSpecification* times = stackalloc TimeSpecification[2];
        times[0] = new TimeSpecification { Seconds = access.Seconds, Nanoseconds = access.Nanoseconds };
        times[1] = new TimeSpecification { Seconds = modification.Seconds, Nanoseconds = modification.Nanoseconds };
        return SysResult.From(futimens(file, times));
    }

    /// <summary>struct timespec of 64-bit Linux</summary>
    internal struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int futimens(SafeHandle fd, TimeSpecification* times);
}
