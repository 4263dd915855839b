using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>-NoClobber where the name is taken at the last moment, and on file systems that know neither O_TMPFILE nor
/// RENAME_NOREPLACE, as NFS.</summary>
public sealed class NoClobberTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void A_new_file_gets_its_name_and_nothing_is_left_beside_it()
    {
        byte[] content = Workspace.RandomBytes(5000);
        string target = Directory.CreateDirectory(_workspace["target"]).FullName;

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = _workspace.Write("source", content), Destination = Path.Combine(target, "copy"), NoClobber = true },
            "strace", "-f", "-o", "/dev/null", "-P", target,

            // The first open is the folder's, the second that of the unnamed file.
            "-e", "inject=openat:error=EOPNOTSUPP:when=2", "-e", "inject=renameat2:error=EINVAL");

        Assert.Equal(0, answer.ExitCode);
        Assert.Equal([Path.Combine(target, "copy")], Directory.GetFileSystemEntries(target));
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(target, "copy")));
    }

    [Fact]
    public void A_name_that_is_taken_during_the_copy_is_an_error_that_tells_how_far_it_got()
    {
        _workspace.WriteRandom("source", 5000);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = _workspace["source"], Destination = _workspace["copy"], NoClobber = true },
            new TransferMonitor(_ => File.WriteAllText(_workspace["copy"], "another"))));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(5000, error.PartialTransfer().BytesCopied);
        Assert.Equal("another", File.ReadAllText(_workspace["copy"]));
    }

    public void Dispose() => _workspace.Dispose();
}
