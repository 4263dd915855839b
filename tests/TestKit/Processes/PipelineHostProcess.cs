using System.Text.Json;

namespace Splice.TestKit.Processes;

/// <summary>A process of its own that runs pipelines, and can be traced and limited.</summary>
internal sealed class PipelineHostProcess : IDisposable
{
    private readonly ChildProcess _process;

    /// <param name="wrapper">A tool and its arguments that start the process.</param>
    public PipelineHostProcess(params string[] wrapper) => _process = TestHost.StartServer(wrapper, "--pipelines");

    public string Id => _process.Id;

    public PipelineAnswer Run(PipelineRequest request)
    {
        _process.WriteLine(JsonSerializer.Serialize(request));
        return _process.ReadLine() is { } line
            ? JsonSerializer.Deserialize<PipelineAnswer>(line)!
            : throw new InvalidOperationException($"The process ended without an answer: {_process.Errors}");
    }

    public void Dispose() => _process.Dispose();
}

/// <summary>What a pipeline in a process of its own answered, and what that process has left.</summary>
internal sealed record PipelineAnswer
{
    public string Output { get; init; } = string.Empty;

    public int?[] ExitCodes { get; init; } = [];

    public string? Error { get; init; }

    public string? Errno { get; init; }

    public string? Message { get; init; }

    public int Children { get; init; }

    public int Descriptors { get; init; }
}
