using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    private const int OfProcess = 0; // PRIO_PROCESS: on Linux, of the one thread
    private const int LowestPriority = 19;

    /// <summary>Lets this thread run only where no other wants to.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/setpriority.2.html">setpriority(2)</see></remarks>
    public static SysResult YieldToOthers() => SysResult.From(setpriority(OfProcess, 0, LowestPriority));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int setpriority(int which, uint who, int priority);
}
