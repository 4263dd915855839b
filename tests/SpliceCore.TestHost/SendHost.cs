namespace Splice.TestHost;

/// <summary>One file to many hosts: the arguments are "plain", "verify" or "resume", the file, where to, the private key, the file of
/// known hosts, and the hosts.</summary>
internal static class SendHost
{
    public static int Serve(string[] arguments, TextWriter output)
    {
        int failed = 0;
        var request = new SendRequest
        {
            Source = arguments[1],
            Destination = arguments[2],
            Hosts = [.. arguments[5..].Select(host => RemoteHost.Parse(host))],
            Verify = arguments[0] == "verify",
            Resume = arguments[0] == "resume",
            Ssh = new SshOptions
            {
                KeyFilePath = arguments[3],
                Settings = new Dictionary<string, string> { ["UserKnownHostsFile"] = arguments[4], ["IdentitiesOnly"] = "yes" },
            },
        };
        RemoteCopy.Send(request, TransferMonitor.None, outcome =>
        {
            output.WriteLine($"{outcome.Host}: {outcome.Error?.Message ?? "sent"}");
            failed += outcome.Error is null ? 0 : 1;
        });
        return failed;
    }
}
