using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>What is refused before a byte is written.</summary>
public sealed class RangeCheckTests : IDisposable
{
    private const string Version = "/proc/version"; // of size 0, and with bytes all the same

    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _destination;
    private readonly Channel _pipe = Channel.Pipe();

    public RangeCheckTests()
    {
        _file = Posix.OpenWrite(_workspace.WriteRandom("source", 100));
        _destination = Posix.OpenWrite(_workspace["destination"]);
    }

    private HandleTransferRequest Request => new() { Source = _file, Destination = _destination };

    [Theory]
    [InlineData(-1L, null, null, TransferErrorId.NegativeOffset)]
    [InlineData(null, -1L, null, TransferErrorId.NegativeCount)]
    [InlineData(null, null, -1L, TransferErrorId.NegativeOffset)]
    [InlineData(101L, null, null, TransferErrorId.OffsetPastEnd)]
    [InlineData(101L, 0L, null, TransferErrorId.OffsetPastEnd)]
    [InlineData(long.MaxValue, long.MaxValue, null, TransferErrorId.OffsetPastEnd)]
    [InlineData(null, 101L, null, TransferErrorId.CountPastEnd)]
    [InlineData(100L, 1L, null, TransferErrorId.CountPastEnd)]
    [InlineData(1L, long.MaxValue, null, TransferErrorId.CountPastEnd)]
    public void A_range_that_is_not_there_is_refused(long? offset, long? count, long? destinationOffset, TransferErrorId id) =>
        AssertRefused(id, Request with { Offset = offset, Count = count, DestinationOffset = destinationOffset });

    [Theory]
    [InlineData(100L, null, 0)]
    [InlineData(100L, 0L, 0)]
    [InlineData(99L, 1L, 1)]
    [InlineData(0L, 100L, 100)]
    public void A_range_up_to_the_end_is_taken(long? offset, long? count, long copied)
    {
        TransferResult result = Transfers.Run(Request with { Offset = offset, Count = count });
        Assert.Equal(copied, result.BytesCopied);
    }

    [Fact]
    public void A_position_past_the_end_has_nothing_to_give()
    {
        LibC.Seek(_file, 1000, SeekOrigin.Begin);
        Assert.Equal(0, Transfers.Run(_file, _destination).BytesCopied);
        AssertRefused(TransferErrorId.CountPastEnd, Request with { Count = 1 });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public void An_empty_file_has_no_range_but_the_empty_one(long offset)
    {
        using SafeFileHandle empty = Posix.OpenRead(_workspace.Write("empty", []));
        HandleTransferRequest request = Request with { Source = empty, Offset = offset };
        if (offset == 0)
        {
            Assert.Equal(0, Transfers.Run(request).BytesCopied);
            AssertRefused(TransferErrorId.CountPastEnd, request with { Count = 1 });
            AssertRefused(TransferErrorId.CountPastEnd, request with { Count = long.MaxValue });
        }
        else
        {
            AssertRefused(TransferErrorId.OffsetPastEnd, request);
        }
    }

    [Fact]
    public void A_generated_file_is_as_long_as_it_reads()
    {
        byte[] content = File.ReadAllBytes(Version);
        using SafeFileHandle version = Posix.OpenRead(Version);
        HandleTransferRequest request = Request with { Source = version, DestinationOffset = 0 };
        Assert.Equal(content.Length, Transfers.Run(request).BytesCopied);
        Assert.Equal(content, File.ReadAllBytes(_workspace["destination"]));
        Assert.Equal(5, Transfers.Run(request with { Offset = 3, Count = 5 }).BytesCopied);
        Assert.Equal(content[3..8], File.ReadAllBytes(_workspace["destination"])[..5]);
        Assert.Equal(0, Transfers.Run(request with { Offset = content.Length }).BytesCopied);
    }

    [Fact]
    public void A_generated_files_end_is_found_before_anything_is_written()
    {
        long length = File.ReadAllBytes(Version).Length;
        using SafeFileHandle version = Posix.OpenRead(Version);
        HandleTransferRequest request = Request with { Source = version };
        AssertRefused(TransferErrorId.OffsetPastEnd, request with { Offset = length + 1 });
        AssertRefused(TransferErrorId.CountPastEnd, request with { Count = length + 1 });
        AssertRefused(TransferErrorId.CountPastEnd, request with { Offset = length, Count = 1 });
    }

    [Fact]
    public void A_range_that_ends_past_the_largest_offset_is_refused()
    {
        const long Offset = long.MaxValue - 98;
        AssertRefused(TransferErrorId.FileSizeLimit, Request with { Offset = 0, Count = 100, DestinationOffset = Offset });

        var copy = new CopyRequest
        {
            Source = _workspace["source"],
            Destination = _workspace["new"],
            DestinationOffset = Offset,
            Method = TransferMethod.ReadWrite,
        };
        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(copy, TransferMonitor.None));
        Assert.Equal(TransferErrorId.FileSizeLimit, error.Id);
        Assert.False(File.Exists(_workspace["new"]));
    }

