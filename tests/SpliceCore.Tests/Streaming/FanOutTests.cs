using System.Buffers;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Streaming;

/// <summary>Several destinations, one of which is slow, fails or vanishes: it has an error of its own, and the others get
/// everything.</summary>
[Collection(SerialCollection.Name)]
public sealed class FanOutTests : IDisposable
{
    private const int PipeCapacity = 65_536;
    private const int PieceSize = 1 << 16; // what -PipeSize asks for here

    private const int BufferSize = Tuning.BufferSize;

    private readonly Workspace _workspace = new();
    private readonly byte[] _content = Workspace.RandomBytes(3 << 20);
    private readonly TransferEndpoint _source;
    private readonly TransferEndpoint _file;

    public FanOutTests()
    {
        _source = TransferEndpoint.OfPath(_workspace.Write("source", _content));
        _file = TransferEndpoint.OfPath(_workspace["copy"]);
    }

    public static TheoryData<ChannelKind> Channels => new(Enum.GetValues<ChannelKind>());

    [Theory]
    [MemberData(nameof(Channels))]
    public void A_reader_that_was_gone_before_is_an_error_of_its_own(ChannelKind kind)
    {
        using Channel gone = Channel.Open(kind, _workspace);
        gone.Output.Dispose();
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(Request(TransferEndpoint.OfHandle(gone.Input, "the gone"), _file));
        Assert.Equal((TransferErrorId.ReaderGone, "the gone"), (outcomes[0].Error!.Id, outcomes[0].Error!.Target));
        ArrivedWhole(outcomes[1]);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public void A_reader_that_vanishes_in_the_middle_tells_how_much_it_was_sent(ChannelKind kind)
    {
        using Channel vanishing = Channel.Open(kind, _workspace);
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(Request(TransferEndpoint.OfHandle(vanishing.Input), _file));
        LibC.Read(vanishing.Output, new byte[1000], null);
        vanishing.Output.Dispose();
        IReadOnlyList<StreamOutcome> outcomes = stream.Join();
        Assert.Equal(TransferErrorId.ReaderGone, outcomes[0].Error!.Id);
        Assert.InRange(outcomes[0].Error!.PartialTransfer().BytesCopied, 1, _content.Length - 1);
        ArrivedWhole(outcomes[1]);
    }

    [Fact]
    public void A_reader_that_does_not_read_holds_the_source_back()
    {
        using Channel fed = Channel.Pipe();
        using Channel slow = Channel.Pipe();
        using Channel fast = Channel.Pipe();
        var sent = 0L;
        var feeder = new Worker<bool>(() =>
        {
            for (int at = 0; at < _content.Length; at += 4096)
            {
                fed.Send(_content.AsSpan(at, 4096));
                Interlocked.Add(ref sent, 4096);
            }

            fed.Finish();
            return true;
        });
        var reader = new Worker<byte[]>(() => fast.ReceiveAll());
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(Streams.Request(fed.Output, slow.Input, fast.Input) with { PipeSize = PieceSize });
        Wait.Until(() => slow.Waiting == PipeCapacity, "The pipe does not get full.", () => stream.EndReport);
        stream.WaitUntilItPolls();

        // Its pipe, ours for it, the piece, the source's pipe, and no more.
        Assert.InRange(Interlocked.Read(ref sent), PipeCapacity, (2 * PipeCapacity) + (2 * PieceSize));
        var late = new Worker<byte[]>(() => slow.ReceiveAll());
        Assert.All(stream.Join(), outcome => Assert.Equal(_content.Length, outcome.Result?.BytesCopied));
        feeder.Join();
        slow.Finish();
        fast.Finish();
        Assert.True(late.Join().AsSpan().SequenceEqual(_content));
        Assert.True(reader.Join().AsSpan().SequenceEqual(_content));
    }

    [Fact]
    public void A_reader_that_does_not_read_for_too_long_is_left_behind()
    {
        using Channel stuck = Channel.Pipe();
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(
            Request(TransferEndpoint.OfHandle(stuck.Input), _file) with { IdleTimeout = TimeSpan.FromMilliseconds(100) });
        Assert.Equal((TransferErrorId.IdleTimeout, PipeCapacity), (outcomes[0].Error!.Id, (int)outcomes[0].Error!.PartialTransfer().BytesCopied));
        ArrivedWhole(outcomes[1]);
    }

    [Fact]
    public void A_source_that_is_closed_at_any_moment_is_an_error_of_all()
    {
        var random = new Random(1);
        for (int round = 0; round < FullRun.Rounds(everyday: 300, full: 3000); round++)
        {
            using Channel source = Channel.Pipe();
            using Channel one = Channel.Pipe();
            using Channel other = Channel.Pipe();
            Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(Streams.Request(source.Output, one.Input, other.Input));
            stream.WaitUntilItPolls();
            // A pipe of a destination takes 16 of them: each is a buffer of its own.
            for (int i = random.Next(1, 10); i > 0; i--)
            {
                LibC.Write(source.Input, [1], null);
            }

            Thread.SpinWait(random.Next(100));
            source.Output.Dispose();

            // It may wait for the source, which it has open until then.
            LibC.Write(source.Input, [1], null);
            Assert.All(stream.Join(), outcome => Assert.Equal(TransferErrorId.HandleClosed, outcome.Error?.Id));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_source_that_gives_nothing_for_too_long_is_an_error_of_all(int count)
    {
        using Channel silent = Channel.UnixSocket();
        silent.Send(_content.AsSpan(0, 1000));
        File.WriteAllText(_workspace["old0"], "old");
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(new StreamRequest
        {
            Source = TransferEndpoint.OfHandle(silent.Output, "the silent"),
            Destinations = [.. Enumerable.Range(0, count).Select(i => TransferEndpoint.OfPath(_workspace[$"old{i}"]))],
            IdleTimeout = TimeSpan.FromMilliseconds(100),
        });
        Assert.Equal(count, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Equal(
            (TransferErrorId.IdleTimeout, "the silent", 1000), (outcome.Error!.Id, outcome.Error.Target, outcome.Error.PartialTransfer().BytesCopied)));
        Assert.Equal("old", File.ReadAllText(_workspace["old0"]));
        Assert.Equal(["old0", "source"], _workspace.Names);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_reader_that_goes_away_while_the_source_is_silent_is_noticed(int count)
    {
        using Channel silent = Channel.Tcp();
        Channel[] readers = [.. Enumerable.Range(0, count).Select(_ => Channel.Pipe())];
        silent.Send(_content.AsSpan(0, 1000));
        Worker<IReadOnlyList<StreamOutcome>> stream =
            Streams.Start(Streams.Request(silent.Output, [.. readers.Select(reader => reader.Input)]));
        stream.WaitUntilItPolls();
        Array.ForEach(readers, reader => reader.Output.Dispose());
        Assert.All(stream.Join(), outcome => Assert.Equal(
            (TransferErrorId.ReaderGone, 1000), (outcome.Error!.Id, outcome.Error.PartialTransfer().BytesCopied)));
        Array.ForEach(readers, reader => reader.Dispose());
    }

    [Fact]
    public void A_handle_that_its_owner_closes_while_the_source_is_silent_is_noticed()
    {
        using Channel silent = Channel.Tcp();
        using Channel first = Channel.Pipe();
        using Channel second = Channel.Pipe();
        silent.Send(_content.AsSpan(0, 1000));
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(Streams.Request(silent.Output, first.Input, second.Input));
        stream.WaitUntilItPolls();

        // The wait ends by the first one's reader, and then the second one is closed.
        second.Input.Dispose();
        first.Output.Dispose();
        TransferErrorId[] ids = [.. stream.Join().Select(outcome => outcome.Error!.Id)];
        Assert.Equal(TransferErrorId.ReaderGone, ids[0]);
        Assert.Equal(TransferErrorId.HandleClosed, ids[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_peer_that_only_ended_its_own_sending_still_reads(int count)
    {
        using Channel silent = Channel.Pipe();
        Channel[] readers = [.. Enumerable.Range(0, count).Select(_ => Channel.Tcp())];
        Assert.All(readers, reader => Assert.True(Posix.TryEndSending(reader.Output)));
        Worker<IReadOnlyList<StreamOutcome>> stream =
            Streams.Start(Streams.Request(silent.Output, [.. readers.Select(reader => reader.Input)]));
        stream.WaitUntilItPolls();
        silent.Send(_content.AsSpan(0, 1000));
        silent.Finish();
        Assert.All(stream.Join(), outcome => Assert.Equal(1000, outcome.Result?.BytesCopied));
        Assert.All(readers, reader => Assert.Equal(_content[..1000], reader.ReceiveRest()));
        Array.ForEach(readers, reader => reader.Dispose());
    }

    [Fact]
    public void What_a_sender_gave_before_it_broke_off_arrives()
    {
        using Channel breaking = Channel.Tcp();
        using Channel first = Channel.Pipe();
        using Channel second = Channel.Pipe();
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(Streams.Request(breaking.Output, first.Input, second.Input));
        breaking.Send(_content.AsSpan(0, 1000));
        byte[] buffer = new byte[1000];
        Assert.Equal(1000, LibC.Read(first.Output, buffer, null).Value);
        stream.WaitUntilItPolls();
        breaking.Input.Dispose(); // .NET closes a socket's handle by a reset
        Assert.All(stream.Join(), outcome => Assert.Equal(
            (TransferErrorId.ReadFailed, Errno.ECONNRESET, 1000),
            (outcome.Error!.Id, outcome.Error.Errno, outcome.Error.PartialTransfer().BytesCopied)));
        Assert.Equal(_content[..1000], second.ReceiveRest());
    }

    [Fact]
    public void StopsOnError_ends_all()
    {
        using Channel stuck = Channel.Pipe();
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(
            Request(TransferEndpoint.OfPath("/dev/full"), TransferEndpoint.OfHandle(stuck.Input), _file) with { StopsOnError = true });
        Assert.Equal(
            [TransferErrorId.DiskFull, TransferErrorId.Cancelled, TransferErrorId.Cancelled], outcomes.Select(outcome => outcome.Error!.Id));
        Assert.Equal(["source"], _workspace.Names);
    }

    [Fact]
    public void StopsOnError_ends_one_with_bytes_pending()
    {
        using Channel vanishing = Channel.Pipe();
        using Channel stuck = Channel.Pipe();
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(
            Request(TransferEndpoint.OfHandle(vanishing.Input), TransferEndpoint.OfHandle(stuck.Input)) with { StopsOnError = true });
        Wait.Until(() => stuck.Waiting == PipeCapacity, "The pipe was not filled.", () => stream.EndReport);
        vanishing.Output.Dispose();
        Assert.Equal([TransferErrorId.ReaderGone, TransferErrorId.Cancelled], stream.Join().Select(outcome => outcome.Error!.Id));
    }

    [Fact]
    public void One_that_cannot_be_opened_does_not_keep_the_others()
    {
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(Request(TransferEndpoint.OfPath(_workspace["nowhere/file"]), _file));
        Assert.Equal(TransferErrorId.DestinationFolderNotFound, outcomes[0].Error!.Id);
        ArrivedWhole(outcomes[1]);
        outcomes = Streams.Run(Request(TransferEndpoint.OfPath(_workspace["nowhere/file"]), TransferEndpoint.OfPath(_workspace["other"])) with { StopsOnError = true });
        Assert.All(outcomes, outcome => Assert.NotNull(outcome.Error));
        Assert.Equal(["copy", "source"], _workspace.Names);
    }

    [Fact]
    public void One_that_is_named_twice_is_an_error()
    {
        using Channel pipe = Channel.Pipe();
        TransferEndpoint end = TransferEndpoint.OfHandle(pipe.Input);
        var reader = new Worker<byte[]>(() => pipe.ReceiveAll());
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(Request(end, end, _file, _file));
        Assert.Equal([null, TransferErrorId.SameFile, null, TransferErrorId.SameFile], outcomes.Select(outcome => outcome.Error?.Id));
        pipe.Finish();
        Assert.True(reader.Join().AsSpan().SequenceEqual(_content));
    }

    [Fact]
    public void It_can_be_stopped_and_what_was_taken_goes_where_it_can()
    {
        using Channel fed = Channel.Pipe();
        using Channel stuck = Channel.Pipe();
        using Channel free = Channel.Pipe();
        LibC.Write(stuck.Input, new byte[PipeCapacity], null);
        fed.Send(_content.AsSpan(0, 1000));
        using var cancellation = new CancellationTokenSource();
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(Streams.Request(fed.Output, stuck.Input, free.Input), cancellation);
        stream.WaitUntilItPolls();
        cancellation.Cancel();
        IReadOnlyList<StreamOutcome> outcomes = stream.Join();
        Assert.All(outcomes, outcome => Assert.Equal(TransferErrorId.Cancelled, outcome.Error!.Id));
        Assert.Equal([0L, 1000L], outcomes.Select(outcome => outcome.Error!.PartialTransfer().BytesCopied));
        Assert.Equal([1000L, 0L], outcomes.Select(outcome => outcome.Error!.PartialTransfer().BytesUndelivered));
        Assert.Contains("1000 bytes more had been read", outcomes[0].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(_content[..1000], free.ReceiveRest());
    }

    [Fact]
    public void Positions_move_by_what_arrived()
    {
        using var source = Posix.OpenRead(_workspace["source"]);
        using var first = Posix.OpenWrite(_workspace["first"]);
        using var second = Posix.OpenWrite(_workspace["second"]);
        LibC.Seek(source, 100, SeekOrigin.Begin);
        LibC.Write(second, [1, 2, 3], null);
        Streams.Run(Streams.Request(source, first, second) with { Count = 1000 });
        Assert.Equal([1100L, 1000L, 1003L], new[] { source, first, second }.Select(handle => LibC.Seek(handle, 0, SeekOrigin.Current).Value));
        Assert.Equal([1, 2, 3, .. _content[100..1100]], File.ReadAllBytes(_workspace["second"]));
        Streams.Run(Streams.Request(source, first, second) with { Offset = 5, Count = 10 });
        Assert.Equal(1100, LibC.Seek(source, 0, SeekOrigin.Current).Value);
    }

    [Fact]
    public void A_pipe_that_ends_before_the_count_is_an_error_and_the_old_file_stays()
    {
        using Channel fed = Channel.Pipe();
        fed.Send(_content.AsSpan(0, 1000));
        fed.Finish();
        File.WriteAllText(_workspace["copy"], "old");
        IReadOnlyList<StreamOutcome> outcomes = Streams.Run(new StreamRequest
        {
            Source = TransferEndpoint.OfHandle(fed.Output),
            Destinations = [_file, TransferEndpoint.OfPath("/dev/null")],
            Count = 2000,
        });
        Assert.All(outcomes, outcome => Assert.Equal((TransferErrorId.CountPastEnd, 1000), (outcome.Error!.Id, outcome.Error.PartialTransfer().BytesCopied)));
        Assert.Equal("old", File.ReadAllText(_workspace["copy"]));
        Assert.Equal(["copy", "source"], _workspace.Names);
    }

    [Fact]
    public void A_file_that_is_replaced_keeps_its_mode()
    {
        File.WriteAllText(_workspace["copy"], "old");
        File.SetUnixFileMode(_workspace["copy"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        ArrivedWhole(Streams.Run(Request(_file, TransferEndpoint.OfPath("/dev/null")))[0]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, File.GetUnixFileMode(_workspace["copy"]));
    }

    [Fact]
    public void A_rate_holds_for_all_together()
    {
        var rate = new RateLimiter(long.MaxValue / 4);
        ArrivedWhole(Streams.Run(Request(TransferEndpoint.OfPath("/dev/null"), _file) with { RateLimit = rate })[1]);
        using var cancellation = new CancellationTokenSource();
        Worker<IReadOnlyList<StreamOutcome>> crawl = Streams.Start(
            Request(TransferEndpoint.OfPath("/dev/null"), _file) with { RateLimit = new RateLimiter(1) }, cancellation);
        cancellation.Cancel();
        Assert.All(crawl.Join(), outcome => Assert.InRange(outcome.Error!.PartialTransfer().BytesCopied, 0, 1000));
    }

    [Fact]
    public void A_fifo_waits_for_its_other_end_no_longer_than_it_may()
    {
        Posix.MakeFifo(_workspace["in"]);
        Posix.MakeFifo(_workspace["out"]);
        StreamRequest request = Request(TransferEndpoint.OfPath(_workspace["out"]), _file) with { IdleTimeout = TimeSpan.FromMilliseconds(50) };
        Assert.Equal(TransferErrorId.IdleTimeout, Streams.Run(request)[0].Error!.Id);
        TransferException failure = Assert.Throws<TransferException>(() => Streams.Run(request with { Source = TransferEndpoint.OfPath(_workspace["in"]) }));
        Assert.Equal((TransferErrorId.IdleTimeout, _workspace["in"]), (failure.Id, failure.Target));
    }

    [Fact]
    public void Fifos_whose_ends_come_later()
    {
        Posix.MakeFifo(_workspace["in"]);
        Posix.MakeFifo(_workspace["out"]);
        Worker<IReadOnlyList<StreamOutcome>> stream = Streams.Start(new StreamRequest
        {
            Source = TransferEndpoint.OfPath(_workspace["in"]),
            Destinations = [TransferEndpoint.OfPath(_workspace["out"]), _file],
        });
        var writer = new Worker<bool>(() =>
        {
            File.WriteAllBytes(_workspace["in"], _content);
            return true;
        });
        byte[] received = File.ReadAllBytes(_workspace["out"]);
        writer.Join();
        Assert.True(received.AsSpan().SequenceEqual(_content));
        ArrivedWhole(stream.Join()[1]);
    }

    [Fact]
    public void A_buffer_is_given_back_once()
    {
        Streams.Run(Request(TransferEndpoint.OfPath("/dev/full"), _file));
        byte[] first = ArrayPool<byte>.Shared.Rent(BufferSize);
        byte[] second = ArrayPool<byte>.Shared.Rent(BufferSize);
        Assert.NotSame(first, second);
    }

    [Fact]
    public void Nothing_is_left_open() => OpenDescriptors.AssertNoneLeft(() =>
    {
        using Channel fed = Channel.UnixSocket();
        using Channel gone = Channel.Pipe();
        using Channel full = Channel.Tcp();
        gone.Output.Dispose();
        fed.Send(_content.AsSpan(0, 10_000));
        fed.Finish();
        Streams.Run(new StreamRequest
        {
            Source = TransferEndpoint.OfHandle(fed.Output),
            Destinations = [_file, TransferEndpoint.OfHandle(gone.Input), TransferEndpoint.OfHandle(full.Input), TransferEndpoint.OfPath("/dev/full")],
        });
        Streams.Run(Request(_file));
        Streams.Run(Request(_file) with { Source = TransferEndpoint.OfContent(_content) });
        Assert.Throws<TransferException>(() => Streams.Run(Request(_file) with { Offset = long.MaxValue }));
    });

    public void Dispose() => _workspace.Dispose();

    private StreamRequest Request(params TransferEndpoint[] destinations) =>
        new() { Source = _source, Destinations = destinations, PipeSize = PieceSize };

    private void ArrivedWhole(StreamOutcome outcome)
    {
        Assert.Null(outcome.Error);
        Assert.Equal(_content.Length, outcome.Result!.BytesCopied);
        Assert.True(File.ReadAllBytes(_workspace["copy"]).AsSpan().SequenceEqual(_content));
    }
}
