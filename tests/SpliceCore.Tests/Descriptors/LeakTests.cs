using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Descriptors;

/// <summary>Neither success nor failure leaves a descriptor behind.</summary>
[Collection(SerialCollection.Name)]
public sealed class LeakTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public LeakTests() => _workspace.WriteRandom("source", 100_003);

    [Theory]
    [InlineData(SourceKind.File, DestinationKind.File, TransferMethod.Auto)]
    [InlineData(SourceKind.File, DestinationKind.File, TransferMethod.CopyFileRange)]
    [InlineData(SourceKind.File, DestinationKind.File, TransferMethod.SendFile)]
    [InlineData(SourceKind.File, DestinationKind.File, TransferMethod.Splice)]
    [InlineData(SourceKind.File, DestinationKind.File, TransferMethod.ReadWrite)]
    [InlineData(SourceKind.File, DestinationKind.LargePipe, TransferMethod.Auto)]
    [InlineData(SourceKind.Pipe, DestinationKind.File, TransferMethod.Splice)]
    [InlineData(SourceKind.Pipe, DestinationKind.File, TransferMethod.ReadWrite)]
    [InlineData(SourceKind.Pipe, DestinationKind.Pipe, TransferMethod.Splice)]
    [InlineData(SourceKind.UnixSocket, DestinationKind.Tcp, TransferMethod.Splice)]
    [InlineData(SourceKind.Zero, DestinationKind.UnixSocket, TransferMethod.Splice)]
    public void A_transfer_leaves_no_descriptor_behind(SourceKind from, DestinationKind to, TransferMethod method) =>
        OpenDescriptors.AssertNoneLeft(() =>
        {
            using var source = new SourceEnd(from, new byte[200_003], _workspace);
            using var destination = new DestinationEnd(to, _workspace);
            Transfers.Run(new HandleTransferRequest
            {
                Source = source.Handle,
                Destination = destination.Handle,
                Count = source.Count,
                Method = method,
            });
            destination.Received();
        });

    [Fact]
    public void A_pipe_that_was_handed_over_is_closed() => OpenDescriptors.AssertNoneLeft(() =>
    {
        LibC.EventFd(out SafeFileHandle destination);
        using (destination)
        using (var source = new SourceEnd(SourceKind.UnixSocket, [1, 0, 0, 0, 0, 0, 0, 0], _workspace))
        {
            Assert.Equal(TransferMethod.ReadWrite, Transfers.Run(source.Handle, destination, TransferMethod.Auto).Method);
        }
    });

    [Fact]
    public void Parts_and_their_whole_leave_none() => OpenDescriptors.AssertNoneLeft(() =>
    {
        var copy = new CopyRequest { Source = _workspace["source"], Destination = _workspace.Folder };
        IReadOnlyList<TransferResult> parts = FileSplit.Split(new SplitRequest { Copy = copy, PartCount = 3 }, TransferMonitor.None);
        var join = new JoinRequest
        {
            Sources = [.. parts.Select(part => part.Destination)],
            Copy = copy with { Destination = _workspace["whole"] },
        };
        FileJoin.Join(join, TransferMonitor.None);
        using var stopped = new CancellationTokenSource();
        var monitor = new TransferMonitor(_ => stopped.Cancel(), stopped.Token);
        Assert.Throws<TransferException>(() => FileJoin.Join(join, monitor));
    });

    [Fact]
    public void A_terminal_is_closed_again() => OpenDescriptors.AssertNoneLeft(() =>
    {
        (SafeFileHandle master, SafeFileHandle slave) = Posix.Terminal();
        using (master)
        using (slave)
        using (SafeFileHandle source = Posix.OpenRead(_workspace.Write("short", [1, 2, 3])))
        {
            Transfers.Run(source, slave, TransferMethod.Auto);
        }
    });

    [Theory]
    [InlineData(ChannelKind.Pipe)]
    [InlineData(ChannelKind.UnixSocket)]
    [InlineData(ChannelKind.Tcp)]
    public void A_stopped_wait_leaves_no_descriptor_behind(ChannelKind kind) => OpenDescriptors.AssertNoneLeft(() =>
    {
        using Channel silent = Channel.Open(kind, _workspace);
        using Channel destination = Channel.Open(kind, _workspace);
        using var cancellation = new CancellationTokenSource();
        var transfer = new Worker<TransferResult>(() => HandleTransfer.Run(
            new HandleTransferRequest { Source = silent.Output, Destination = destination.Input },
            new TransferMonitor(Cancellation: cancellation.Token)));
        transfer.WaitUntilItPolls();
        cancellation.Cancel();
        Assert.Equal(TransferErrorId.Cancelled, transfer.JoinFailed<TransferException>().Id);
    });

    [Fact]
    public void An_error_leaves_no_descriptor_behind() => OpenDescriptors.AssertNoneLeft(() =>
    {
        using SafeFileHandle source = Posix.OpenRead(_workspace["source"]);
        using Channel channel = Channel.UnixSocket();
        var request = new HandleTransferRequest { Source = source, Destination = channel.Input };
        Transfers.Fail(request with { Offset = 1_000_000 });
        Transfers.Fail(request with { Method = TransferMethod.Reflink });
        channel.Output.Dispose();
        Transfers.Fail(request);
    });

    [Fact]
    public void A_copy_leaves_no_descriptor_behind() =>
        OpenDescriptors.AssertNoneLeft(() => Copy("source", "destination"));

    [Theory]
    [InlineData("nothing", "destination")]
    [InlineData(".", "destination")]
    [InlineData("source", "nowhere/destination")]
    [InlineData("source", "source")]
    public void A_copy_that_fails_leaves_no_descriptor_behind(string source, string destination) =>
        OpenDescriptors.AssertNoneLeft(() => Assert.Throws<TransferException>(() => Copy(source, destination)));

    public void Dispose() => _workspace.Dispose();

    private void Copy(string source, string destination) => FileCopy.Copy(
        new CopyRequest { Source = _workspace[source], Destination = _workspace[destination] }, TransferMonitor.None);
}
