using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>Transfers that would have to wait: without end, not at all, or until they are stopped.</summary>
public sealed class WaitingTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly byte[] _content = Workspace.RandomBytes(3 << 20);
    private readonly SafeFileHandle _source;
    private readonly SafeFileHandle _destination;

    public WaitingTests()
    {
        _source = Posix.OpenRead(_workspace.Write("source", _content));
        _destination = Posix.OpenWrite(_workspace["destination"]);
    }

    public static MatrixTheoryData<ChannelKind, TransferMethod> SourceChannels =>
        new(Enum.GetValues<ChannelKind>(), [TransferMethod.Splice, TransferMethod.ReadWrite]);

    public static MatrixTheoryData<ChannelKind, TransferMethod> DestinationChannels =>
        new(
            Enum.GetValues<ChannelKind>(),
            [TransferMethod.Auto, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite]);

    [Theory]
    [MemberData(nameof(SourceChannels))]
    public void A_wait_for_a_silent_source_can_be_stopped(ChannelKind kind, TransferMethod method)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        channel.Send(_content.AsSpan(0, 1000));
        TransferException stopped = StopWaiting(channel.Output, _destination, method);
        Assert.Equal(1000, stopped.PartialTransfer().BytesCopied);
        Assert.Equal(_content[..1000], File.ReadAllBytes(_workspace["destination"]));
    }

    [Theory]
    [MemberData(nameof(DestinationChannels))]
    public void A_wait_for_a_full_destination_can_be_stopped(ChannelKind kind, TransferMethod method)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        TransferException stopped = StopWaiting(_source, channel.Input, method);
        byte[] received = channel.ReceiveRest();
        Assert.Equal(received.Length, stopped.PartialTransfer().BytesCopied);
        Assert.True(received.AsSpan().SequenceEqual(_content.AsSpan(0, received.Length)));
        Assert.Equal(received.Length, LibC.Seek(_source, 0, SeekOrigin.Current).Value);
    }

    [Fact]
    public void A_token_that_was_cancelled_before_stops_everything()
    {
        TransferException stopped = Assert.Throws<TransferException>(() => HandleTransfer.Run(
            new HandleTransferRequest { Source = _source, Destination = _destination },
            new TransferMonitor(Cancellation: new CancellationToken(canceled: true))));
        Assert.Equal((TransferErrorId.Cancelled, 0L), (stopped.Id, stopped.PartialTransfer().BytesCopied));
        Assert.Empty(File.ReadAllBytes(_workspace["destination"]));
    }

    [Theory]
    [MemberData(nameof(SourceChannels))]
    public void NonBlock_takes_what_is_there_and_loses_nothing(ChannelKind kind, TransferMethod method)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        var request = new HandleTransferRequest
        {
            Source = channel.Output,
            Destination = _destination,
            Method = method,
            Flags = SpliceFlags.NonBlock,
        };
        Assert.Equal(0, Transfers.Run(request).BytesCopied);
        foreach ((int offset, int count) in ((int, int)[])[(0, 1000), (1000, 500)])
        {
            channel.Send(_content.AsSpan(offset, count));

            // The kernel may deliver what was sent through TCP a moment later.
            Wait.Until(() => channel.Waiting == count, "The bytes do not arrive.");
            Assert.Equal(count, Transfers.Run(request).BytesCopied);
        }

        Assert.Equal(_content[..1500], File.ReadAllBytes(_workspace["destination"]));
    }

    [Fact]
    public void NonBlock_moves_between_a_full_and_an_empty_pipe_without_waiting()
    {
        using Channel from = Channel.Pipe();
        using Channel to = Channel.Pipe();
        from.Send(_content.AsSpan(0, 1000));
        var request = new HandleTransferRequest
        {
            Source = from.Output,
            Destination = to.Input,
            Flags = SpliceFlags.NonBlock,
        };
        Assert.Equal(1000, Transfers.Run(request).BytesCopied);
        to.Send(new byte[15 * 4096]);
        from.Send(_content.AsSpan(1000, 1000));
        Assert.Equal(0, Transfers.Run(request).BytesCopied);
        Assert.Equal(1000, from.Waiting);
    }

    [Theory]
    [MemberData(nameof(DestinationChannels))]
    public void A_reader_that_went_away_is_named(ChannelKind kind, TransferMethod method)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        channel.Output.Dispose();
        TransferException gone = Transfers.Fail(new HandleTransferRequest
        {
            Source = _source,
            Destination = channel.Input,
            DestinationName = "the reader",
            Method = method,
        });
        Assert.Equal((TransferErrorId.ReaderGone, "the reader"), (gone.Id, gone.Target));
        Assert.True(gone.Errno is Errno.EPIPE or Errno.ECONNRESET, $"{gone.Errno}");
    }

    [Fact]
    public void A_reader_that_goes_away_during_a_wait_ends_it()
    {
        using Channel channel = Channel.Pipe();
        var transfer = new Worker<TransferResult>(() => Transfers.Run(_source, channel.Input));
        transfer.WaitUntilItPolls();
        channel.Output.Dispose();
        TransferException gone = transfer.JoinFailed<TransferException>();
        Assert.Equal((TransferErrorId.ReaderGone, Errno.EPIPE), (gone.Id, gone.Errno));
        Assert.Equal(65_536, gone.PartialTransfer().BytesCopied);
    }

    [Theory]
    [InlineData(ChannelKind.Pipe)]
    [InlineData(ChannelKind.UnixSocket)]
    public void A_reader_that_goes_away_while_the_source_is_silent_ends_the_wait(ChannelKind kind)
    {
        using Channel silent = Channel.Tcp();
        using Channel channel = Channel.Open(kind, _workspace);
        var transfer = new Worker<TransferResult>(() => Transfers.Run(silent.Output, channel.Input));
        transfer.WaitUntilItPolls();
        channel.Output.Dispose();
        Assert.Equal(TransferErrorId.ReaderGone, transfer.JoinFailed<TransferException>().Id);
    }

    [Theory]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    public void What_had_left_the_source_and_did_not_arrive_is_told(TransferMethod method)
    {
        using Channel from = Channel.UnixSocket();
        using Channel to = Channel.UnixSocket();

        // The source holds more than the destination has room for: the transfer can come to wait at the destination alone.
        var fill = new HandleTransferRequest { Source = _source, Destination = from.Input, Flags = SpliceFlags.NonBlock };
        byte[] before = new byte[Transfers.Run(fill).BytesCopied / 2];
        to.Send(before);
        TransferException stopped = StopWaiting(from.Output, to.Input, method);
        TransferResult partial = stopped.PartialTransfer();
        Assert.InRange(partial.BytesUndelivered, 1, 1 << 20);
        Assert.Contains($"{ByteText.Of(partial.BytesUndelivered)} more had been read", stopped.Message, StringComparison.Ordinal);
        Assert.Equal(before.Length + partial.BytesCopied, to.ReceiveRest().Length);

        // What comes next is what follows on those that were taken.
        Transfers.Run(fill);
        byte[] next = new byte[1];
        Assert.Equal(1, LibC.Read(from.Output, next, null).Value);
        Assert.Equal(_content[partial.BytesCopied + partial.BytesUndelivered], next[0]);
    }

    [Theory]
    [InlineData(ChannelKind.UnixSocket)]
    [InlineData(ChannelKind.Tcp)]
    public void A_sockets_mode_is_put_back_after_success_and_failure(ChannelKind kind)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        long before = LibC.GetStatusFlags(channel.Input).Value;
        Transfers.Run(new HandleTransferRequest { Source = _source, Destination = channel.Input, Offset = 0, Count = 10 });
        Assert.Equal(before, LibC.GetStatusFlags(channel.Input).Value);
        channel.Output.Dispose();
        Transfers.Fail(new HandleTransferRequest { Source = _source, Destination = channel.Input });
        Assert.Equal(before, LibC.GetStatusFlags(channel.Input).Value);
    }

    [Theory]
    [MemberData(nameof(DestinationChannels))]
    public void NonBlock_gives_what_there_is_room_for_and_loses_nothing(ChannelKind kind, TransferMethod method)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        var request = new HandleTransferRequest
        {
            Source = _source,
            Destination = channel.Input,
            Method = method,
            Flags = SpliceFlags.NonBlock,
        };
        long given = Transfers.Run(request).BytesCopied;
        Assert.InRange(given, 1, _content.Length - 1);
        Assert.Equal(given, LibC.Seek(_source, 0, SeekOrigin.Current).Value);
        Assert.Equal(0, Transfers.Run(request).BytesCopied);
        byte[] received = channel.ReceiveRest();
        Assert.True(received.AsSpan().SequenceEqual(_content.AsSpan(0, (int)given)));
    }

    [Theory]
    [InlineData(DestinationKind.File)]
    [InlineData(DestinationKind.Pipe)]
    public void A_sender_that_breaks_off_is_an_error_of_the_source(DestinationKind to)
    {
        using Channel channel = Channel.Tcp();
        using var destination = new DestinationEnd(to, _workspace);
        channel.Input.Dispose(); // .NET closes a socket's handle by a reset
        TransferException broken = Transfers.Fail(new HandleTransferRequest
        {
            Source = channel.Output,
            SourceName = "the sender",
            Destination = destination.Handle,
        });
        Assert.Equal(
            (TransferErrorId.ReadFailed, Errno.ECONNRESET, "the sender"),
            (broken.Id, broken.Errno, broken.Target));
        destination.Received();
    }

    [Theory]
    [InlineData(TransferMethod.SendFile)]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    public void A_wait_for_a_full_terminal_can_be_stopped(TransferMethod method)
    {
        (SafeFileHandle master, SafeFileHandle slave) = Posix.Terminal();
        using (master)
        using (slave)
        {
            StopWaiting(_source, slave, method);
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _destination.Dispose();
        _workspace.Dispose();
    }

    private static TransferException StopWaiting(SafeHandle source, SafeHandle destination, TransferMethod method)
    {
        using var cancellation = new CancellationTokenSource();
        var transfer = new Worker<TransferResult>(() => HandleTransfer.Run(
            new HandleTransferRequest { Source = source, Destination = destination, Method = method },
            new TransferMonitor(Cancellation: cancellation.Token)));
        transfer.WaitUntilItPolls();
        cancellation.Cancel();
        TransferException stopped = transfer.JoinFailed<TransferException>();
        Assert.Equal((TransferErrorId.Cancelled, Errno.ECANCELED), (stopped.Id, stopped.Errno));
        return stopped;
    }
}
