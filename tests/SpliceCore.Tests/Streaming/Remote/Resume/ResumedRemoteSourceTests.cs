using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>A source that was changed after an interrupted transfer, and has the size and the modification time that it had.</summary>
public sealed class ResumedRemoteSourceTests(SshServer server) : IDisposable
{
    private const int Size = 3_000_001;

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void It_is_sent_from_its_beginning(string shell)
    {
        SendRequest request = InterruptSend(shell);
        Files.ChangeKeepingTime(request.Source, offset: 5000);

        Assert.Null(Remotes.Result(Remotes.Send(request)).ResumedAt);

        Files.AssertSameBytes(request.Source, request.Destination);
    }

    /// <summary>As after a loss of the device: the file system has the length of a file, and not its data.</summary>
    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void Data_that_the_host_has_lost_are_found_when_the_rest_is_sent(string shell)
    {
        SendRequest request = InterruptSend(shell);
        LoseData();

        Remotes.Error(Remotes.Send(request), TransferErrorId.VerificationFailed);

        Assert.Equal(["source"], _workspace.Names);
        Assert.Null(Remotes.Result(Remotes.Send(request)).ResumedAt);
        Files.AssertSameBytes(request.Source, request.Destination);
    }

    [Fact]
    public void Data_that_were_lost_here_are_found_when_the_rest_is_received()
    {
        ReceiveRequest request = InterruptReceive("bash");
        LoseData();
        _workspace.Write("whole", []);

        Remotes.Error(Remotes.Receive(request), TransferErrorId.VerificationFailed);

        Assert.Equal(["source", "whole"], _workspace.Names);
        Assert.Null(Remotes.Result(Remotes.Receive(request)).ResumedAt);
        Files.AssertSameBytes(request.Source, request.Destination);
    }

    /// <summary>Nothing of the old state stays.</summary>
    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void It_is_received_from_its_beginning(string shell)
    {
        ReceiveRequest request = InterruptReceive(shell);
        Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        if (shell == "busybox")
        {
            // Its stat(1) knows whole seconds.
            Thread.Sleep(1100);
        }

        Files.ChangeKeepingTime(request.Source, offset: 5000);
        _workspace.Write("whole", []);

        Assert.Null(Remotes.Result(Remotes.Receive(request)).ResumedAt);

        Files.AssertSameBytes(request.Source, request.Destination);
        Assert.Equal(["source", "target", "whole"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();

    private static string Run(string shell) => $"{(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"";

    /// <summary>Sends to a host that takes a part, and returns the request for one that takes everything.</summary>
    private SendRequest InterruptSend(string shell)
    {
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [server.Host(shell)],
            Destination = _workspace["target"],
            Ssh = server.SharedConnection,
            Resume = true,
        };
        RemoteHost dropping = server.Host($"part-{shell}", $"stdbuf -o0 head -c 1000000 | {Run(shell)}");
        Remotes.Error(Remotes.Send(request with { Hosts = [dropping] }), TransferErrorId.ConnectionFailed);
        return request;
    }

    /// <summary>Receives a part, and returns the request, which receives everything once the file "whole" exists.</summary>
    private ReceiveRequest InterruptReceive(string shell)
    {
        // Each test has a folder of its own, and so has the host of each.
        RemoteHost host = server.Host(
            $"drops-{Path.GetFileName(_workspace.Folder)}",
            $"{Run(shell)} | if [ -e {_workspace["whole"]} ]; then cat; else {{ read -r line; echo \"$line\"; head -c 1000000; }}; fi");
        var request = new ReceiveRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.SharedConnection,
            Resume = true,
        };
        Assert.NotNull(Assert.Single(Remotes.Receive(request)).Error);
        return request;
    }

    private void LoseData()
    {
        string partial = Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        using FileStream file = File.OpenWrite(_workspace[partial]);
        file.Position = 4096;
        file.Write(new byte[4096]);
    }
}
