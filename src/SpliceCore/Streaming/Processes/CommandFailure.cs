using Splice.Errors;

namespace Splice.Streaming.Processes;

/// <summary>The error for commands that failed.</summary>
internal static class CommandFailure
{
    /// <summary>Tells which commands failed and how, what they said last, and what has become of the output.</summary>
    public static TransferException Of(PipelineResult result, PipelineOutput? output)
    {
        var failed = result.Commands.Select((command, i) => (Command: command, Number: i + 1)).Where(entry => !entry.Command.Succeeded).ToList();
        string what = string.Join("; ", failed.Select(entry => Describe(entry.Command, entry.Number, result.Commands.Count)));
        string fate = output switch
        {
            null => string.Empty,
            { IsStaged: true } => $" '{output.Path}' is as it was.",
            { BytesWritten: long bytes } => $" {ByteText.Of(bytes)} {(bytes == 1 ? "was" : "were")} added to '{output.Path}'.",
            _ => string.Empty,
        };
        return new TransferException(TransferErrorId.CommandFailed,
            $"{what}.{fate}",
            "See what the command says of it; -AllowFailure takes such an end as none.",
            target: failed[^1].Command.Name)
        {
            Pipeline = result,
        };
    }

    private static string Describe(NativeCommandResult command, int number, int count)
    {
        string place = count == 1 ? string.Empty : $" (command {number} of {count})";
        string end = command switch
        {
            { Signal: string signal } => $"was ended by {signal}",
            { ExitCode: int code } => $"ended with exit code {code}",
            _ => "ended, but another part of this process took its exit code",
        };
        string? lastLine = command.ErrorText?.TrimEnd().Split('\n')[^1].Trim();
        return $"'{command.Name}'{place} {end}{(string.IsNullOrEmpty(lastLine) ? string.Empty : $" and said: {lastLine}")}";
    }
}
