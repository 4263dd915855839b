using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>Files into pipes that hold much: they are filled from a pipe of our own.</summary>
public sealed class LargePipeTests : IDisposable
{
    private const int KiB = 1024;

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData(64 * KiB, 3_000_001, TransferMethod.SendFile)]
    [InlineData(128 * KiB, 3_000_001, TransferMethod.SendFile)]
    [InlineData(256 * KiB, 3_000_001, TransferMethod.Splice)]
    [InlineData(1024 * KiB, 3_000_001, TransferMethod.Splice)]
    [InlineData(1024 * KiB, (int)Tuning.ReadWriteUpTo, TransferMethod.SendFile)]
    [InlineData(1024 * KiB, (int)Tuning.ReadWriteUpTo + 1, TransferMethod.Splice)]
    public void The_pipes_capacity_and_the_length_say_how_it_is_filled(int capacity, int size, TransferMethod expected)
    {
        byte[] content = Workspace.RandomBytes(size);
        using SafeFileHandle source = Posix.OpenRead(_workspace.Write("source", content));
        using Channel pipe = Channel.Pipe(capacity);
        var reader = new Worker<byte[]>(() => pipe.ReceiveAll(seed: 3));

        TransferMethod tested = MethodTest
            .Run(new MethodTestRequest { Source = TransferEndpoint.OfHandle(source), Destination = TransferEndpoint.OfHandle(pipe.Input) })
            .Single(report => report.Chosen).Method;
        TransferResult result = Transfers.Run(source, pipe.Input, TransferMethod.Auto);

        pipe.Finish();
        Assert.Equal((expected, expected, size), (tested, result.Method, result.BytesCopied));
        Assert.Equal(content, reader.Join());
    }

    [Fact]
    public void A_method_that_was_named_fills_it_itself()
    {
        byte[] content = Workspace.RandomBytes(500_000);
        using SafeFileHandle source = Posix.OpenRead(_workspace.Write("source", content));
        using Channel pipe = Channel.Pipe(1024 * KiB);

        Assert.Equal(TransferMethod.SendFile, Transfers.Run(source, pipe.Input, TransferMethod.SendFile).Method);
        Assert.Equal(content, pipe.ReceiveRest());
    }

    public void Dispose() => _workspace.Dispose();
}
