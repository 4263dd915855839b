using System.Runtime.InteropServices;

namespace Splice.TestHost;

/// <summary>A transfer with one host that can be interrupted as by Ctrl+C (SIGINT), or killed: the arguments are words ("send" or
/// "receive", "several", "tree", "update", "mirror", "resume", "verify", "delta") joined by commas, the source, the destination, the private
/// key, the file of known hosts, and the host.
/// It starts with a line of the input.</summary>
internal static class TransferHost
{
    public static int Serve(string[] arguments, TextReader input, TextWriter output)
    {
        string[] words = arguments[0].Split(',');
        using var stop = new CancellationTokenSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        output.WriteLine("ready");
        output.Flush();
        input.ReadLine();
        RemoteOutcome? last = null;
        var monitor = new TransferMonitor(Cancellation: stop.Token);
        try
        {
            if (words.Contains("several"))
            {
                var request = (SendRequest)Complete(new SendRequest { Source = arguments[1], Destination = arguments[2], Hosts = [] });
                RemoteCopy.Send([request, request with { Source = $"{request.Source}-2" }], monitor, outcome => last = outcome, error => throw error);
            }
            else if (words.Contains("send"))
            {
                RemoteCopy.Send((SendRequest)Complete(new SendRequest { Source = arguments[1], Destination = arguments[2], Hosts = [] }), monitor, outcome => last = outcome);
            }
            else
            {
                RemoteCopy.Receive((ReceiveRequest)Complete(new ReceiveRequest { Source = arguments[1], Destination = arguments[2], Hosts = [] }), monitor, outcome => last = outcome);
            }
        }
        catch (TransferException exception)
        {
            output.WriteLine($"{exception.Id}");
            return 1;
        }

        output.WriteLine(last?.Error is { } error ? $"{error.Id}: {error.Message}" : "done");
        return last?.Error is null ? 0 : 1;

        RemoteRequest Complete(RemoteRequest request) => request with
        {
            Hosts = [RemoteHost.Parse(arguments[5])],
            Recurse = words.Contains("tree"),
            Update = words.Contains("update") ? UpdateMode.Changed : UpdateMode.Always,
            RemoveExtra = words.Contains("mirror"),
            MaximumRemoval = long.MaxValue,
            Resume = words.Contains("resume"),
            Verify = words.Contains("verify"),
            Delta = words.Contains("delta") ? DeltaMode.Always : DeltaMode.Never,
            Ssh = new SshOptions
            {
                KeyFilePath = arguments[3],
                Settings = new Dictionary<string, string> { ["UserKnownHostsFile"] = arguments[4], ["IdentitiesOnly"] = "yes" },
            },
        };
    }
}
