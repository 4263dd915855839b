using System.Text.Json;
using System.Text.Json.Nodes;

namespace Splice.Benchmarks.Plots;

/// <summary>What one contestant of a case took: a line of the results.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Case">The case's name.</param>
/// <param name="FileSystem">The file system that it ran on, or nothing.</param>
/// <param name="Bytes">The bytes that were copied.</param>
/// <param name="Files">The files that were copied.</param>
/// <param name="Contestant">Who did it.</param>
/// <param name="Ours">Whether it is this module.</param>
/// <param name="Seconds">The time, with its quartiles.</param>
/// <param name="UserSeconds">The processor time in user space.</param>
/// <param name="SystemSeconds">The processor time in the kernel.</param>
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
    double SystemSeconds)
{
    /// <summary>Processor seconds for each GiB that was copied.</summary>
    public double ProcessorPerGib => (UserSeconds + SystemSeconds) / Bytes * (1L << 30);

    /// <summary>Files a second.</summary>
    public double FilesPerSecond => Files / Seconds.Median;

    /// <summary>Reads the results of a file of JSON lines; lines of other kinds are left out.</summary>
    public static IReadOnlyList<Result> Read(string path) =>
        [.. File.ReadLines(path)
            .Where(line => line.Length > 0)
            .Select(line => JsonNode.Parse(line)!)
            .Where(node => (string?)node["kind"] == "result")
            .Select(node => node.Deserialize<Result>(JsonSerializerOptions.Web)!)];
}

/// <summary>A median and the interquartile range around it.</summary>
/// <param name="Median">The median.</param>
/// <param name="Q1">The first quartile.</param>
/// <param name="Q3">The third quartile.</param>
internal sealed record Spread(double Median, double Q1, double Q3);
