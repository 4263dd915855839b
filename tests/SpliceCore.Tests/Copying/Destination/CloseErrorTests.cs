using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>NFS and FUSE may report only at close(2) that bytes did not reach the disk. File systems that are known to be local do not:
/// here, the type is unknown.</summary>
public sealed class CloseErrorTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("EDQUOT", "DiskFull")]
    [InlineData("EIO", "WriteFailed")]
    public void What_the_close_answers_is_an_error(string errno, string id)
    {
        string target = _workspace.Write("target", [1, 2, 3]);

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = _workspace.WriteRandom("source", 5000), Destination = target, DestinationOffset = 0 },
            "strace", "-f", "-o", "/dev/null", "-P", target, "-e", "inject=fstatfs:error=ENOSYS", "-e", $"inject=close:error={errno}:when=1");

        Assert.Equal(id, answer.Error);
        Assert.Equal(errno, answer.Errno);
    }

    public void Dispose() => _workspace.Dispose();
}
