using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Descriptors;

public sealed class ClosedHandleTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void A_handle_closed_before_the_transfer_is_an_error_of_the_transfer()
    {
        _workspace.Write("file", [1]);
        SafeFileHandle open = File.OpenHandle(_workspace["file"]);
        SafeFileHandle closed = File.OpenHandle(_workspace["file"]);
        closed.Dispose();
        using (open)
        {
            Assert.Equal(TransferErrorId.HandleClosed, Transfers.Fail(new() { Source = closed, Destination = open }).Id);
            Assert.Equal(TransferErrorId.HandleClosed, Transfers.Fail(new() { Source = open, Destination = closed }).Id);
        }
    }

    public void Dispose() => _workspace.Dispose();
}
