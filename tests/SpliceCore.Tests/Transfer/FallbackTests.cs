using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>Pairs for which a method does not serve.</summary>
public sealed class FallbackTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly byte[] _content = Workspace.RandomBytes(10_000);
    private readonly SafeFileHandle _source;

    public FallbackTests() => _source = Posix.OpenRead(_workspace.Write("source", _content));

    public static TheoryData<TransferMethod> InKernel =>
        [TransferMethod.Reflink, TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice];

    [Theory]
    [MemberData(nameof(InKernel))]
    public void A_named_method_does_not_append(TransferMethod method)
    {
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"], LibC.O_APPEND);
        TransferException refused = Transfers.Fail(
            new HandleTransferRequest { Source = _source, Destination = destination, Method = method });
        Assert.Equal(TransferErrorId.MethodNotPossible, refused.Id);
        Assert.Contains("O_APPEND", refused.Message, StringComparison.Ordinal);
        Assert.Empty(File.ReadAllBytes(_workspace["destination"]));
    }

    [Fact]
    public void Auto_appends_by_plain_writes()
    {
        _workspace.Write("destination", [1, 2, 3]);
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"], LibC.O_APPEND);
        TransferResult result = Transfers.Run(_source, destination, TransferMethod.Auto);
        Assert.Equal((TransferMethod.ReadWrite, 10_000L), (result.Method, result.BytesCopied));
        Assert.Equal(3, result.DestinationOffset);
        Assert.Equal(10_003, LibC.Seek(destination, 0, SeekOrigin.Current).Value);
        Assert.Equal([1, 2, 3, .. _content], File.ReadAllBytes(_workspace["destination"]));
    }

    /// <summary>An event descriptor takes eight bytes by write(2), and nothing by splice(2).</summary>
    [Theory]
    [InlineData(SourceKind.File)]
    [InlineData(SourceKind.Pipe)]
    [InlineData(SourceKind.UnixSocket)]
    [InlineData(SourceKind.Tcp)]
    public void What_splice_does_not_serve_is_written_and_nothing_is_lost(SourceKind from)
    {
        Assert.True(LibC.EventFd(out SafeFileHandle destination).Ok);
        using (destination)
        using (var source = new SourceEnd(from, BitConverter.GetBytes(0x123456789L), _workspace))
        {
            TransferResult result = Transfers.Run(source.Handle, destination, TransferMethod.Auto);
            byte[] value = new byte[8];
            LibC.Read(destination, value, null);
            Assert.Equal(0x123456789L, BitConverter.ToInt64(value));
            Assert.Equal((8, TransferMethod.ReadWrite), (result.BytesCopied, result.Method));
            Assert.Contains(result.Attempts, attempt => attempt is { Method: TransferMethod.Splice, Errno: Errno.EINVAL });
        }
    }

    /// <summary>The file begins to append in the middle of the transfer: from then on splice(2) refuses it.</summary>
    [Theory]
    [InlineData(SourceKind.UnixSocket)]
    [InlineData(SourceKind.Tcp)]
    public void Bytes_in_hand_when_splice_stops_to_serve_are_not_lost(SourceKind from)
    {
        byte[] content = Workspace.RandomBytes(1_000_000);
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        using var source = new SourceEnd(from, content, _workspace);
        TransferResult result = HandleTransfer.Run(
            new HandleTransferRequest { Source = source.Handle, Destination = destination, Method = TransferMethod.Auto },
            new TransferMonitor(_ => LibC.SetStatusFlags(destination, LibC.O_RDWR | LibC.O_APPEND)));
        Assert.True(File.ReadAllBytes(_workspace["destination"]).AsSpan().SequenceEqual(content));
        Assert.Equal(content.Length, result.BytesCopied);
        Assert.Contains(result.Attempts, attempt => attempt.Method == TransferMethod.Splice);
    }

    [Fact]
    public void A_terminal_gets_every_byte()
    {
        (SafeFileHandle master, SafeFileHandle slave) = Posix.Terminal();
        using (master)
        using (slave)
        using (var source = new SourceEnd(SourceKind.UnixSocket, _content, _workspace))
        {
            var reader = new Worker<byte[]>(() => ReadExactly(master, _content.Length));
            Assert.Equal(_content.Length, Transfers.Run(source.Handle, slave, TransferMethod.Auto).BytesCopied);
            Assert.Equal(_content, reader.Join());
        }
    }

    [Fact]
    public void The_attempts_tell_why_in_order()
    {
        Emulator.Skip("/proc/self/maps is a regular file");
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        using SafeFileHandle maps = Posix.OpenRead("/proc/self/maps");
        TransferResult result = Transfers.Run(maps, destination, TransferMethod.Auto);
        Assert.Equal(TransferMethod.ReadWrite, result.Method);
        Assert.Equal(result.BytesCopied, new FileInfo(_workspace["destination"]).Length);
        Assert.Equal(
            [(TransferMethod.SendFile, Errno.EINVAL), (TransferMethod.Splice, Errno.EINVAL)],
            result.Attempts.Select(attempt => (attempt.Method, attempt.Errno)));
        Assert.StartsWith("SendFile: EINVAL, ", $"{result.Attempts[0]}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_method_that_the_kernel_refuses_is_an_error()
    {
        Emulator.Skip("/proc/self/maps is a regular file");
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        using SafeFileHandle maps = Posix.OpenRead("/proc/self/maps");
        TransferException refused = Transfers.Fail(new HandleTransferRequest { Source = maps, Destination = destination });
        Assert.Equal((TransferErrorId.MethodNotPossible, Errno.EINVAL), (refused.Id, refused.Errno));
    }

    [Theory]
    [InlineData(TransferMethod.SendFile)]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    [InlineData(TransferMethod.Auto)]
    public void A_hole_stays_a_hole_and_counts(TransferMethod method)
    {
        const string Blocks = "..X.XX...";
        using SafeFileHandle sparse = Posix.OpenRead(SparseFile.Write(_workspace, "sparse", Blocks));
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        TransferResult result = Transfers.Run(sparse, destination, method);
        byte[] copied = File.ReadAllBytes(_workspace["destination"]);
        Assert.True(copied.AsSpan().SequenceEqual(File.ReadAllBytes(_workspace["sparse"])));
        Assert.Equal(Blocks, SparseFile.Read(_workspace["destination"]));
        Assert.Equal(Blocks.Length * SparseFile.Block, result.BytesCopied);
        Assert.True(result.BytesReflinked > 0 || result.BytesInHoles == 6 * SparseFile.Block);
    }

    [Fact]
    public void What_a_stopped_transfer_counts_is_in_the_file_also_where_it_is_a_hole()
    {
        using SafeFileHandle sparse = Posix.OpenRead(SparseFile.Write(_workspace, "sparse", "..X"));
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"]);
        using var cancellation = new CancellationTokenSource();
        TransferException stopped = Assert.Throws<TransferException>(() => HandleTransfer.Run(
            new HandleTransferRequest { Source = sparse, Destination = destination },
            new TransferMonitor(_ => cancellation.Cancel(), cancellation.Token)));
        Assert.Equal(2 * SparseFile.Block, stopped.PartialTransfer().BytesCopied);
        Assert.Equal(2 * SparseFile.Block, new FileInfo(_workspace["destination"]).Length);
    }

    [Fact]
    public void A_place_in_a_file_that_only_appends_is_refused()
    {
        _workspace.Write("destination", [1, 2, 3]);
        using SafeFileHandle destination = Posix.OpenWrite(_workspace["destination"], LibC.O_APPEND);
        TransferException refused = Transfers.Fail(new HandleTransferRequest
        {
            Source = _source,
            Destination = destination,
            DestinationOffset = 0,
            Method = TransferMethod.Auto,
        });
        Assert.Equal(TransferErrorId.NotSeekable, refused.Id);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_workspace["destination"]));
    }

    public void Dispose()
    {
        _source.Dispose();
        _workspace.Dispose();
    }

    private static byte[] ReadExactly(SafeFileHandle handle, int count)
    {
        byte[] content = new byte[count];
        int read = 0;
        while (read < count)
        {
            SysResult result = LibC.Read(handle, content.AsSpan(read), null);
            Assert.True(result is { Ok: true, Value: > 0 }, $"{result}");
            read += (int)result.Value;
        }

        return content;
    }
}
