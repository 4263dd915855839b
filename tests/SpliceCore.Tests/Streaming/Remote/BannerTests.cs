using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The errors of hosts with a banner, and with start files that print to standard error.</summary>
public sealed class BannerTests(SshServer server) : IDisposable
{
    private const string Banner = "Authorized\nuse\nof this\nhost\nonly.\n";
    private const string Welcome = "printf 'tar: Welcome\\nto this host' >&2; ";

    private readonly Workspace _workspace = new();

    [Fact]
    public void An_error_of_ssh_has_none_of_it()
    {
        RemoteHost host = Host("refuses", "exit 0");
        SendRequest request = Request(RemoteHost.Parse($"nobody-of-that-name@{host.Text}"));
        TransferException denied = Remotes.Error(Remotes.Send(request), TransferErrorId.ConnectionFailed);
        Check(denied, "Permission denied");
        Assert.StartsWith("Check the user name, and that your key is authorized", denied.RecommendedAction, StringComparison.Ordinal);
        ReceiveRequest receive = Receive(request.Hosts[0], "source");
        Check(Remotes.Error(Remotes.Receive(receive), TransferErrorId.ConnectionFailed), "Permission denied");
    }

    [Fact]
    public void An_error_of_the_script_has_none_of_it()
    {
        RemoteHost host = Host("runs", "exec bash -c \"$SSH_ORIGINAL_COMMAND\"");
        SendRequest request = Request(host) with { Destination = _workspace["none/target"] };
        Check(Remotes.Error(Remotes.Send(request), TransferErrorId.DestinationFolderNotFound), $": The folder '{_workspace["none"]}' does not exist on {host.Text}.");
        Check(Remotes.Error(Remotes.Receive(Receive(host, "none")), TransferErrorId.SourceNotFound), $": The file '{_workspace["none"]}' does not exist on {host.Text}.");
        Check(Remotes.Error(Remotes.Receive(Receive(host, "none") with { Recurse = true }), TransferErrorId.SourceNotFound), $": The folder '{_workspace["none"]}' does not exist on {host.Text}.");
        Directory.CreateDirectory(_workspace["folder"]);
        Assert.Empty(Remotes.Result(Remotes.Receive(Receive(host, "folder") with { Recurse = true, Destination = _workspace["copy"] })).Warnings);
    }

    [Fact]
    public void An_error_of_a_tool_on_the_host_is_shown()
    {
        SshServer.Require();
        using var mount = Mount.Memory("tmpfs", "size=1m");
        SendRequest request = Request(Host("runs", "exec bash -c \"$SSH_ORIGINAL_COMMAND\"")) with
        {
            Source = _workspace.WriteRandom("large", 3_000_000),
            Destination = Path.Combine(mount.Folder, "target"),
        };
        Check(Remotes.Error(Remotes.Send(request), TransferErrorId.DiskFull), "No space left on device");
    }

    [Fact]
    public void An_error_of_another_command_than_the_script_is_shown()
    {
        TransferException error = Remotes.Error(Remotes.Send(Request(Host("forces", "echo Not today >&2; exit 7"))), TransferErrorId.RemoteFailed);
        Assert.Contains("Not today", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _workspace.Dispose();

    private static void Check(TransferException error, string cause)
    {
        Assert.Contains(cause, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("this", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Welcome", error.Message, StringComparison.Ordinal);
    }

    private RemoteHost Host(string name, string command) => server.Host($"banner-{name}", Welcome + command, banner: Banner);

    private SendRequest Request(RemoteHost host) => new()
    {
        Source = _workspace.WriteRandom("source", 1000),
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.Options,
    };

    private ReceiveRequest Receive(RemoteHost host, string source) => new()
    {
        Source = _workspace[source],
        Hosts = [host],
        Destination = _workspace["received"],
        Ssh = server.Options,
    };
}
