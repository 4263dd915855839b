using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>Receiving that is interrupted at random places, by the death of ssh here or of sshd there, and gone on with.</summary>
public sealed class InterruptedReceiveTests(SshServer server) : IDisposable
{
    private const int Size = 2_000_001;

    private static readonly int Count = FullRun.Count(everyday: 5, full: 50);

    private readonly Workspace _workspace = new();

    [Fact]
    public void All_are_identical()
    {
        SshServer.Require();

        // It gives so many bytes, and then the connection goes, or it waits until it has gone.
        RemoteHost host = server.Host($"cut-{Guid.NewGuid():N}", $$"""
            read -r bytes end < {{_workspace["limit"]}}
            [ "$bytes" != all ] || exec dash -c "$SSH_ORIGINAL_COMMAND"
            dash -c "$SSH_ORIGINAL_COMMAND" | {
                read -r line
                echo "$line"
                head -c "$bytes"
                [ "$end" = wait ] || kill -9 $PPID
                while kill -0 $PPID 2>/dev/null; do sleep 0.1; done
            }
            """);
        string source = _workspace.WriteRandom("source", Size);
        byte[] content = File.ReadAllBytes(source);
        var random = new Random(3);
        for (int i = 0; i < Count; i++)
        {
            string target = _workspace[string.Create(CultureInfo.InvariantCulture, $"target-{i}")];
            var request = new ReceiveRequest
            {
                Source = source,
                Hosts = [host],
                Destination = target,
                Ssh = server.Options,
                Resume = true,
                Verify = true,
            };
            int bytes = random.Next(400_000, Size);
            bool endsHere = i % 2 == 0;
            File.WriteAllText(_workspace["limit"], string.Create(CultureInfo.InvariantCulture, $"{bytes} {(endsHere ? "wait" : "end")}\n"));
            var worker = new Worker<IReadOnlyList<RemoteOutcome>>(() => Remotes.Receive(request));
            if (endsHere)
            {
                // The rest of what was let through is anywhere by then.
                Interruption.WaitForPartial(target, bytes / 2, () => worker.EndReport);
                Command.Check("kill", "-9", Command.Check("pgrep", "-P", $"{Environment.ProcessId}", "-f", "--", $"-p {host.Port} "));
            }

            Remotes.Error(worker.Join(), TransferErrorId.ConnectionFailed);
            Assert.False(File.Exists(target));
            long kept = Interruption.LengthOfPartial(target);
            Assert.InRange(kept, 1, bytes);
            File.WriteAllText(_workspace["limit"], "all\n");
            RemoteTransferResult result = Remotes.Result(Remotes.Receive(request with { Ssh = server.SharedOptions(_workspace) }));

            // A block that has only begun is received again.
            kept -= kept % 4096;
            Assert.Equal(kept, result.ResumedAt);
            Assert.Equal(Size - kept, result.BytesSent);
            Assert.Equal(content, File.ReadAllBytes(target));
        }

        Assert.DoesNotContain(_workspace.Names, name => name.Contains(".splice-", StringComparison.Ordinal));
    }

    public void Dispose() => _workspace.Dispose();
}
