using Splice.Tests.Copying.Resume;
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
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [server.Host(shell)],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Resume = true,
        };
        RemoteHost dropping = server.Host($"part-{shell}", $"head -c 1000000 | {(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"");
        Remotes.Error(Remotes.Send(request with { Hosts = [dropping] }), TransferErrorId.ConnectionFailed);
        ResumedSourceTests.Change(request.Source, offset: 5000);

        Assert.Null(Remotes.Result(Remotes.Send(request)).ResumedAt);

        Files.AssertSameBytes(request.Source, request.Destination);
    }

    /// <summary>As after a loss of the device: the file system has the length of a file, and not its data.</summary>
    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void Data_that_the_host_has_lost_are_found_when_the_rest_is_sent(string shell)
    {
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [server.Host(shell)],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Resume = true,
        };
        RemoteHost dropping = server.Host($"part-{shell}", $"head -c 1000000 | {(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"");
        Remotes.Error(Remotes.Send(request with { Hosts = [dropping] }), TransferErrorId.ConnectionFailed);
        LoseData();

        Remotes.Error(Remotes.Send(request), TransferErrorId.VerificationFailed);

        Assert.Equal(["source"], _workspace.Names);
        Assert.Null(Remotes.Result(Remotes.Send(request)).ResumedAt);
        Files.AssertSameBytes(request.Source, request.Destination);
    }

    [Fact]
    public void Data_that_were_lost_here_are_found_when_the_rest_is_received()
    {
        RemoteHost host = server.Host(
            "drops-once", "bash -c \"$SSH_ORIGINAL_COMMAND\" | if [ -e " + _workspace["whole"] + " ]; then cat; else { read -r line; echo \"$line\"; head -c 1000000; }; fi");
        var request = new ReceiveRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Resume = true,
        };
        Assert.NotNull(Assert.Single(Remotes.Receive(request)).Error);
        LoseData();
        _workspace.Write("whole", []);

        Remotes.Error(Remotes.Receive(request), TransferErrorId.VerificationFailed);

        Assert.Equal(["source", "whole"], _workspace.Names);
        Assert.Null(Remotes.Result(Remotes.Receive(request)).ResumedAt);
        Files.AssertSameBytes(request.Source, request.Destination);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void It_is_received_from_its_beginning(string shell)
    {
        string command = $"{(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"";
        RemoteHost host = server.Host($"drops-{shell}", command + " | if [ -e " + _workspace["whole"] + " ]; then cat; else { read -r line; echo \"$line\"; head -c 1000000; }; fi");
        var request = new ReceiveRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Resume = true,
        };
        Assert.NotNull(Assert.Single(Remotes.Receive(request)).Error);
        Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        if (shell == "busybox")
        {
            // Its stat(1) knows whole seconds.
            Thread.Sleep(1100);
        }

        ResumedSourceTests.Change(request.Source, offset: 5000);
        _workspace.Write("whole", []);

        Assert.Null(Remotes.Result(Remotes.Receive(request)).ResumedAt);

        Files.AssertSameBytes(request.Source, request.Destination);
    }

    public void Dispose() => _workspace.Dispose();

    private void LoseData()
    {
        string partial = Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        using FileStream file = File.OpenWrite(_workspace[partial]);
        file.Position = 4096;
        file.Write(new byte[4096]);
    }
}
