using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying;

public sealed class FileCopyTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly byte[] _content;

    public FileCopyTests() => _content = File.ReadAllBytes(_workspace.WriteRandom("source", 100_003));

    public static TheoryData<TransferMethod> Methods =>
    [
        TransferMethod.Auto,
        TransferMethod.CopyFileRange,
        TransferMethod.SendFile,
        TransferMethod.Splice,
        TransferMethod.ReadWrite,
    ];

    private CopyRequest Request => new() { Source = _workspace["source"], Destination = _workspace["destination"] };

    private byte[] Copied => File.ReadAllBytes(_workspace["destination"]);

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_range_goes_where_it_is_told_and_the_rest_stays(TransferMethod method)
    {
        byte[] before = File.ReadAllBytes(_workspace.WriteRandom("destination", 5000, seed: 2));
        TransferResult result = Copy(Request with { Offset = 1000, Count = 2000, DestinationOffset = 500, Method = method });
        Assert.Equal((2000, 1000, 500), (result.BytesCopied, result.Offset, result.DestinationOffset));
        Assert.Equal([.. before[..500], .. _content[1000..3000], .. before[2500..]], Copied);
    }

    [Fact]
    public void A_range_alone_becomes_the_whole_destination()
    {
        _workspace.WriteRandom("destination", 5000, seed: 2);
        Copy(Request with { Offset = 100_000 });
        Assert.Equal(_content[100_000..], Copied);
    }

    [Fact]
    public void An_offset_in_a_new_file_leaves_a_hole_before_it()
    {
        Copy(Request with { DestinationOffset = 10, Count = 5 });
        Assert.Equal([.. new byte[10], .. _content[..5]], Copied);
    }

    /// <summary>What a pipe holds goes into the page cache as one write: larger pieces make larger folios, which cost more than
    /// they save.</summary>
    [Theory]
    [InlineData(null, Tuning.BufferSize)]
    [InlineData(1 << 20, 1 << 20)]
    [InlineData(4096, 4096)]
    public void A_file_is_spliced_in_pieces_as_large_as_those_that_are_written(int? pipeSize, int piece)
    {
        const int Pieces = 3;
        _workspace.WriteRandom("source", Pieces * piece);
        var trace = new TransferTrace(takesCalls: true);

        trace.Follow(() => FileCopy.Copy(Request with { Method = TransferMethod.Splice, PipeSize = pipeSize }, TransferMonitor.None));

        SystemCallSum splices = Assert.Single(trace.SystemCalls, sum => sum.Name == "splice");
        Assert.Equal((2 * Pieces, 2L * Pieces * piece), (splices.Count, splices.Bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_old_file_stays_when_the_copy_is_stopped(bool sparse)
    {
        byte[] before = File.ReadAllBytes(_workspace.WriteRandom("destination", 5000, seed: 2));
        if (sparse)
        {
            SparseFile.Write(_workspace, "source", "..XX");
        }

        using var cancellation = new CancellationTokenSource();
        TransferException stopped = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request with { Method = TransferMethod.Splice, PipeSize = 4096 },
            new TransferMonitor(_ => cancellation.Cancel(), cancellation.Token)));
        Assert.Equal(TransferErrorId.Cancelled, stopped.Id);
        Assert.InRange(stopped.PartialTransfer().BytesCopied, 1, 200_000);
        Assert.Equal(before, Copied);
        Assert.Equal(["destination", "source"], _workspace.Names);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_link_to_the_source_is_refused(bool hard)
    {
        if (hard)
        {
            Posix.HardLink(_workspace, "source", "destination");
        }
        else
        {
            File.CreateSymbolicLink(_workspace["destination"], "source");
        }

        Assert.Equal(TransferErrorId.SameFile, Fail(Request));
        Assert.Equal(_content, Copied);
    }

    [Fact]
    public void Flags_are_for_splice_alone()
    {
        const SpliceFlags Flags = SpliceFlags.More | SpliceFlags.Move;
        CopyRequest request = Request with { Flags = Flags };
        Assert.Equal(TransferErrorId.MethodNotPossible, Fail(request with { Method = TransferMethod.SendFile }));
        TransferResult result = Copy(request);
        Assert.Equal((TransferMethod.Splice, Flags), (result.Method, result.Flags));
        Assert.Equal(_content, Copied);
    }

    [Fact]
    public void What_the_user_does_not_want_replaced_is_not()
    {
        _workspace.WriteRandom("destination", 10, seed: 2);
        Assert.Equal(TransferErrorId.DestinationExists, Fail(Request with { NoClobber = true }));
        Assert.Equal(10, Copied.Length);
        CopyRequest command = Request with { CreatedFiles = new CreatedFiles() };
        Copy(command);
        Assert.Equal(TransferErrorId.DestinationExists, Fail(command));
    }

    [Theory]
    [InlineData("nothing", "destination", TransferErrorId.SourceNotFound)]
    [InlineData("source/below", "destination", TransferErrorId.SourceNotFound)]
    [InlineData("", "destination", TransferErrorId.SourceIsDirectory)]
    [InlineData("source", "nowhere/destination", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("source", "source/destination", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("a\0b", "destination", TransferErrorId.InvalidPath)]
    [InlineData("source", "a\0b", TransferErrorId.InvalidPath)]
    public void A_path_that_does_not_do_says_why(string source, string destination, TransferErrorId id)
    {
        Assert.Equal(id, Fail(new CopyRequest
        {
            Source = Path.Join(_workspace.Folder, source),
            Destination = Path.Join(_workspace.Folder, destination),
        }));
        Assert.Equal(["source"], _workspace.Names);
    }

    /// <summary>The kernel's log is a regular file that has no end and a size of 0.</summary>
    [Fact]
    public void A_regular_file_that_can_wait_is_waited_for()
    {
        const string Log = "/proc/kmsg";
        Assert.SkipUnless(Posix.IsRoot && File.Exists(Log), "Only root reads the kernel's log, and not in a container.");
        using var cancellation = new CancellationTokenSource();
        var copy = new Worker<TransferResult>(() =>
            FileCopy.Copy(Request with { Source = Log }, new TransferMonitor(Cancellation: cancellation.Token)));
        copy.WaitUntilItPolls();
        cancellation.Cancel();
        Assert.Equal(TransferErrorId.Cancelled, copy.JoinFailed<TransferException>().Id);
    }

    [Theory]
    [InlineData(100L)]
    [InlineData(null)]
    public void A_part_of_what_was_asked_for_replaces_nothing(long? count)
    {
        _workspace.Write("destination", [1, 2, 3]);
        Posix.MakeFifo(_workspace["fifo"]);
        using SafeFileHandle writer = Posix.Open(_workspace["fifo"], LibC.O_RDWR);
        Assert.Equal(6, LibC.Write(writer, "pieces"u8, null).Value);
        CopyRequest request = Request with { Source = _workspace["fifo"], Count = count, Flags = SpliceFlags.NonBlock };

        TransferException error = Assert.Throws<TransferException>(() => Copy(request));

        Assert.Equal(TransferErrorId.WouldBlock, error.Id);
        Assert.Equal(6, error.PartialTransfer().BytesCopied);
        Assert.Equal([1, 2, 3], Copied);
    }

    [Theory]
    [InlineData(0xD800)]
    [InlineData(0xDC00)]
    public void Half_a_surrogate_pair_is_no_name(int half)
    {
        Assert.Equal(TransferErrorId.InvalidPath, Fail(Request with { Destination = _workspace[$"a{(char)half}b"] }));
        Assert.Equal(TransferErrorId.InvalidPath, Fail(Request with { Source = _workspace[$"{(char)half}"] }));
        Assert.Equal(["source"], _workspace.Names);
    }

    [Fact]
    public void A_name_with_a_surrogate_pair_is_a_name()
    {
        Copy(Request with { Destination = _workspace["\U0001F427"] });
        Assert.Equal(["source", "\U0001F427"], _workspace.Names);
    }

    [Fact]
    public void A_name_that_is_too_long_is_refused() =>
        Assert.Equal(TransferErrorId.InvalidPath, Fail(Request with { Destination = _workspace[new string('x', 300)] }));

    public void Dispose() => _workspace.Dispose();

    private static TransferResult Copy(CopyRequest request) => FileCopy.Copy(request, TransferMonitor.None);

    private static TransferErrorId Fail(CopyRequest request) => Assert.Throws<TransferException>(() => Copy(request)).Id;
}
