using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Descriptors;

/// <summary>Files that another handle holds a lease on, as Samba and NFS servers do.</summary>
public sealed class LeasedFileTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    private readonly Workspace _folder = new();

    public LeasedFileTests()
    {
        Directory.CreateDirectory(_folder["tree"]);
        _folder.Write("tree/file", "content"u8.ToArray());
        _folder.Write("old", "old"u8.ToArray());
        Directory.CreateDirectory(_folder["parts"]);
    }

    /// <summary>Ways to open a file to read it, or to write to it.</summary>
    public static TheoryData<string> Ways =>
        ["copy", "tree", "split", "join", "stream", "pipeline", "in place", "append", "method test", "pipeline output"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_holder_is_waited_for(string way)
    {
        using SafeFileHandle holder = Posix.Open(IsWritten(way) ? _folder["old"] : _folder["tree/file"], LibC.O_RDWR);
        Lease(holder);
        var work = new Worker<bool>(() => Run(way, CancellationToken.None));
        using var release = new Timer(_ => LibC.ReleaseLease(holder), null, Moment, Timeout.InfiniteTimeSpan);

        Assert.True(work.Join());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Who_waits_can_be_stopped(string way)
    {
        using SafeFileHandle holder = Posix.Open(IsWritten(way) ? _folder["old"] : _folder["tree/file"], LibC.O_RDWR);
        Lease(holder);
        using var stop = new CancellationTokenSource(Moment);

        var work = new Worker<bool>(() =>
        {
            try
            {
                return Run(way, stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or TransferException { Id: TransferErrorId.Cancelled })
            {
                return false;
            }
        });

        // The holder does not react, and the kernel has not taken the lease from it yet, as it does after 45 s.
        Assert.False(work.Join());
        string inode = Command.Check("stat", "--format", ":%i ", IsWritten(way) ? _folder["old"] : _folder["tree/file"]);
        Assert.Contains(File.ReadLines("/proc/locks"), line => line.Contains("LEASE", StringComparison.Ordinal) && line.Contains($"{inode.Trim()} ", StringComparison.Ordinal));
        LibC.ReleaseLease(holder);
        Assert.Equal("old", File.ReadAllText(_folder["old"]));
    }

    [Fact]
    public void A_dry_run_that_is_stopped_is_an_error_of_the_copy()
    {
        using SafeFileHandle holder = Posix.Open(_folder["tree/file"], LibC.O_RDWR);
        Lease(holder);
        var request = new TreeRequest { Copy = new CopyRequest { Source = _folder["tree/file"], Destination = _folder["copy"] }, IsDryRun = true };

        TransferException error = Assert.Throws<TransferException>(() => TreeCopy.Copy(request, new TreeMonitor(Cancellation: new CancellationToken(canceled: true))));

        LibC.ReleaseLease(holder);
        Assert.Equal(TransferErrorId.Cancelled, error.Id);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Takes a lease, once nothing has the file open to write: a process that another test starts has a copy of every
    /// descriptor until its exec.</summary>
    private static void Lease(SafeFileHandle holder) => Wait.Until(() => LibC.LeaseForWriting(holder).Ok, "The file gets no lease.");

    private static bool IsWritten(string way) => way is "in place" or "append" or "pipeline output";

    private bool Run(string way, CancellationToken token)
    {
        var monitor = new TransferMonitor(Cancellation: token);
        var copy = new CopyRequest { Source = _folder["tree/file"], Destination = _folder["copy"] };
        switch (way)
        {
            case "copy":
                return FileCopy.Copy(copy, monitor).BytesCopied == 7;
            case "tree":
                List<TransferException> errors = [];
                TransferResult tree = TreeCopy.Copy(
                    new TreeRequest { Copy = copy with { Source = _folder["tree"] } }, new TreeMonitor(Failed: errors.Add, Cancellation: token));
                return errors.Count == 0 ? tree.BytesCopied == 7 : throw errors[0];
            case "split":
                return FileSplit.Split(new SplitRequest { Copy = copy with { Destination = _folder["parts"] }, PartCount = 2 }, monitor).Count == 2;
            case "join":
                return FileJoin.Join(new JoinRequest { Sources = [copy.Source, copy.Source], Copy = copy }, monitor).BytesCopied == 14;
            case "stream":
                StreamOutcome outcome = StreamCopy.Copy(
                    new StreamRequest { Source = TransferEndpoint.OfPath(copy.Source), Destinations = [TransferEndpoint.OfPath(copy.Destination)] }, monitor)[0];
                return outcome.Error is null ? outcome.BytesCopied == 7 : throw outcome.Error;
            case "in place":
                return FileCopy.Copy(copy with { Destination = _folder["old"], InPlace = true }, monitor).BytesCopied == 7;
            case "append":
                return FileCopy.Copy(copy with { Destination = _folder["old"], Append = true }, monitor).DestinationOffset == 3;
            case "method test":
                return MethodTest.Run(new MethodTestRequest { Source = TransferEndpoint.OfPath(copy.Source), Destination = TransferEndpoint.OfPath(copy.Destination) }, monitor).Count > 0;
            case "pipeline":
                return NativePipeline.Run(
                    Pipelines.Of(Pipelines.Command("cat")) with { InputPath = copy.Source, OutputPath = copy.Destination },
                    new PipelineMonitor { Cancellation = token }).Commands[0].ExitCode == 0;
            default:
                return NativePipeline.Run(
                    Pipelines.Of(Pipelines.Command("echo", "line")) with { OutputPath = _folder["old"], Append = true },
                    new PipelineMonitor { Cancellation = token }).Commands[0].ExitCode == 0;
        }
    }
}
