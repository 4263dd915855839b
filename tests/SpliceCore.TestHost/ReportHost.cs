using System.Text.Json;

namespace Splice.TestHost;

/// <summary>Answers, as JSON, by which methods a copy would be made, and makes none.</summary>
internal static class ReportHost
{
    public static int Answer(string source, string destination, TextWriter output)
    {
        IReadOnlyList<MethodReport> reports = MethodTest.Run(
            new MethodTestRequest { Source = TransferEndpoint.OfPath(source), Destination = TransferEndpoint.OfPath(destination) });
        output.WriteLine(JsonSerializer.Serialize(new
        {
            Chosen = $"{reports.FirstOrDefault(report => report.Chosen)?.Method}",
            Refused = reports.TakeWhile(report => !report.Chosen).Where(report => report.Errno != Errno.None).Select(report => $"{report}"),
            Texts = reports.Select(report => $"{report}"),
        }));
        return 0;
    }
}
