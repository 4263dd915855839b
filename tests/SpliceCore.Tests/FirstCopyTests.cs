using Xunit;

namespace Splice.Tests;

public class FirstCopyTests
{
    [Fact]
    public void A_file_is_copied()
    {
        using var workspace = new Workspace();
        string source = workspace.WriteRandom("a", 100_000);
        TransferResult result = FileCopy.Copy(new CopyRequest { Source = source, Destination = workspace["b"] }, TransferMonitor.None);
        Assert.Equal(100_000, result.BytesCopied);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(workspace["b"]));
    }
}
