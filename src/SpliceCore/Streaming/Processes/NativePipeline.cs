using Splice.Streaming.Processes;

namespace Splice;

/// <summary>Runs native commands with pipes of the kernel between them, as a shell does: nothing that they write passes through
/// this process, unless it is to be counted.</summary>
public static class NativePipeline
{
    /// <summary>Runs the commands to their end.</summary>
    /// <param name="request">The commands.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What they did.</returns>
    /// <exception cref="TransferException">A command could not be started or failed, or a path could not be read or written. No
    /// command runs any more, and an output file that was to be replaced is as before.</exception>
    public static PipelineResult Run(PipelineRequest request, PipelineMonitor monitor)
    {
        PipelineCheck.Check(request);
        try
        {
            using var run = new PipelineRun(request, monitor);
            return run.Run();
        }
        catch (OperationCanceledException)
        {
            string names = string.Join(" | ", request.Commands.Select(command => command.Name));
            throw new TransferException(TransferErrorId.Cancelled, $"'{names}' was stopped, and its commands were ended.", "Start it again.", Errno.ECANCELED, names);
        }
    }
}

/// <summary>Native commands to run, each reading what the one before it writes.</summary>
public sealed record PipelineRequest
{
    /// <summary>The commands, one or more.</summary>
    public required IReadOnlyList<NativeCommand> Commands { get; init; }

    /// <summary>What the first command reads: an absolute path of a file, device or FIFO. Null for this process's standard
    /// input.</summary>
    public string? InputPath { get; init; }

    /// <summary>True if the first command finds its standard input empty, where there is no input path.</summary>
    public bool HasNoInput { get; init; }

    /// <summary>Where the last command writes: an absolute path. A regular file is replaced once every command has succeeded.
    /// Null for this process's standard output, or whoever listens to the monitor.</summary>
    public string? OutputPath { get; init; }

    /// <summary>True if files are added to, in place, and not replaced.</summary>
    public bool Append { get; init; }

    /// <summary>A file for the standard error of all commands: an absolute path; null for none.</summary>
    public string? ErrorPath { get; init; }

    /// <summary>The commands' environment: names and values.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The folder that the commands run in: an absolute path.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Bytes moved per second from the input path, or where there is none to the output; null for as many
    /// as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>True if a command that fails is no error, and its output is kept.</summary>
    public bool AllowFailure { get; init; }
}

/// <summary>Takes bytes that a command has written. They are gone when it returns.</summary>
/// <param name="bytes">The bytes.</param>
public delegate void BytesReceiver(ReadOnlySpan<byte> bytes);

/// <summary>What the engine knows of whoever started a pipeline. All calls are made on the thread that runs it.</summary>
public sealed record PipelineMonitor
{
    /// <summary>Nobody watches, nothing stops it.</summary>
    public static PipelineMonitor None { get; } = new();

    /// <summary>Takes the last command's output, where no path does; null leaves it to this process's standard output.</summary>
    public BytesReceiver? Output { get; init; }

    /// <summary>Takes what the commands write to their standard error, in the order in which it comes; null leaves it to the
    /// error path, or to this process's standard error.</summary>
    public BytesReceiver? Errors { get; init; }

    /// <summary>Called a few times a second; may be null.</summary>
    public Action<TransferProgress>? Progress { get; init; }

    /// <summary>Ends all commands.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Result of a pipeline of native commands.</summary>
public sealed record PipelineResult
{
    /// <summary>The commands, in their order.</summary>
    public required IReadOnlyList<NativeCommandResult> Commands { get; init; }

    /// <summary>What the first command read; null for the standard input.</summary>
    public string? InputPath { get; init; }

    /// <summary>Where the last command wrote; null where no path was given.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Where the standard error went; null where no path was given.</summary>
    public string? ErrorPath { get; init; }

    /// <summary>The bytes that the first command took from the input path; null where there is none or it does not tell (FIFOs,
    /// devices, and files that a command maps into its memory).</summary>
    public long? BytesIn { get; init; }

    /// <summary>The bytes that the last command wrote to a file or to this process; null where nobody counted them.</summary>
    public long? BytesOut { get; init; }

    /// <summary>The exit code of the last command that failed; 0 where all succeeded.</summary>
    public int ExitCode { get; init; }

    /// <summary>From the start of the first command to the end of the last.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The processor time of all commands in their programs.</summary>
    public TimeSpan UserTime => new(Commands.Sum(command => command.UserTime.Ticks));

    /// <summary>The processor time of all commands in the kernel.</summary>
    public TimeSpan SystemTime => new(Commands.Sum(command => command.SystemTime.Ticks));

    /// <summary>Bytes of the input a second, or of the output where the input is not known; 0 where neither is.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? (BytesIn ?? BytesOut ?? 0) / Elapsed.TotalSeconds : 0;

    /// <summary>What worked only in part, in words.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>A program to start, with its arguments.</summary>
public sealed record NativeCommand
{
    /// <summary>The program's file: an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>What the program is called, to itself and in messages.</summary>
    public required string Name { get; init; }

    /// <summary>Its arguments, without the name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Where its standard error goes.</summary>
    public ErrorTarget ErrorTarget { get; init; }

    /// <summary>The file for <see cref="ErrorTarget.File"/>: an absolute path.</summary>
    public string? ErrorFile { get; init; }

    /// <summary>True if that file is added to; otherwise it begins anew.</summary>
    public bool AppendsErrors { get; init; }
}

/// <summary>How a command of a pipeline ended, and what it took.</summary>
public sealed record NativeCommandResult
{
    /// <summary>What the command is called.</summary>
    public required string Name { get; init; }

    /// <summary>The program's file.</summary>
    public required string Path { get; init; }

    /// <summary>Its arguments, as the program got them.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The id that its process had.</summary>
    public required int ProcessId { get; init; }

    /// <summary>What the program returned, 0 to 255; 128 and the signal's number where a signal ended it. Null where another
    /// part of this process has asked for it first, or where the command could not be ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The signal that ended it, "SIGKILL" for example; null where none did.</summary>
    public string? Signal { get; init; }

    /// <summary>True if it returned 0, or was ended by SIGPIPE because the next command did not want more.</summary>
    public bool Succeeded { get; init; }

    /// <summary>The processor time in the program, its own children that it has waited for included.</summary>
    public TimeSpan UserTime { get; init; }

    /// <summary>The processor time in the kernel, in the same way.</summary>
    public TimeSpan SystemTime { get; init; }

    /// <summary>The most memory that it had at once, in bytes, as far as could be seen: looked at while it runs, at first every
    /// few milliseconds and then five times a second. Exact where it was more than this process's own. Null where it ended
    /// before the first look.</summary>
    public long? PeakMemory { get; init; }

    /// <summary>From its start to its end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The last 4 KiB that it wrote to its standard error, where this process took them; else null.</summary>
    public string? ErrorText { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Name}: {Signal ?? ExitCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "not known"}";
}

/// <summary>Where a command's standard error goes.</summary>
public enum ErrorTarget
{
    /// <summary>Where the pipeline's goes.</summary>
    Pipeline = 0,

    /// <summary>Where its standard output goes (2>&amp;1).</summary>
    Output,

    /// <summary>To a file of its own (2>file).</summary>
    File,
}
