using System.Collections;
using System.Text;
using Xunit;

namespace Splice.TestKit.Processes;

/// <summary>Pipelines for tests.</summary>
internal static class Pipelines
{
    /// <summary>A command of the system, found on the path.</summary>
    public static NativeCommand Command(string name, params string[] arguments) => new()
    {
        Path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Select(folder => Path.Combine(folder, name)).First(File.Exists),
        Name = name,
        Arguments = arguments,
    };

    public static NativeCommand Shell(string script) => Command("sh", "-c", script);

    public static PipelineRequest Of(params NativeCommand[] commands) => new()
    {
        Commands = commands,
        Environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(variable => (string)variable.Key, variable => (string)variable.Value!),
        WorkingDirectory = Path.GetTempPath(),
    };

    public static PipelineResult Run(PipelineRequest request) => Run(request, new PipelineMonitor());

    /// <summary>Runs one that ends by itself: should it wait for ever, it fails instead.</summary>
    public static PipelineResult Run(PipelineRequest request, PipelineMonitor monitor) =>
        Wait.For(limit => NativePipeline.Run(request, monitor with { Cancellation = limit }), monitor.Cancellation);

    /// <summary>Runs it and answers what it wrote.</summary>
    public static string Capture(PipelineRequest request) => Capture(request, out _);

    public static string Capture(PipelineRequest request, out PipelineResult result)
    {
        using var bytes = new MemoryStream();
        result = Run(request, new PipelineMonitor { Output = bytes.Write });
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    public static TransferException Fail(PipelineRequest request) => Assert.Throws<TransferException>(() => { Capture(request); });

    public static string MakeFifo(string path)
    {
        Posix.MakeFifo(path);
        return path;
    }
}
