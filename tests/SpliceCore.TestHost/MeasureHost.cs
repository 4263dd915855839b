using System.Text.Json;

namespace Splice.TestHost;

/// <summary>Measures between two folders, and answers as JSON what came of it.</summary>
internal static class MeasureHost
{
    private const int Size = 200_000;

    public static int Answer(string source, string destination, TextWriter output)
    {
        var request = new MeasurementRequest { Path = source, Destination = destination, Size = Size, Iterations = 1 };
        try
        {
            MeasurementReport report = Measurement.Run(request, new MeasurementMonitor());
            output.WriteLine(JsonSerializer.Serialize(new
            {
                Auto = $"{report.Results.FirstOrDefault(result => result.IsAuto)?.Method}",
                Measured = report.Results.Where(result => result.Median > TimeSpan.Zero).Select(result => $"{result.Method}"),
                Refused = report.Results.Where(result => !result.IsAvailable).Select(result => $"{result.Method} {result.Errno}"),
            }));
            return 0;
        }
        catch (TransferException exception)
        {
            output.WriteLine(JsonSerializer.Serialize(new { Error = $"{exception.Id}", exception.Message }));
            return 1;
        }
    }
}
