using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Splice.Tests.Faults;
using Xunit;

namespace Splice.Tests.Streaming.Processes;

/// <summary>A process of its own that runs pipelines, and can be traced and limited.</summary>
internal sealed class PipelineHostProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    /// <param name="wrapper">A tool and its arguments that start the process.</param>
    public PipelineHostProcess(params string[] wrapper)
    {
        string[] command = [.. wrapper, "dotnet", HostedCopy.HostPath, "--pipelines"];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        string? word = _process.StandardOutput.ReadLine();
        Assert.True(word == "ready", $"{word} {(word is null ? _errors.Result : string.Empty)}");
    }

    public string Id => _process.Id.ToString(CultureInfo.InvariantCulture);

    public PipelineAnswer Run(PipelineRequest request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine() is { } line
            ? JsonSerializer.Deserialize<PipelineAnswer>(line)!
            : throw new InvalidOperationException($"The process ended without an answer: {_errors.Result}");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(20)))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
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
