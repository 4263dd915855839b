using System.Text.Json;

namespace Splice.TestHost;

/// <summary>One source to many destinations: the arguments are "file" or "pipe", a file, and the paths to write. As a pipe,
/// the file comes by and by, so that it has to be waited for.</summary>
internal static class StreamHost
{
    private const int PieceSize = 50_000;

    public static int Serve(string[] arguments, TextWriter output)
    {
        using var pipe = SplicePipe.Create();
        bool waits = arguments[0] == "pipe";
        if (waits)
        {
            new Thread(() => Feed(arguments[1], pipe)) { IsBackground = true }.Start();
        }

        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            new StreamRequest
            {
                Source = waits ? TransferEndpoint.OfHandle(pipe.ReadEnd) : TransferEndpoint.OfPath(arguments[1]),
                Destinations = [.. arguments[2..].Select(TransferEndpoint.OfPath)],
            },
            TransferMonitor.None);
        output.WriteLine(JsonSerializer.Serialize(outcomes.Select(outcome => new
        {
            Error = outcome.Error is null ? null : $"{outcome.Error.Id}",
            Errno = $"{outcome.Error?.Errno}",
            outcome.BytesCopied,
            Attempts = outcome.Result?.Attempts.Select(attempt => $"{attempt}") ?? [],
        })));
        return 0;
    }

    private static void Feed(string path, SplicePipe pipe)
    {
        using var file = File.OpenRead(path);
        using var stream = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.WriteEnd.DangerousGetHandle(), ownsHandle: false), FileAccess.Write, bufferSize: 0);
        byte[] buffer = new byte[PieceSize];
        try
        {
            for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
            {
                Thread.Sleep(2);
                stream.Write(buffer, 0, read);
            }

            pipe.CloseWrite();
        }
        catch (IOException)
        {
            // The stream has failed, and no longer reads.
        }
    }
}
