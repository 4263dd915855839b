namespace Splice;

/// <summary>What a pipeline of native commands did.</summary>
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
