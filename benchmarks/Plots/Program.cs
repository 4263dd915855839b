using System.Globalization;
using Splice.Benchmarks.Plots;

if (args.Length != 2)
{
    Console.Error.WriteLine("Plots RESULTS.jsonl FOLDER: draws the plots of a file of results, for light and for dark pages.");
    return 2;
}

// Above this size the lines of SizePlot lie over one another.
const long LargeFile = 64L << 20;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
IReadOnlyList<Result> results = Result.Read(args[0]);
string folder = args[1];
Directory.CreateDirectory(folder);
foreach (Theme theme in Theme.All)
{
    foreach (string fileSystem in results.Select(result => result.FileSystem).OfType<string>().Distinct())
    {
        SizePlot.Draw(results, fileSystem, theme, folder);
        new BarPlot($"Copying a large file on {fileSystem}: ratios of times", "time of Copy-ItemZeroCopy / time of the tool (below 1: Copy-ItemZeroCopy is faster)")
        {
            Value = result => result.Ratio!.Median,
            Range = result => result.Ratio!,
            Format = value => value.ToString(value < 0.1 ? "G2" : "0.00", CultureInfo.InvariantCulture),
            Reference = 1,
        }.Draw(Cases(result => result.Job == "large-file" && result.FileSystem == fileSystem && result.Bytes >= LargeFile && !result.Ours), theme, folder, $"ratio-large-files-{fileSystem}");
        new BarPlot($"Copying many small files on {fileSystem}", "files per second (more is better)")
        {
            Value = result => result.FilesPerSecond,
            Format = value => value.ToString("N0", CultureInfo.InvariantCulture),
            MoreIsBetter = true,
        }.Draw(Cases(result => result.Job == "small-files" && result.FileSystem == fileSystem), theme, folder, $"files-per-second-{fileSystem}");
        CpuTime($"Copying one file on {fileSystem} with every tool")
            .Draw(Cases(result => result.Job == "every-tool" && result.FileSystem == fileSystem), theme, folder, $"cpu-time-per-gib-{fileSystem}");
    }

    CpuTime("Copying to pipes and sockets")
        .Draw(Cases(result => result.Job is "to-pipe" or "to-socket" or "relay" or "fan-out"), theme, folder, "streams-cpu-time-per-gib");
}

return 0;

static BarPlot CpuTime(string title) => new(title, "CPU time per GiB, in seconds (less is better)")
{
    Value = result => result.CpuSecondsPerGib,
    Format = value => value.ToString(value < 0.1 ? "0.000 s" : "0.00 s", CultureInfo.InvariantCulture),
};

IEnumerable<IGrouping<string, Result>> Cases(Func<Result, bool> wanted) => results.Where(wanted).GroupBy(result => result.Case);
