namespace Splice.TestHost;

/// <summary>One folder from one host: the arguments are the folder, where to, the private key, the file of known hosts, and
/// the host.</summary>
internal static class ReceiveHost
{
    public static int Serve(string[] arguments, TextWriter output)
    {
        int failed = 0;
        var request = new ReceiveRequest
        {
            Source = arguments[0],
            Destination = arguments[1],
            Hosts = [RemoteHost.Parse(arguments[4])],
            Recurse = true,
            Preserve = PreserveAttributes.All,
            Ssh = new SshOptions
            {
                KeyFilePath = arguments[2],
                Settings = new Dictionary<string, string> { ["UserKnownHostsFile"] = arguments[3], ["IdentitiesOnly"] = "yes" },
            },
        };
        RemoteCopy.Receive(request, TransferMonitor.None, outcome =>
        {
            output.WriteLine(outcome.Error?.Message ?? "received");
            failed += outcome.Error is null ? 0 : 1;
        });
        return failed;
    }
}
