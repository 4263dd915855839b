namespace Splice;

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
