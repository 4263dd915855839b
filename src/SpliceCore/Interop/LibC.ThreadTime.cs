using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int ThreadTimeClock = 3; // CLOCK_THREAD_CPUTIME_ID

    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The processor time of the calling thread, user and system, in nanoseconds. getrusage(2) tells the same, but
    /// only up to the timer's last tick.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/clock_gettime.2.html">clock_gettime(2)</see></remarks>
    public static unsafe SysResult ThreadTime()
    {
        TimeSpecification time;
        SysResult result = SysResult.From(clock_gettime(ThreadTimeClock, &time));
        return result.Ok ? new SysResult((time.Seconds * NanosecondsPerSecond) + time.Nanoseconds, Errno.None) : result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int clock_gettime(int clock, TimeSpecification* time);
}
