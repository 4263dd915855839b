namespace Splice;

/// <summary>Native commands to run, each reading what the one before it writes.</summary>
public sealed record PipelineRequest
{
    /// <summary>The commands, one or more.</summary>
    public required IReadOnlyList<NativeCommand> Commands { get; init; }

    /// <summary>What the first command reads: an absolute path of a file, device or FIFO. Null for this process's standard
    /// input.</summary>
    public string? InputPath { get; init; }

    /// <summary>Whether the first command finds its standard input empty, where there is no input path.</summary>
    public bool HasNoInput { get; init; }

    /// <summary>Where the last command writes: an absolute path. A regular file is replaced once every command has succeeded.
    /// Null for this process's standard output, or whoever listens to the monitor.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Whether files are added to, in place, and not replaced.</summary>
    public bool Append { get; init; }

    /// <summary>A file for the standard error of all commands: an absolute path; null for none.</summary>
    public string? ErrorPath { get; init; }

    /// <summary>The commands' environment: names and values.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The folder that the commands run in: an absolute path.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>How many bytes a second are moved from the input path, or where there is none to the output; null for as many
    /// as can be.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>Whether a command that fails is no error, and its output is kept.</summary>
    public bool AllowFailure { get; init; }
}
