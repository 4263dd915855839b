using Splice.Copying.Trees;
using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>A link that was named, and that is something else by the time it is opened.</summary>
public sealed class ExchangedLinkTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_took_its_place_is_not_copied_as_a_link(bool isFolder)
    {
        string source = isFolder ? Directory.CreateDirectory(_workspace["source"]).FullName : _workspace.Write("source", "text"u8.ToArray());
        var request = new CopyRequest { Source = source, Destination = _workspace["copy"] };
        TransferException failure = Assert.Throws<TransferException>(() => NodeCopy.Copy(request, DescriptorKind.SymbolicLink, followLink: false, CancellationToken.None));
        Assert.Equal(TransferErrorId.FolderChanged, failure.Id);
        Assert.Equal(["source"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();
}
