using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>File offsets after a transfer, as splice(2) has them; and how much a count takes.</summary>
public sealed class PositionTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _source;
    private readonly SafeFileHandle _destination;
    private readonly Channel _pipe = Channel.Pipe();
    private readonly byte[] _content = Workspace.RandomBytes(1000);

    public PositionTests()
    {
        _source = Posix.OpenWrite(_workspace.Write("source", _content));
        _destination = Posix.OpenWrite(_workspace.Write("destination", new byte[1000]));
        LibC.Seek(_source, 100, SeekOrigin.Begin);
        LibC.Seek(_destination, 200, SeekOrigin.Begin);
    }

    public static TheoryData<TransferMethod> BetweenFiles =>
    [
        TransferMethod.Auto,
        TransferMethod.CopyFileRange,
        TransferMethod.SendFile,
        TransferMethod.Splice,
        TransferMethod.ReadWrite,
    ];

    public static TheoryData<TransferMethod> BetweenAnything => [TransferMethod.Splice, TransferMethod.ReadWrite];

    private byte[] Written => File.ReadAllBytes(_workspace["destination"]);

    [Theory]
    [MemberData(nameof(BetweenFiles))]
    public void Without_offsets_both_positions_move_on(TransferMethod method)
    {
        Transfers.Run(new HandleTransferRequest
        {
            Source = _source,
            Destination = _destination,
            Count = 50,
            Method = method,
        });
        Assert.Equal((150, 250), (PositionOf(_source), PositionOf(_destination)));
        Assert.Equal(_content[100..150], Written[200..250]);
    }

    [Theory]
    [MemberData(nameof(BetweenFiles))]
    public void Offsets_leave_the_positions_where_they_are(TransferMethod method)
    {
        Transfers.Run(new HandleTransferRequest
        {
            Source = _source,
            Destination = _destination,
            Offset = 10,
            DestinationOffset = 20,
            Count = 50,
            Method = method,
        });
        Assert.Equal((100, 200), (PositionOf(_source), PositionOf(_destination)));
        Assert.Equal(_content[10..60], Written[20..70]);
    }

    [Theory]
    [MemberData(nameof(BetweenFiles))]
    public void One_offset_leaves_one_position(TransferMethod method)
    {
        var request = new HandleTransferRequest
        {
            Source = _source,
            Destination = _destination,
            Count = 50,
            Method = method,
        };
        Transfers.Run(request with { Offset = 10 });
        Assert.Equal((100, 250), (PositionOf(_source), PositionOf(_destination)));
        Transfers.Run(request with { DestinationOffset = 20 });
        Assert.Equal((150, 250), (PositionOf(_source), PositionOf(_destination)));
        Assert.Equal(_content[10..60], Written[200..250]);
        Assert.Equal(_content[100..150], Written[20..70]);
    }

    [Theory]
    [MemberData(nameof(BetweenFiles))]
    public void One_handle_on_both_sides_keeps_its_position(TransferMethod method)
    {
        Transfers.Run(new HandleTransferRequest
        {
            Source = _source,
            Destination = _source,
            Offset = 0,
            DestinationOffset = 500,
            Count = 50,
            Method = method,
        });
        Assert.Equal(100, PositionOf(_source));
        Assert.Equal(_content[..50], File.ReadAllBytes(_workspace["source"])[500..550]);
    }

    [Theory]
    [MemberData(nameof(BetweenAnything))]
    public void A_file_beside_a_pipe_moves_on(TransferMethod method)
    {
        var request = new HandleTransferRequest
        {
            Source = _source,
            Destination = _pipe.Input,
            Count = 50,
            Method = method,
        };
        Transfers.Run(request);
        Assert.Equal(150, PositionOf(_source));
        Transfers.Run(request with { Source = _pipe.Output, Destination = _destination });
        Assert.Equal(250, PositionOf(_destination));
        Assert.Equal(_content[100..150], Written[200..250]);
    }

    [Fact]
    public void Looking_for_holes_moves_no_position()
    {
        using SafeFileHandle sparse = Posix.OpenRead(SparseFile.Write(_workspace, "sparse", ".X.X"));
        LibC.Seek(sparse, 5, SeekOrigin.Begin);
        Transfers.Run(new HandleTransferRequest { Source = sparse, Destination = _destination, Offset = 0 });
        Assert.Equal(5, PositionOf(sparse));
    }

    [Theory]
    [MemberData(nameof(BetweenAnything))]
    public void A_stopped_transfer_leaves_the_positions_at_what_arrived(TransferMethod method)
    {
        using SafeFileHandle large = Posix.OpenRead(_workspace.WriteRandom("large", 3 << 20));
        using var cancellation = new CancellationTokenSource();
        TransferException stopped = Assert.Throws<TransferException>(() => HandleTransfer.Run(
            new HandleTransferRequest { Source = large, Destination = _destination, Method = method },
            new TransferMonitor(_ => cancellation.Cancel(), cancellation.Token)));
        long arrived = stopped.PartialTransfer().BytesCopied;
        Assert.Equal(TransferErrorId.Cancelled, stopped.Id);
        Assert.InRange(arrived, 1, (3 << 20) - 1);
        Assert.Equal((arrived, 200 + arrived), (PositionOf(large), PositionOf(_destination)));
        Assert.Equal(200 + arrived, Written.Length);
    }

    [Theory]
    [InlineData(ChannelKind.Pipe, TransferMethod.Splice)]
    [InlineData(ChannelKind.Pipe, TransferMethod.ReadWrite)]
    [InlineData(ChannelKind.UnixSocket, TransferMethod.Splice)]
    [InlineData(ChannelKind.UnixSocket, TransferMethod.ReadWrite)]
    [InlineData(ChannelKind.Tcp, TransferMethod.Splice)]
    [InlineData(ChannelKind.Tcp, TransferMethod.ReadWrite)]
    public void A_count_takes_no_byte_too_many_from_a_source_without_positions(ChannelKind kind, TransferMethod method)
    {
        using Channel channel = Channel.Open(kind, _workspace);
        channel.Send(_content);
        Transfers.Run(new HandleTransferRequest
        {
            Source = channel.Output,
            Destination = _destination,
            Count = 300,
            Method = method,
        });
        Assert.Equal(_content[..300], Written[200..500]);
        Assert.Equal(_content[300..], channel.ReceiveRest());
    }

    [Fact]
    public void A_count_that_a_pipe_does_not_reach_takes_what_there_is()
    {
        _pipe.Send(_content);
        _pipe.Finish();
        var request = new HandleTransferRequest { Source = _pipe.Output, Destination = _destination, Count = 5000 };
        Assert.Equal(1000, Transfers.Run(request).BytesCopied);
    }

    [Fact]
    public void A_count_of_zero_waits_for_nothing()
    {
        TransferResult result = Transfers.Run(
            new HandleTransferRequest { Source = _pipe.Output, Destination = _destination, Count = 0 });
        Assert.Equal((0, null), (result.BytesCopied, result.Method));
    }

    public void Dispose()
    {
        _source.Dispose();
        _destination.Dispose();
        _pipe.Dispose();
        _workspace.Dispose();
    }

    private static long PositionOf(SafeHandle handle) => LibC.Seek(handle, 0, SeekOrigin.Current).Value;
}
