using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>A child that we have started, and that nobody else waits for.</summary>
internal sealed class SpawnedCommand : IDisposable
{
    private const int SignalMask = 0x7F; // wait(2): the low bits of a status are the signal
    private const int CodeShift = 8;
    private const int CodeMask = 0xFF;
    private const int FirstSignalCode = 128;
    private const int Kibibyte = 1024;

    // The kernel's counts of resident pages are out by so much at most.
    private const long CountMargin = 4 << 20;

    private readonly NativeCommand _command;
    private readonly ErrorTail? _errors;
    private readonly long _started;
    private LibC.ResourceUsage _usage;
    private TimeSpan _elapsed;
    private int? _status;
    private long? _seenPeak;

    /// <param name="command">What runs.</param>
    /// <param name="process">Its process.</param>
    /// <param name="started">The timestamp from before it was started.</param>
    /// <param name="errors">Keeps the last of its errors; null where they do not come by.</param>
    public SpawnedCommand(NativeCommand command, int process, long started, ErrorTail? errors)
    {
        _started = started;
        _command = command;
        _errors = errors;
        ProcessId = process;

        // Where that fails (an old kernel, seccomp, too many descriptors), the command is asked now and then.
        Handle = LibC.PidFdOpen(process, out SafeFileHandle handle).Ok ? handle : null;
    }

    public string Name => _command.Name;

    public int ProcessId { get; }

    /// <summary>Becomes readable when the command has ended; null where there is no such thing.</summary>
    public SafeFileHandle? Handle { get; }

    /// <summary>True if it has ended, and is no zombie.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>128 and the signal's number where a signal ended it; null where nobody can tell.</summary>
    public int? ExitCode => (_status, Signal) switch
    {
        (null, _) => null,
        (_, int signal) => FirstSignalCode + signal,
        (int status, _) => (status >> CodeShift) & CodeMask,
    };

    /// <summary>The signal that has ended it.</summary>
    public int? Signal => (_status & SignalMask) is int signal and not 0 ? signal : null;

    /// <summary>Looks whether it has ended, and takes leave of it.</summary>
    public void Reap()
    {
        if (HasEnded)
        {
            return;
        }

        SysResult result = LibC.Wait(ProcessId, LibC.WNOHANG, out int status, out LibC.ResourceUsage usage);
        if (!result.Ok || result.Value == ProcessId)
        {
            // ECHILD: somebody else has, and nobody can tell how it ended.
            HasEnded = true;
            _elapsed = Stopwatch.GetElapsedTime(_started);
            _status = result.Ok ? status : null;
            _usage = usage;
        }
    }

    /// <summary>Takes note of the memory that it has had by now.</summary>
    public void LookAtMemory()
    {
        if (!HasEnded && ResidentPeak.Of(ProcessId) is long peak)
        {
            _seenPeak = Math.Max(_seenPeak ?? 0, peak);
        }
    }

    public void Send(int signal)
    {
        if (!HasEnded)
        {
            LibC.Kill(ProcessId, signal);
        }
    }

    /// <summary>Leaves it to another thread to wait for one that cannot be ended, so that it does not stay as a zombie.</summary>
    public void Abandon()
    {
        int process = ProcessId;
        new Thread(() => LibC.Wait(process, 0, out _, out _)) { IsBackground = true }.Start();
    }

    /// <summary>What has become of it.</summary>
    /// <param name="isLast">Whether nobody reads its output that could have had enough.</param>
    /// <param name="ownPeak">The most memory that this process has had, in bytes. The kernel counts it as the child's, which
    /// shares it up to the start of its program (getrusage(2), ru_maxrss).</param>
    public NativeCommandResult Result(bool isLast, long ownPeak)
    {
        long counted = _usage.PeakResident * Kibibyte;
        return new NativeCommandResult
        {
            Name = _command.Name,
            Path = _command.Path,
            Arguments = _command.Arguments,
            ProcessId = ProcessId,
            ExitCode = ExitCode,
            Signal = Signal is int signal ? SignalName.Of(signal) : null,
            Succeeded = ExitCode == 0 || (Signal == LibC.SIGPIPE && !isLast),
            UserTime = Time(_usage.UserSeconds, _usage.UserMicroseconds),
            SystemTime = Time(_usage.SystemSeconds, _usage.SystemMicroseconds),
            PeakMemory = counted > ownPeak + CountMargin ? counted : _seenPeak,
            Elapsed = _elapsed,
            ErrorText = _errors?.ToString(),
        };
    }

    public void Dispose() => Handle?.Dispose();

    private static TimeSpan Time(long seconds, long microseconds) =>
        TimeSpan.FromTicks((seconds * TimeSpan.TicksPerSecond) + (microseconds * TimeSpan.TicksPerMicrosecond));
}

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

/// <summary>The most memory that a process has had at once (proc_pid_status(5), VmHWM).</summary>
internal static class ResidentPeak
{
    private const int Kibibyte = 1024;

    public static long OfThisProcess() => Of(Environment.ProcessId) ?? 0;

    /// <summary>Bytes; null where the process has ended.</summary>
    public static long? Of(int process) =>
        ProcFile.ReadNumber(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "VmHWM") * Kibibyte;
}
