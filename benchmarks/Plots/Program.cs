using System.Globalization;
using Splice.Benchmarks.Plots;

if (args.Length != 2)
{
    Console.Error.WriteLine("Plots RESULTS.jsonl FOLDER: draws the plots of a file of results, on a light and on a dark page.");
    return 2;
}

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
IReadOnlyList<Result> results = Result.Read(args[0]);
string folder = args[1];
Directory.CreateDirectory(folder);
foreach (Theme theme in Theme.All)
{
    foreach (string fileSystem in results.Select(result => result.FileSystem).OfType<string>().Distinct())
    {
        SizePlot.Draw(results, fileSystem, theme, folder);
        BarPlot.Draw(
            $"Small files on {fileSystem}: files a second, more is better",
            $"files-per-second-{fileSystem}",
            Cases(result => result.Job == "small-files" && result.FileSystem == fileSystem),
            result => result.FilesPerSecond,
            value => value.ToString("N0", CultureInfo.InvariantCulture),
            moreIsBetter: true,
            theme,
            folder);
        BarPlot.Draw(
            $"One file on {fileSystem}: processor seconds for each GiB, less is better",
            $"processor-per-gib-{fileSystem}",
            Cases(result => result.Job == "every-tool" && result.FileSystem == fileSystem),
            result => result.ProcessorPerGib,
            Seconds,
            moreIsBetter: false,
            theme,
            folder);
    }

    BarPlot.Draw(
        "Pipes and sockets: processor seconds for each GiB, less is better",
        "streams-processor-per-gib",
        Cases(result => result.Job is "to-pipe" or "to-socket" or "relay" or "fan-out"),
        result => result.ProcessorPerGib,
        Seconds,
        moreIsBetter: false,
        theme,
        folder);
}

return 0;

IEnumerable<IGrouping<string, Result>> Cases(Func<Result, bool> wanted) => results.Where(wanted).GroupBy(result => result.Case);

static string Seconds(double value) => value.ToString(value < 0.1 ? "0.000 s" : "0.00 s", CultureInfo.InvariantCulture);
