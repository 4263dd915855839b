using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>A shell that is killed on the host leaves what it ran: nobody may go on with the file while that still writes to
/// it.</summary>
public sealed class DeadShellTests(SshServer server) : IDisposable
{
    private const int Size = 8_000_000;

    private readonly Workspace _workspace = new();

    private string Shell => File.ReadAllText(_workspace["shell"]).Trim();

    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void What_it_left_writing_is_waited_for(string shell)
    {
        SshServer.Require();
        string bin = Directory.CreateDirectory(_workspace["bin"]).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "sh"), Command.Check("sh", "-c", $"command -v {shell}"));
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [server.Host($"noting-{Guid.NewGuid():N}", $"echo $$ > {_workspace["shell"]}; PATH={bin}:$PATH exec sh -c \"$SSH_ORIGINAL_COMMAND\"")],
            Destination = _workspace["target"],
            Ssh = server.Options,
            Resume = true,
        };
        string writer = string.Empty;
        var interruption = new Interruption(request.Destination, Size / 2, () =>
        {
            writer = Command.Check("pgrep", "-P", Shell);
            Command.Check("kill", "-STOP", writer);
            Command.Check("kill", "-9", Shell);
        });
        try
        {
            // In some shells the writer keeps the connection open.
            IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(
                request with { RateLimit = new RateLimiter(10_000_000), IdleTimeout = TimeSpan.FromSeconds(3) },
                new TransferMonitor(interruption.Watch));
            Assert.True(Assert.Single(outcomes).Error?.Id is TransferErrorId.IdleTimeout or TransferErrorId.ConnectionFailed);
            Remotes.Error(Remotes.Send(request), TransferErrorId.DestinationBusy);
        }
        finally
        {
            Command.Run("kill", "-CONT", writer);
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        Assert.InRange(result.ResumedAt!.Value, 1, Size + 72);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
        Assert.Equal(["bin", "shell", "source", "target"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();
}
