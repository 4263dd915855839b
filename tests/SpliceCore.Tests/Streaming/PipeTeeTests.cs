using Splice.Interop;
using Xunit;

namespace Splice.Tests.Streaming;

/// <summary>A process that another test starts has a copy of every descriptor until its exec: an end that is closed would stay open.</summary>
[Collection(SerialCollection.Name)]
public sealed class PipeTeeTests : IDisposable
{
    private readonly SplicePipe _source = SplicePipe.Create();
    private readonly SplicePipe _destination = SplicePipe.Create();
    private readonly byte[] _content = Workspace.RandomBytes(10_000);

    private HandleTransferRequest Request => new() { Source = _source.ReadEnd, Destination = _destination.WriteEnd };

    [Theory]
    [InlineData(null, 10_000)]
    [InlineData(4_000L, 4_000)]
    [InlineData(20_000L, 10_000)]
    [InlineData(0L, 0)]
    public void What_is_duplicated_stays(long? count, int duplicated)
    {
        Fill();
        TransferResult result = Tee(Request with { Count = count });
        Assert.Equal((duplicated, null), (result.BytesCopied, result.Method));
        Assert.Equal((10_000, duplicated), (_source.BytesAvailable, _destination.BytesAvailable));
        Assert.Equal(_content[..duplicated], Read(_destination, duplicated));
        Assert.Equal(_content, Read(_source, 10_000));
    }

    [Fact]
    public void An_empty_source_is_waited_for()
    {
        var tee = new Worker<TransferResult>(() => PipeTee.Run(Request, TransferMonitor.None));
        tee.WaitUntilItPolls();
        Fill();
        Assert.Equal(10_000, tee.Join().BytesCopied);
    }

    [Fact]
    public void A_full_destination_is_waited_for()
    {
        Fill();
        LibC.Write(_destination.WriteEnd, new byte[_destination.Capacity], null);
        var tee = new Worker<TransferResult>(() => PipeTee.Run(Request, TransferMonitor.None));
        tee.WaitUntilItPolls();
        Read(_destination, _destination.Capacity);
        Assert.InRange(tee.Join().BytesCopied, 1, 10_000);
    }

    [Fact]
    public void A_pipe_that_is_closed_is_an_error_of_its_own()
    {
        var tee = new Worker<TransferResult>(() => PipeTee.Run(Request, TransferMonitor.None));
        tee.WaitUntilItPolls();
        _source.Dispose();
        Assert.Equal(TransferErrorId.HandleClosed, tee.JoinFailed<TransferException>().Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NonBlock_does_not_wait(bool isEmpty)
    {
        if (!isEmpty)
        {
            Fill();
            LibC.Write(_destination.WriteEnd, new byte[_destination.Capacity], null);
        }

        Assert.Equal(0, Tee(Request with { Flags = SpliceFlags.NonBlock }).BytesCopied);
        Assert.Equal(isEmpty ? 0 : 10_000, _source.BytesAvailable);
    }

    [Fact]
    public void A_source_that_nobody_writes_to_has_ended()
    {
        _source.CloseWrite();
        Assert.Equal(0, Tee(Request).BytesCopied);
    }

    [Fact]
    public void A_wait_can_be_stopped()
    {
        using var cancellation = new CancellationTokenSource();
        var tee = new Worker<TransferResult>(() => PipeTee.Run(Request, new TransferMonitor(Cancellation: cancellation.Token)));
        tee.WaitUntilItPolls();
        cancellation.Cancel();
        Assert.Equal(TransferErrorId.Cancelled, tee.JoinFailed<TransferException>().Id);
    }

    [Fact]
    public void A_reader_that_goes_away_during_the_wait_ends_it()
    {
        var tee = new Worker<TransferResult>(() => PipeTee.Run(Request, TransferMonitor.None));
        tee.WaitUntilItPolls();
        _destination.ReadEnd.Dispose();
        Assert.Equal(TransferErrorId.ReaderGone, tee.JoinFailed<TransferException>().Id);
    }

    [Fact]
    public void What_is_no_pair_of_pipes_is_an_error()
    {
        using Channel socket = Channel.UnixSocket();
        Assert.Equal(TransferErrorId.MethodNotPossible, Fail(Request with { Source = socket.Output }).Id);
        Assert.Equal(TransferErrorId.MethodNotPossible, Fail(Request with { Destination = socket.Input }).Id);
        Assert.Equal(TransferErrorId.SameFile, Fail(Request with { Destination = _source.WriteEnd }).Id);
        Assert.Equal(TransferErrorId.SourceNotReadable, Fail(Request with { Source = _source.WriteEnd }).Id);
        Assert.Equal(TransferErrorId.DestinationNotWritable, Fail(Request with { Destination = _destination.ReadEnd }).Id);
        Assert.Equal(TransferErrorId.NegativeCount, Fail(Request with { Count = -1 }).Id);
        _destination.ReadEnd.Dispose();
        Fill();
        Assert.Equal(TransferErrorId.ReaderGone, Fail(Request).Id);
    }

    public void Dispose()
    {
        _source.Dispose();
        _destination.Dispose();
    }

    private static TransferResult Tee(HandleTransferRequest request) =>
        Wait.For(limit => PipeTee.Run(request, new TransferMonitor(Cancellation: limit)));

    private static TransferException Fail(HandleTransferRequest request) => Assert.Throws<TransferException>(() => Tee(request));

    private static byte[] Read(SplicePipe pipe, int count)
    {
        byte[] buffer = new byte[count];
        return buffer[..(int)LibC.Read(pipe.ReadEnd, buffer, null).Value];
    }

    private void Fill() => Assert.Equal(10_000, LibC.Write(_source.WriteEnd, _content, null).Value);
}
