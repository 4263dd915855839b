using Splice.Streaming.Processes;
using Splice.Transfer;

namespace Splice;

/// <summary>Runs native commands joined by kernel pipes, as a shell does: their data does not pass through this process unless it
/// receives or limits the output.</summary>
public static class NativePipeline
{
    /// <summary>Runs the commands to their end.</summary>
    /// <param name="request">The commands.</param>
    /// <param name="monitor">Receives output and progress, and cancels.</param>
    /// <returns>The result.</returns>
    /// <exception cref="TransferException">A command could not be started or failed, or a path could not be read or written. No command
    /// is left running, and an output file that was to be replaced is unchanged.</exception>
    public static PipelineResult Run(PipelineRequest request, PipelineMonitor monitor)
    {
        PipelineCheck.ThrowIfInvalid(request);
        try
        {
            using var run = new PipelineRun(request, monitor);
            return run.Run();
        }
        catch (OperationCanceledException)
        {
            string names = string.Join(" | ", request.Commands.Select(command => command.Name));
            throw new TransferException(TransferErrorId.Cancelled, $"'{names}' was stopped, and its commands were terminated.", "Run the command again.", Errno.ECANCELED, names);
        }
    }
}

/// <summary>Native commands to run, each reading the output of the one before it.</summary>
public sealed record PipelineRequest
{
    /// <summary>The commands, one or more.</summary>
    public required IReadOnlyList<NativeCommand> Commands { get; init; }

    /// <summary>Absolute path of the file, device or FIFO that the first command reads; null for this process's standard input.</summary>
    public string? InputPath { get; init; }

    /// <summary>True if the first command's standard input is empty without an input path.</summary>
    public bool HasNoInput { get; init; }

    /// <summary>Absolute path that the last command writes to. A regular file is replaced once all commands have succeeded. Null for the
    /// monitor, or this process's standard output.</summary>
    public string? OutputPath { get; init; }

    /// <summary>True to append to files in place instead of replacing them.</summary>
    public bool Append { get; init; }

    /// <summary>Absolute path of a file for the standard error of all commands; null for none.</summary>
    public string? ErrorPath { get; init; }

    /// <summary>The commands' environment: names and values.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Absolute path of the commands' working directory.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Bytes moved per second from the input path, or without one to the output; null for unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>True if a command that fails is not an error, and its output is kept.</summary>
    public bool AllowFailure { get; init; }
}

/// <summary>Receives bytes that a command has written. They are valid during the call only.</summary>
/// <param name="bytes">The bytes.</param>
public delegate void BytesReceiver(ReadOnlySpan<byte> bytes);

/// <summary>Receives the output and progress of a pipeline, and cancels it. All calls are made on the thread that runs it.</summary>
public sealed record PipelineMonitor
{
    /// <summary>Receives the last command's output without an output path; null for this process's standard output.</summary>
    public BytesReceiver? Output { get; init; }

    /// <summary>Receives the commands' standard error, in the order in which it comes; null for the error path, or this process's standard
    /// error.</summary>
    public BytesReceiver? Errors { get; init; }

    /// <summary>Called a few times a second; may be null.</summary>
    public Action<TransferProgress>? Progress { get; init; }

    /// <summary>Terminates all commands.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Result of a pipeline of native commands.</summary>
public sealed record PipelineResult
{
    private readonly TextList<NativeCommandResult> _commands = [];
    private readonly TextList<string> _warnings = [];

    /// <summary>The commands, in their order.</summary>
    public required IReadOnlyList<NativeCommandResult> Commands { get => _commands; init => _commands = TextList.From(value); }

    /// <summary>The input path; null for the standard input.</summary>
    public string? InputPath { get; init; }

    /// <summary>The output path; null without one.</summary>
    public string? OutputPath { get; init; }

    /// <summary>The path for standard error; null without one.</summary>
    public string? ErrorPath { get; init; }

    /// <summary>Number of bytes read from the input path; null without one, or where the kernel does not report it (FIFOs, devices).
    /// Files that a command maps into memory are not counted.</summary>
    public long? BytesIn { get; init; }

    /// <summary>Number of bytes that the last command wrote to a file or to this process; null if not counted.</summary>
    public long? BytesOut { get; init; }

    /// <summary>The exit code of the last command that failed; 0 where all succeeded.</summary>
    public int ExitCode { get; init; }

    /// <summary>From the start of the first command to the end of the last.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>User CPU time of all commands.</summary>
    public TimeSpan UserTime => new(Commands.Sum(command => command.UserTime.Ticks));

    /// <summary>System CPU time of all commands.</summary>
    public TimeSpan SystemTime => new(Commands.Sum(command => command.SystemTime.Ticks));

    /// <summary>Bytes of the input per second, or of the output if the input is not known; 0 if neither is.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? (BytesIn ?? BytesOut ?? 0) / Elapsed.TotalSeconds : 0;

    /// <summary>Warnings for the user.</summary>
    public IReadOnlyList<string> Warnings { get => _warnings; init => _warnings = TextList.From(value); }
}

/// <summary>A program to start, with its arguments.</summary>
public sealed record NativeCommand
{
    /// <summary>The program's file: an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The program's name, for itself (argv[0]) and in messages.</summary>
    public required string Name { get; init; }

    /// <summary>Its arguments, without the name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Destination of its standard error.</summary>
    public ErrorTarget ErrorTarget { get; init; }

    /// <summary>The file for <see cref="ErrorTarget.File"/>: an absolute path.</summary>
    public string? ErrorFile { get; init; }

    /// <summary>True to append to that file; otherwise it is truncated.</summary>
    public bool AppendsErrors { get; init; }
}

/// <summary>Result of one command of a pipeline.</summary>
public sealed record NativeCommandResult
{
    private readonly TextList<string> _arguments = [];

    /// <summary>The command's name.</summary>
    public required string Name { get; init; }

    /// <summary>The program's file.</summary>
    public required string Path { get; init; }

    /// <summary>Its arguments, as passed to the program.</summary>
    public required IReadOnlyList<string> Arguments { get => _arguments; init => _arguments = TextList.From(value); }

    /// <summary>The id of its process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Exit code, 0 to 255; 128 and the signal's number if a signal ended it. Null if another part of this process reaped it, or
    /// it could not be terminated.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The signal that ended it, "SIGKILL" for example; null if it exited.</summary>
    public string? Signal { get; init; }

    /// <summary>True if it returned 0, or was ended by SIGPIPE because the next command stopped reading.</summary>
    public bool Succeeded { get; init; }

    /// <summary>User CPU time, including children that it has waited for.</summary>
    public TimeSpan UserTime { get; init; }

    /// <summary>System CPU time, including children that it has waited for.</summary>
    public TimeSpan SystemTime { get; init; }

    /// <summary>Peak memory in bytes. Exact if more than this process's own; otherwise sampled while it runs, first every few
    /// milliseconds and then five times a second. Null if it ended before the first sample.</summary>
    public long? PeakMemory { get; init; }

    /// <summary>From its start to its end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The last 4 KiB of its standard error if this process received it; otherwise null.</summary>
    public string? ErrorText { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Name}: {Signal ?? ExitCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown"}";
}

/// <summary>Destination of a command's standard error.</summary>
public enum ErrorTarget
{
    /// <summary>The destination of the pipeline's errors.</summary>
    Pipeline = 0,

    /// <summary>The destination of its standard output (2>&amp;1).</summary>
    Output,

    /// <summary>A separate file (2>file).</summary>
    File,
}
