namespace Splice.Streaming.Processes;

/// <summary>The names of signals, as in signal(7).</summary>
internal static class SignalName
{
    private const int FirstRealTime = 34; // SIGRTMIN, as the C library gives it

    private static readonly string[] Names =
    [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
        "PWR", "SYS",
    ];

    public static string Of(int signal) => signal switch
    {
        >= 1 when signal <= Names.Length => $"SIG{Names[signal - 1]}",
        >= FirstRealTime => $"SIGRTMIN+{signal - FirstRealTime}",
        _ => $"signal {signal}",
    };
}
