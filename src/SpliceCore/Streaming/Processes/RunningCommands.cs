using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>The commands of one pipeline while they run: waits for them, and terminates them at the end.</summary>
internal sealed class RunningCommands : IDisposable
{
    private readonly List<SpawnedCommand> _commands = [];
    private readonly List<LibC.PollDescriptor> _waits = [];
    private int _interval = Tuning.FirstCommandPoll;

    public bool AreRunning => _commands.Exists(command => !command.HasEnded);

    public void Add(SpawnedCommand command) => _commands.Add(command);

    /// <summary>Waits until a command ends or one of the handles is readable, but not for long: progress is reported. Then reaps.</summary>
    public void Wait(IEnumerable<SafeHandle?> handles)
    {
        List<SpawnedCommand> running = _commands.FindAll(command => !command.HasEnded);
        int timeout = running.Exists(command => command.Handle is null) ? Math.Min(_interval, Tuning.LongestBlindCommandPoll) : _interval;
        _waits.Clear();
        foreach (SafeHandle handle in handles.Concat(running.Select(command => command.Handle)).OfType<SafeHandle>())
        {
            _waits.Add(new() { Descriptor = (int)handle.DangerousGetHandle(), Events = PollEvents.In });
        }

        if (LibC.Poll(CollectionsMarshal.AsSpan(_waits), timeout).Value == 0)
        {
            _interval = Math.Min(_interval * 2, Tuning.LongestCommandPoll);
        }

        _commands.ForEach(command => command.Reap());
        _commands.ForEach(command => command.SamplePeakMemory());
    }

    /// <summary>True if a handle of the last wait is readable, or has hung up.</summary>
    public bool IsReady(SafeHandle handle)
    {
        int number = (int)handle.DangerousGetHandle();
        return _waits.Exists(entry => entry.Descriptor == number && entry.Returned != PollEvents.None);
    }

    public IReadOnlyList<NativeCommandResult> Results()
    {
        long ownPeak = ResidentPeak.Of(Environment.ProcessId) ?? 0;
        return [.. _commands.Select((command, i) => command.Result(isLast: i == _commands.Count - 1, ownPeak))];
    }

    /// <summary>Terminates those that still run, with SIGTERM and then SIGKILL. One that is another user's by now (sudo), or hangs in the
    /// kernel, is left to a thread that reaps it.</summary>
    public void Dispose()
    {
        SendAll(LibC.SIGTERM);
        SendAll(LibC.SIGCONT); // a stopped command receives no other signal
        WaitForAll();
        SendAll(LibC.SIGKILL);
        WaitForAll();
        foreach (SpawnedCommand command in _commands)
        {
            if (!command.HasEnded)
            {
                command.Abandon();
            }

            command.Dispose();
        }
    }

    private void SendAll(int signal) => _commands.ForEach(command => command.Send(signal));

    private void WaitForAll()
    {
        long start = Stopwatch.GetTimestamp();
        _interval = Tuning.FirstCommandPoll;
        _commands.ForEach(command => command.Reap());
        while (AreRunning && Stopwatch.GetElapsedTime(start) < Tuning.KillAfter)
        {
            Wait([]);
        }
    }
}

/// <summary>A child process that nothing else in this process reaps.</summary>
internal sealed class SpawnedCommand : IDisposable
{
    private const int Kibibyte = 1024;

    // The largest error of the kernel's counts of resident pages.
    private const long CountMargin = 4 << 20;

    private readonly NativeCommand _command;
    private readonly ErrorTail? _errors;
    private readonly long _started;
    private LibC.ResourceUsage _usage;
    private TimeSpan _elapsed;
    private int? _status;
    private long? _sampledPeak;

    public SpawnedCommand(NativeCommand command, int processId, long started, ErrorTail? errors)
    {
        _started = started;
        _command = command;
        _errors = errors;
        ProcessId = processId;

        // Where that fails (an old kernel, seccomp, too many descriptors), the command is polled.
        Handle = LibC.PidFdOpen(processId, out SafeFileHandle handle).Ok ? handle : null;
    }

    public int ProcessId { get; }

    /// <summary>Readable when the command has ended; null if not available.</summary>
    public SafeFileHandle? Handle { get; }

    /// <summary>True if it has ended and is reaped.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The exit code, or 128 and the signal that ended it; null if not known.</summary>
    public int? ExitCode => Signal is int signal ? 128 + signal : (_status >> 8) & 0xFF;

    /// <summary>The signal that has ended it.</summary>
    public int? Signal => (_status & 0x7F) is int signal and not 0 ? signal : null;

    /// <summary>Reaps it if it has ended.</summary>
    public void Reap()
    {
        if (HasEnded)
        {
            return;
        }

        SysResult result = LibC.Wait(ProcessId, LibC.WNOHANG, out int status, out LibC.ResourceUsage usage);
        if (!result.Ok || result.Value == ProcessId)
        {
            // ECHILD: another part of this process has reaped it, and its status is lost.
            HasEnded = true;
            _elapsed = Stopwatch.GetElapsedTime(_started);
            _status = result.Ok ? status : null;
            _usage = usage;
        }
    }

    public void SamplePeakMemory()
    {
        if (!HasEnded && ResidentPeak.Of(ProcessId) is long peak)
        {
            _sampledPeak = Math.Max(_sampledPeak ?? 0, peak);
        }
    }

    public void Send(int signal)
    {
        if (!HasEnded)
        {
            LibC.Kill(ProcessId, signal);
        }
    }

    /// <summary>Leaves it to a thread that waits for it, so that it does not stay a zombie.</summary>
    public void Abandon()
    {
        int process = ProcessId;
        WorkerThread.TryStart(() => LibC.Wait(process, 0, out _, out _));
    }

    /// <summary>Returns the result of a command that has ended.</summary>
    /// <param name="isLast">True for the last of a pipeline: SIGPIPE is a failure.</param>
    /// <param name="ownPeak">Peak memory of this process in bytes. A child shares it until its exec, and the kernel counts it as the
    /// child's (getrusage(2), ru_maxrss).</param>
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
            PeakMemory = counted > ownPeak + CountMargin ? counted : _sampledPeak,
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
    private const int FirstRealTime = 34; // SIGRTMIN, as the C library returns it

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

/// <summary>Peak memory of a process (proc_pid_status(5), VmHWM).</summary>
internal static class ResidentPeak
{
    private const int Kibibyte = 1024;

    /// <summary>Returns it in bytes; null if the process has ended.</summary>
    public static long? Of(int process) =>
        ProcFile.ReadNumber(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "VmHWM") * Kibibyte;
}
