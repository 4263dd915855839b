using System.Text;
using System.Text.Json;
using Splice.TestKit.Processes;

namespace Splice.TestHost;

/// <summary>Pipelines of native commands: each line of standard input is a <see cref="PipelineRequest"/>, and each gets a line
/// of answer with what came of it, and what this process has left of it.</summary>
internal static class PipelineHost
{
    public static int Serve(TextReader input, TextWriter output)
    {
        // All code is loaded before the first that counts.
        var rehearsal = new PipelineRequest
        {
            Commands = [Shell("cat"), Shell("cat")],
            InputPath = "/proc/version",
            Environment = new Dictionary<string, string>(),
            WorkingDirectory = "/",
        };
        Run(rehearsal);
        Run(rehearsal with { Commands = [Shell("exit 1"), Shell("cat")] });
        output.WriteLine("ready");
        while (input.ReadLine() is { } line)
        {
            output.WriteLine(Run(JsonSerializer.Deserialize<PipelineRequest>(line)!));
        }

        return 0;
    }

    private static NativeCommand Shell(string script) => new() { Path = "/bin/sh", Name = "sh", Arguments = ["-c", script] };

    private static string Run(PipelineRequest request)
    {
        var text = new StringBuilder();
        PipelineResult? result = null;
        TransferException? end = null;
        try
        {
            result = NativePipeline.Run(request, new PipelineMonitor { Output = bytes => text.Append(Encoding.UTF8.GetString(bytes)) });
        }
        catch (TransferException exception)
        {
            end = exception;
        }

        return JsonSerializer.Serialize(new
        {
            Output = text.ToString(),
            ExitCodes = (result ?? end?.Partial as PipelineResult)?.Commands.Select(command => command.ExitCode) ?? [],
            Error = end is null ? null : $"{end.Id}",
            Errno = end is null ? null : $"{end.Errno}",
            end?.Message,
            Children = ChildProcesses.Ids().Length,
            Descriptors = Directory.GetFileSystemEntries("/proc/self/fd").Length,
        });
    }
}
