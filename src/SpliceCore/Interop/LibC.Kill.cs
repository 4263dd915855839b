using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int HangUpSignal = 1; // SIGHUP
    public const int KillSignal = 9; // SIGKILL
    public const int BrokenPipeSignal = 13; // SIGPIPE
    public const int TerminateSignal = 15; // SIGTERM
    public const int ContinueSignal = 18; // SIGCONT

    /// <summary>Sends a signal. EPERM: the process has become another user's (sudo).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/kill.2.html">kill(2)</see></remarks>
    public static SysResult Kill(int process, int signal) => SysResult.From(kill(process, signal));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int kill(int process, int signal);
}
