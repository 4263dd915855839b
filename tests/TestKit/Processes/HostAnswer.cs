namespace Splice.TestKit.Processes;

/// <summary>What a copy in a process of its own answered, and how that process ended.</summary>
internal sealed record HostAnswer
{
    public int ExitCode { get; init; }

    public string? Error { get; init; }

    public string? Errno { get; init; }

    public string? Message { get; init; }

    public long BytesCopied { get; init; }

    public long BytesInHoles { get; init; }

    public long BytesReflinked { get; init; }

    public long Retries { get; init; }

    public long? ResumedAt { get; init; }

    public bool Verified { get; init; }

    public long? DifferenceOffset { get; init; }

    public bool Flushed { get; init; }

    public string? Method { get; init; }

    public string[] Attempts { get; init; } = [];

    public string[] Warnings { get; init; } = [];

    public bool Succeeded => ExitCode == 0;
}
