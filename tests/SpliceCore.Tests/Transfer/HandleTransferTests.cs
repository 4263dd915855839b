using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>Every kind of source into every kind of destination, the other ends read and written by and by.</summary>
public sealed class HandleTransferTests : IDisposable
{
    private static readonly int[] Sizes = [0, 1, 7, 4096, 100_003, (3 << 20) + 5];

    private static readonly TransferMethod[] ByName =
        [TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite];

    private readonly Workspace _workspace = new();

    public static MatrixTheoryData<SourceKind, DestinationKind> Pairs =>
        new(Enum.GetValues<SourceKind>(), Enum.GetValues<DestinationKind>());

    public static MatrixTheoryData<SourceKind, DestinationKind, int> PairsAndSizes =>
        new(Enum.GetValues<SourceKind>(), Enum.GetValues<DestinationKind>(), Sizes);

    public static MatrixTheoryData<SourceKind, DestinationKind, TransferMethod> PairsAndMethods =>
        new(Enum.GetValues<SourceKind>(), Enum.GetValues<DestinationKind>(), ByName);

    [Theory]
    [MemberData(nameof(PairsAndSizes))]
    public void Every_byte_arrives(SourceKind from, DestinationKind to, int size) =>
        Move(from, to, size, TransferMethod.Auto);

    [Theory]
    [MemberData(nameof(PairsAndMethods))]
    public void A_named_method_moves_the_bytes_or_says_that_it_cannot(SourceKind from, DestinationKind to, TransferMethod method)
    {
        bool possible = method switch
        {
            TransferMethod.CopyFileRange => from == SourceKind.File && to == DestinationKind.File,
            TransferMethod.SendFile => from == SourceKind.File,
            _ => true,
        };
        if (possible)
        {
            Assert.Equal(method, Move(from, to, 100_003, method).Method);
            return;
        }

        using var source = new SourceEnd(from, [], _workspace);
        using var destination = new DestinationEnd(to, _workspace);
        TransferException refused = Transfers.Fail(new HandleTransferRequest
        {
            Source = source.Handle,
            Destination = destination.Handle,
            Count = source.Count,
            Method = method,
        });
        Assert.Equal(TransferErrorId.MethodNotPossible, refused.Id);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_pipe_of_one_page_is_enough(SourceKind from, DestinationKind to) =>
        Move(from, to, 100_003, TransferMethod.Splice, pipeSize: 1);

    public void Dispose() => _workspace.Dispose();

    private TransferResult Move(SourceKind from, DestinationKind to, int size, TransferMethod method, int? pipeSize = null)
    {
        byte[] content = Workspace.RandomBytes(size);
        using var source = new SourceEnd(from, content, _workspace);
        using var destination = new DestinationEnd(to, _workspace);
        TransferResult result = Transfers.Run(new HandleTransferRequest
        {
            Source = source.Handle,
            Destination = destination.Handle,
            Count = source.Count,
            Method = method,
            PipeSize = pipeSize,
        });
        Assert.Equal(size, result.BytesCopied);
        Assert.True(LibC.GetStatusFlags(source.Handle).Ok, "The source was closed.");
        Assert.True(LibC.GetStatusFlags(destination.Handle).Ok, "The destination was closed.");
        byte[]? received = destination.Received();
        Assert.True(received is null || received.AsSpan().SequenceEqual(content), "What arrived is not what was sent.");
        return result;
    }
}
