using System.Text.Json;

namespace Splice.TestHost;

/// <summary>One copy in a process of its own, for tests that trace it, inject faults into it, limit or kill it.
/// Takes a <see cref="CopyRequest"/> as JSON and answers, as JSON on standard output, what came of it. With --hold
/// before it, "ready" is said, and a line awaited. With --wait a copy is rehearsed before, so that all code is loaded. With
/// --trees, trees are copied; with --stream, a file is moved to many destinations; with --send, it is sent to many hosts;
/// with --receive, a folder is received from one; with --transfer, either, until it is stopped; with --hostile, what hosts send that mean harm; with --pipelines, native commands are run; with --report, a pair is only
/// looked at; with --measure, it is measured between two folders.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments[0] == "--stream")
        {
            return StreamHost.Serve(arguments[1..], Console.Out);
        }

        if (arguments[0] == "--send")
        {
            return SendHost.Serve(arguments[1..], Console.Out);
        }

        if (arguments[0] == "--receive")
        {
            return ReceiveHost.Serve(arguments[1..], Console.Out);
        }

        if (arguments[0] == "--transfer")
        {
            return TransferHost.Serve(arguments[1..], Console.In, Console.Out);
        }

        if (arguments[0] == "--hostile")
        {
            return HostileHost.Serve(arguments[1..], Console.Out);
        }

        if (arguments[0] == "--trees")
        {
            return TreeHost.Serve(Console.In, Console.Out);
        }

        if (arguments[0] == "--pipelines")
        {
            return PipelineHost.Serve(Console.In, Console.Out);
        }

        if (arguments[0] == "--report")
        {
            return ReportHost.Answer(arguments[1], arguments[2], Console.Out);
        }

        if (arguments[0] == "--measure")
        {
            return MeasureHost.Answer(arguments[1], arguments[2], Console.Out);
        }

        CopyRequest request = JsonSerializer.Deserialize<CopyRequest>(arguments[^1])!;
        if (arguments[0] == "--wait")
        {
            Rehearse();
        }

        if (arguments[0] is "--wait" or "--hold")
        {
            // Opened now: after the word, there may be no descriptors to have.
            TextReader input = Console.In;
            Console.Out.WriteLine("ready");
            input.ReadLine();
        }

        return Copy(request, Console.Out);
    }

    public static int Copy(CopyRequest request, TextWriter output)
    {
        try
        {
            TransferResult result = FileCopy.Copy(request, TransferMonitor.None);
            Answer(output, new
            {
                result.BytesCopied,
                result.BytesInHoles,
                result.BytesReflinked,
                Method = $"{result.Method}",
                result.SystemCalls,
                result.Retries,
                result.ResumedAt,
                result.Verified,
                result.Flushed,
                Attempts = result.Attempts.Select(attempt => attempt.ToString()),
                result.Warnings,
            });
            return 0;
        }
        catch (TransferException exception)
        {
            var partial = exception.Partial as TransferResult;
            Answer(output, new
            {
                Error = $"{exception.Id}",
                Errno = $"{exception.Errno}",
                exception.Message,
                exception.DifferenceOffset,
                BytesCopied = partial?.BytesCopied ?? 0,
                Retries = partial?.Retries ?? 0,
                partial?.ResumedAt,
            });
            return 1;
        }
    }

    public static void Rehearse()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("splice-rehearsal-");
        string source = Path.Combine(folder.FullName, "source");
        File.WriteAllText(source, "rehearsal");
        var request = new CopyRequest { Source = source, Destination = Path.Combine(folder.FullName, "copy") };
        Copy(request, TextWriter.Null);
        Copy(request with { Method = TransferMethod.Splice }, TextWriter.Null);
        Copy(request with { Source = request.Destination + "-that-is-not-there" }, TextWriter.Null);
        folder.Delete(recursive: true);
    }

    private static void Answer(TextWriter output, object answer) => output.WriteLine(JsonSerializer.Serialize(answer));
}