    [Fact]
    public void What_has_no_positions_takes_no_offset()
    {
        using SafeFileHandle device = Posix.OpenRead("/dev/zero");
        AssertRefused(TransferErrorId.NotSeekable, Request with { Source = _pipe.Output, Offset = 0 });
        AssertRefused(TransferErrorId.NotSeekable, Request with { Source = device, Offset = 0, Count = 1 });
        AssertRefused(TransferErrorId.NotSeekable, Request with { Destination = _pipe.Input, DestinationOffset = 0 });
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/full")]
    [InlineData("/dev/random")]
    [InlineData("/dev/urandom")]
    public void What_never_ends_needs_a_count(string path)
    {
        using SafeFileHandle device = Posix.OpenRead(path);
        HandleTransferRequest request = Request with { Source = device, Method = TransferMethod.Auto };
        AssertRefused(TransferErrorId.EndlessSource, request);
        Assert.Equal(10, Transfers.Run(request with { Count = 10 }).BytesCopied);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_refused_on_either_side()
    {
        using var none = new SafeFileHandle(999_999, ownsHandle: false);
        AssertRefused(TransferErrorId.BadDescriptor, Request with { Source = none });
        AssertRefused(TransferErrorId.BadDescriptor, Request with { Destination = none });
    }

    [Fact]
    public void A_side_that_was_opened_the_other_way_is_refused()
    {
        using SafeFileHandle folder = Posix.OpenRead(_workspace.Folder);
        AssertRefused(TransferErrorId.SourceNotReadable, Request with { Source = _pipe.Input });
        AssertRefused(TransferErrorId.DestinationNotWritable, Request with { Destination = _pipe.Output });
        AssertRefused(TransferErrorId.SourceIsDirectory, Request with { Source = folder });
    }

    [Theory]
    [InlineData(0L, null, 50L, false)]
    [InlineData(0L, 50L, 49L, false)]
    [InlineData(0L, 50L, 50L, true)]
    [InlineData(50L, 50L, 0L, true)]
    [InlineData(50L, 50L, 1L, false)]
    [InlineData(0L, 100L, 100L, true)]
    public void One_file_may_be_on_both_sides_where_the_ranges_are_apart(long offset, long? count, long destinationOffset, bool apart)
    {
        byte[] before = File.ReadAllBytes(_workspace["source"]);
        File.CreateSymbolicLink(_workspace["link"], "source");
        using SafeFileHandle again = Posix.OpenWrite(_workspace["link"]);
        HandleTransferRequest request = Request with
        {
            Destination = again,
            Offset = offset,
            Count = count,
            DestinationOffset = destinationOffset,
        };
        if (!apart)
        {
            AssertRefused(TransferErrorId.SameFile, request);
            Assert.Equal(before, File.ReadAllBytes(_workspace["source"]));
            return;
        }

        Transfers.Run(request);
        byte[] after = File.ReadAllBytes(_workspace["source"]);
        Assert.Equal(
            before.AsSpan((int)offset, (int)count!.Value),
            after.AsSpan((int)destinationOffset, (int)count.Value));
    }

    [Fact]
    public void A_pipe_cannot_feed_itself() =>
        AssertRefused(TransferErrorId.SameFile, Request with { Source = _pipe.Output, Destination = _pipe.Input });

    [Fact]
    public void A_device_must_have_room()
    {
        using var device = new LoopDevice(new byte[1 << 20]);
        using SafeFileHandle handle = Posix.Open(device.Path, LibC.O_RDWR);
        HandleTransferRequest request = Request with { Destination = handle, DestinationOffset = (1 << 20) - 99 };
        AssertRefused(TransferErrorId.DiskFull, request);
        Assert.Equal(99, Transfers.Run(request with { Count = 99 }).BytesCopied);
    }

    public void Dispose()
    {
        _file.Dispose();
        _destination.Dispose();
        _pipe.Dispose();
        _workspace.Dispose();
    }

    private void AssertRefused(TransferErrorId id, HandleTransferRequest request)
    {
        TransferException refused = Transfers.Fail(request);
        Assert.Equal(id, refused.Id);
        Assert.Equal(0, (refused.Partial as TransferResult)?.BytesCopied ?? 0);
        Assert.Equal(0, new FileInfo(_workspace["destination"]).Length);
    }
}
