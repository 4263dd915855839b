using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>Sending that is interrupted at random places, by the death of ssh here or of the shell there, and gone on
/// with.</summary>
public sealed class InterruptedSendTests(SshServer server) : IDisposable
{
    private const int Size = 2_000_001;

    private static readonly int Count = FullRun.Count(everyday: 3, full: 25);

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_are_identical(bool isSparse)
    {
        SshServer.Require();
        RemoteHost host = server.Host($"noting-{Guid.NewGuid():N}", $"echo $$ > {_workspace["shell"]}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        string source = isSparse ? SparseFile.Write(_workspace, "source", "XX....X...XXXX.........X..X") : _workspace.WriteRandom("source", Size);
        byte[] content = File.ReadAllBytes(source);
        var random = new Random(isSparse ? 1 : 2);
        int resumed = 0;
        for (int i = 0; i < Count; i++)
        {
            string target = _workspace[string.Create(CultureInfo.InvariantCulture, $"target-{i}")];
            var request = new SendRequest
            {
                Source = source,
                Hosts = [host],
                Destination = target,
                Ssh = server.Options,
                Resume = true,
                Verify = true,
                RateLimit = new RateLimiter(40_000_000),
            };
            bool endsHere = i % 2 == 0;
            var interruption = new Interruption(target, random.NextInt64(content.Length), () => Command.Check(
                "kill", "-9", endsHere ? Command.Check("pgrep", "-P", $"{Environment.ProcessId}", "-f", "--", $"-p {host.Port} ") : File.ReadAllText(_workspace["shell"]).Trim()));
            Remotes.Error(Remotes.Send(request, new TransferMonitor(interruption.Watch)), TransferErrorId.ConnectionFailed);
            Assert.False(File.Exists(target));
            Assert.InRange(Interruption.LengthOfPartial(target), 1, content.Length + 72);
            RemoteTransferResult result = Remotes.Result(Remotes.Send(request with { Ssh = server.SharedOptions(_workspace), RateLimit = null }));
            Assert.Equal(content, File.ReadAllBytes(target));
            resumed += result.ResumedAt is null ? 0 : 1;
        }

        Assert.Equal(Count, resumed);
        Assert.DoesNotContain(_workspace.Names, name => name.Contains(".splice-", StringComparison.Ordinal));
    }

    public void Dispose() => _workspace.Dispose();
}
