using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Sleeps for less than a second; a signal ends it early.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/nanosleep.2.html">nanosleep(2)</see></remarks>
    public static unsafe void Nanosleep(TimeSpan time)
    {
        TimeSpecification request = new() { Nanoseconds = (long)time.TotalNanoseconds };
        _ = nanosleep(&request, null);
    }

    [LibraryImport(Library)]
    private static unsafe partial int nanosleep(TimeSpecification* request, TimeSpecification* left);
}
