namespace Splice;

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

    /// <summary>Whether it returned 0, or was ended by SIGPIPE because the next command did not want more.</summary>
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
