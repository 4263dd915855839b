using System.Text.Json;
using System.Text.Json.Nodes;

namespace Splice.Benchmarks.Plots;

/// <summary>Figures of one tool in one case: a line of the results.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Case">The case's name.</param>
/// <param name="FileSystem">File system of the copies; null if there is none.</param>
/// <param name="Bytes">Number of bytes copied.</param>
/// <param name="Files">Number of files copied.</param>
/// <param name="Contestant">Name of the tool.</param>
/// <param name="Ours">True if the tool is this module.</param>
/// <param name="Seconds">Elapsed seconds.</param>
/// <param name="UserSeconds">CPU seconds in user space.</param>
/// <param name="SystemSeconds">CPU seconds in the kernel.</param>
/// <param name="Ratio">Time of this module divided by that of the tool, in pairs of runs; null for the module itself.</param>
internal sealed record Result(
    string Job,
    string Case,
    string? FileSystem,
    long Bytes,
    long Files,
    string Contestant,
    bool Ours,
    Spread Seconds,
    double UserSeconds,
    double SystemSeconds,
    Spread? Ratio)
{
    /// <summary>CPU seconds per GiB.</summary>
    public double CpuSecondsPerGib => (UserSeconds + SystemSeconds) / Bytes * (1L << 30);

    /// <summary>Files per second.</summary>
    public double FilesPerSecond => Files / Seconds.Median;

    /// <summary>Reads the results from a file of JSON lines. Ignores lines of other kinds.</summary>
    public static IReadOnlyList<Result> Read(string path) =>
        [.. File.ReadLines(path)
            .Where(line => line.Length > 0)
            .Select(line => JsonNode.Parse(line)!)
            .Where(node => (string?)node["kind"] == "result")
            .Select(node => node.Deserialize<Result>(JsonSerializerOptions.Web)!)];
}

/// <summary>A median with its quartiles.</summary>
/// <param name="Median">The median.</param>
/// <param name="Q1">The first quartile.</param>
/// <param name="Q3">The third quartile.</param>
internal sealed record Spread(double Median, double Q1, double Q3);
