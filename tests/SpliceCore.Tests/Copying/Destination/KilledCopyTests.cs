using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>A copy that is killed half way leaves the old file, and nothing beside it.</summary>
public sealed class KilledCopyTests
{
    [Theory]
    [InlineData("KILL", 137)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    [InlineData("INT", 130)]
    public void The_old_file_is_there_and_no_litter(string signal, int exitCode)
    {
        Command.Require("mkfifo", "kill");
        using var folder = new Workspace();
        Command.Check("mkfifo", folder["source"]);
        folder.WriteRandom("copy", 1000, seed: 2);
        using HostedCopy host = HostedCopy.Start(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] });
        using (FileStream writer = new(folder["source"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0))
        {
            // Twice what a pipe holds: when the write returns, the copy has begun, and it cannot end.
            new Worker<bool>(() =>
            {
                writer.Write(new byte[128 * 1024]);
                return true;
            }).Join();

            Assert.Equal(exitCode, host.Kill(signal));
        }

        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(folder["copy"]));
        Assert.Equal(["copy", "source"], folder.Names);
    }
}
