using System.Runtime.InteropServices;

namespace Splice.Transfer;

/// <summary>Keeps SIGXFSZ from ending the process, so that a write past a file-size limit answers EFBIG.</summary>
/// <remarks>The handler stays for good: the signal is handled on another thread, maybe after the write has returned, and
/// without a handler it kills. A handler, unlike SIG_IGN, is not inherited by the commands that the shell starts.
/// <see href="https://man7.org/linux/man-pages/man2/setrlimit.2.html">setrlimit(2)</see>, RLIMIT_FSIZE</remarks>
internal static class FileSizeSignal
{
    public const int FileSizeExceeded = 25; // SIGXFSZ

    private static readonly PosixSignalRegistration Registration =
        PosixSignalRegistration.Create((PosixSignal)FileSizeExceeded, static context => context.Cancel = true);

    /// <summary>Makes sure that the handler is there.</summary>
    public static void Handle() => GC.KeepAlive(Registration);
}
