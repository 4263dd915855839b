using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>File systems that choose the owner of a new file, as FAT and NFS with root_squash do: here each file seems to be another
/// user's.</summary>
public sealed class ChosenOwnerTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int Size = 3 * MiB;

    // The start of struct statx: mask, block size, attributes, number of links, and 1000 as the owner.
    private const string OfUser1000 = "ff1f0000" + "00100000" + "0000000000000000" + "01000000" + "e8030000";

    private readonly Workspace _folder = new();

    public ChosenOwnerTests() => _folder.WriteRandom("source", Size);

    private CopyRequest Request => new() { Source = _folder["source"], Destination = _folder["copy"], Resume = true };

    [Fact]
    public void A_partial_file_is_created() => AssertCopied(null);

    [Fact]
    public void A_partial_file_is_resumed()
    {
        long kept = InterruptedCopy.Stop(Request with { Method = TransferMethod.ReadWrite }, after: MiB).PartialTransfer().BytesCopied;

        AssertCopied(kept);
    }

    public void Dispose() => _folder.Dispose();

    private void AssertCopied(long? resumedAt)
    {
        Command.RequireRoot();
        HostAnswer answer = HostedCopy.Run(
            Request, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=statx", "-e", $"inject=statx:poke_exit=@arg5={OfUser1000}");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(resumedAt, answer.ResumedAt);
        Files.AssertSameBytes(_folder["source"], _folder["copy"]);
        Assert.Equal(["copy", "source"], _folder.Names);
    }
}
