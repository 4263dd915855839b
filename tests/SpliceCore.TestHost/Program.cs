using System.Text.Json;

namespace Splice.TestHost;

/// <summary>One copy in a process of its own, for tests that trace it, inject faults into it, limit or kill it.
/// Takes a <see cref="CopyRequest"/> as JSON and answers, as JSON on standard output, what came of it.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        CopyRequest request = JsonSerializer.Deserialize<CopyRequest>(arguments[0])!;
        try
        {
            TransferResult result = FileCopy.Copy(request, TransferMonitor.None);
            Answer(new
            {
                result.BytesCopied,
                result.BytesInHoles,
                result.BytesReflinked,
                Method = $"{result.Method}",
                result.SystemCalls,
                Attempts = result.Attempts.Select(attempt => attempt.ToString()),
                result.Warnings,
            });
            return 0;
        }
        catch (TransferException exception)
        {
            Answer(new
            {
                Error = $"{exception.Id}",
                Errno = $"{exception.Errno}",
                exception.Message,
                BytesCopied = exception.Partial?.BytesCopied ?? 0,
            });
            return 1;
        }
    }

    private static void Answer(object answer) => Console.Out.WriteLine(JsonSerializer.Serialize(answer));
}
