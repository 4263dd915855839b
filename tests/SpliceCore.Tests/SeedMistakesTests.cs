using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests;

/// <summary>What py-splice, the module that this one grew from, gets wrong.</summary>
[Collection(SerialCollection.Name)]
public sealed class SeedMistakesTests : IDisposable
{
    private const long FourGibibytes = 4L << 30;

    private readonly Workspace _workspace = new();

    [Fact]
    public void Counts_beyond_2_gibibytes_are_moved()
    {
        const long Count = (2L << 30) + 4097;
        using SafeFileHandle zero = Posix.OpenRead("/dev/zero");
        using SafeFileHandle sink = Posix.Open("/dev/null", LibC.O_WRONLY);
        var request = new HandleTransferRequest { Source = zero, Destination = sink, Count = Count };
        Assert.Equal(Count, Transfers.Run(request).BytesMoved);
    }

    [Fact]
    public void A_file_of_5_gibibytes_is_copied_and_a_range_above_4()
    {
        byte[] content = Workspace.RandomBytes(10_000);
        using SafeFileHandle source = Posix.OpenWrite(_workspace["source"]);
        Assert.True(LibC.Write(source, content, FourGibibytes + 1000).Ok);
        Assert.True(LibC.Truncate(source, 5L << 30).Ok);

        using SafeFileHandle whole = Posix.OpenWrite(_workspace["whole"]);
        Assert.Equal(5L << 30, Transfers.Run(source, whole).BytesCopied);
        Assert.Equal(5L << 30, new FileInfo(_workspace["whole"]).Length);
        Assert.Equal(content, ReadAt(whole, FourGibibytes + 1000, content.Length));

        using SafeFileHandle part = Posix.OpenWrite(_workspace["part"]);
        Transfers.Run(new HandleTransferRequest
        {
            Source = source,
            Destination = part,
            Offset = FourGibibytes + 1001,
            DestinationOffset = FourGibibytes + 1,
            Count = 5000,
        });
        Assert.Equal(content[1..5001], ReadAt(part, FourGibibytes + 1, 5000));
    }

    [Fact]
    public void Steps_are_large()
    {
        const int Size = 64 << 20;
        using SafeFileHandle source = Posix.OpenRead(_workspace.WriteRandom("source", Size));
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        TransferResult result = Transfers.Run(source, destination);
        Assert.Equal(Size, result.BytesMoved);

        // In and out for every piece, and some to look and to tidy up: 4 KiB steps would take 32,768.
        Assert.InRange(result.SystemCalls, 1, (2 * (Size / Tuning.BufferSize)) + 30);
    }

    [Fact]
    public void Short_splices_are_completed()
    {
        byte[] content = Workspace.RandomBytes(1_000_003);
        using var source = new SourceEnd(SourceKind.UnixSocket, content, _workspace);
        using var destination = new DestinationEnd(DestinationKind.Pipe, _workspace);
        Assert.Equal(content.Length, Transfers.Run(source.Handle, destination.Handle).BytesCopied);
        Assert.True(destination.Received().AsSpan().SequenceEqual(content));
    }

    [Fact]
    public void No_descriptor_is_leaked()
    {
        using SafeFileHandle source = Posix.OpenRead(_workspace.WriteRandom("source", 7));
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        var request = new HandleTransferRequest { Source = source, Destination = destination, Offset = 0 };
        OpenDescriptors.AssertNoneLeft(() => Transfers.Run(request));
    }

    [Fact]
    public void Measuring_the_size_moves_no_position()
    {
        using SafeFileHandle source = Posix.OpenRead(_workspace.WriteRandom("source", 7));
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        LibC.Seek(source, 3, SeekOrigin.Begin);
        Transfers.Fail(new HandleTransferRequest { Source = source, Destination = destination, Count = 100 });
        Assert.Equal(3, LibC.Seek(source, 0, SeekOrigin.Current).Value);
        Assert.Equal(4, Transfers.Run(source, destination).BytesCopied);
    }

    [Fact]
    public void An_error_is_an_exception_with_the_reason_and_what_was_done()
    {
        using SafeFileHandle source = Posix.OpenRead(_workspace.WriteRandom("source", 7));
        using Channel channel = Channel.Pipe();
        channel.Output.Dispose();
        TransferException error = Transfers.Fail(
            new HandleTransferRequest { Source = source, Destination = channel.Input });
        Assert.Equal((TransferErrorId.ReaderGone, Errno.EPIPE), (error.Id, error.Errno));
        Assert.Equal(0, error.PartialTransfer().BytesCopied);
    }

    [Fact]
    public void An_offset_without_a_count_ends_at_the_end_of_the_file()
    {
        byte[] content = Workspace.RandomBytes(10_000);
        using SafeFileHandle source = Posix.OpenRead(_workspace.Write("source", content));
        using Channel channel = Channel.Pipe();
        Transfers.Run(new HandleTransferRequest { Source = source, Destination = channel.Input, Offset = 1024 });
        Assert.Equal(content[1024..], channel.ReceiveRest());
    }

    public void Dispose() => _workspace.Dispose();

    private static byte[] ReadAt(SafeFileHandle file, long offset, int count)
    {
        byte[] content = new byte[count];
        Assert.Equal(count, LibC.Read(file, content, offset).Value);
        return content;
    }
}
