using Xunit;

namespace Splice.Tests.Transfer.Faults;

/// <summary>What failed and may pass is tried again, where it stood, as often as the user wants.</summary>
public sealed class RetryTests(MountedFileSystems fileSystems, FaultLedger created, ITestOutputHelper output)
{
    private static readonly (TransferMethod Method, SparseMode Sparse, string Call)[] Calls =
    [
        (TransferMethod.CopyFileRange, SparseMode.Auto, "copy_file_range"),
        (TransferMethod.SendFile, SparseMode.Auto, "sendfile"),
        (TransferMethod.Splice, SparseMode.Auto, "splice"),
        (TransferMethod.ReadWrite, SparseMode.Auto, "pread64"),
        (TransferMethod.ReadWrite, SparseMode.Auto, "pwrite64"),
        (TransferMethod.ReadWrite, SparseMode.Always, "pread64"),
        (TransferMethod.ReadWrite, SparseMode.Always, "pwrite64"),
    ];

    /// <summary>Which calls fail, how many of them in a row, and how many at all.</summary>
    public static TheoryData<TransferMethod, SparseMode, string, string, int, int> Moments => new(FullRun.Cases(
        from call in Calls
        from moment in new[] { ("1", 1, 1), ("2", 1, 1), ("3..4", 2, 2), ("5", 1, 1) }
        select (call.Method, call.Sparse, call.Call, moment.Item1, moment.Item2, moment.Item3)));

    public static TheoryData<Errno> Passing =>
    [
        Errno.EIO, Errno.ESTALE, Errno.EAGAIN, Errno.ETIMEDOUT, Errno.EREMOTEIO, Errno.ECONNRESET, Errno.ENOTCONN,
        Errno.EHOSTUNREACH,
    ];

    [Theory]
    [MemberData(nameof(Moments))]
    public void The_copy_goes_on_where_it_stood(
        TransferMethod method, SparseMode sparse, string call, string when, int inRow, int all)
    {
        using FaultedCopy copy = Copy(method, sparse, call, retryCount: inRow);

        HostAnswer answer = copy.Run(created, new Fault(call, "error=EIO", when));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(all, answer.Retries);
        Assert.Equal($"{method}", answer.Method);
        Assert.Equal(17 << 20, answer.BytesCopied);
        output.WriteLine($"{created}");
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void With_one_too_few_the_error_is_the_original(
        TransferMethod method, SparseMode sparse, string call, string when, int inRow, int all)
    {
        using FaultedCopy plain = Copy(method, sparse, call, retryCount: 0);
        using FaultedCopy copy = Copy(method, sparse, call, retryCount: inRow - 1);
        var fault = new Fault(call, "error=EIO", when);

        HostAnswer expected = plain.Run(created, fault);
        HostAnswer answer = copy.Run(created, fault);

        Assert.False(answer.Succeeded);
        Assert.Equal((expected.Error, expected.Errno, expected.BytesCopied), (answer.Error, answer.Errno, answer.BytesCopied));
        Assert.Equal(all - 1, answer.Retries);
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    public void A_clone_is_tried_again(FileSystem type)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile(fileSystems.NewFolder(type));
        copy.Request = copy.Request with
        {
            Method = TransferMethod.Reflink,
            RetryCount = 2,
            RetryInterval = TimeSpan.FromMilliseconds(1),
        };

        HostAnswer answer = copy.Run(created, new Fault("ioctl", "error=EIO", "1..2"));

        // The runtime may have made the first ioctl(2) of the thread.
        Assert.True(answer.Succeeded, answer.Message);
        Assert.InRange(answer.Retries, 1, 2);
        Assert.Equal(FaultedCopy.PlainSize, answer.BytesReflinked);
    }

    [Theory]
    [InlineData(TransferMethod.SendFile, "sendfile", "2+2", 4)]
    [InlineData(TransferMethod.ReadWrite, "pwrite64", "2+2", 4)]
    [InlineData(TransferMethod.Splice, "splice", "2+3", 4)]
    public void A_success_sets_the_count_back(TransferMethod method, string call, string when, int least)
    {
        using FaultedCopy copy = Copy(method, SparseMode.Auto, call, retryCount: 1);

        HostAnswer answer = copy.Run(created, new Fault(call, "error=EIO", when));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.InRange(answer.Retries, least, 1000);
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public void These_may_pass(Errno errno)
    {
        using FaultedCopy copy = Copy(TransferMethod.ReadWrite, SparseMode.Auto, "pread64", retryCount: 1);

        HostAnswer answer = copy.Run(created, new Fault("pread64", $"error={errno}", "2"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(1, answer.Retries);
    }

    [Theory]
    [InlineData(Errno.ENOSPC, TransferErrorId.DiskFull)]
    [InlineData(Errno.EPERM, TransferErrorId.PermissionDenied)]
    [InlineData(Errno.EFBIG, TransferErrorId.FileSizeLimit)]
    [InlineData(Errno.EINVAL, TransferErrorId.WriteFailed)]
    public void These_do_not(Errno errno, TransferErrorId id)
    {
        using FaultedCopy copy = Copy(TransferMethod.ReadWrite, SparseMode.Auto, "pwrite64", retryCount: 3);

        HostAnswer answer = copy.Run(created, new Fault("pwrite64", $"error={errno}", "2"));

        Assert.Equal(($"{id}", $"{errno}", 0L), (answer.Error, answer.Errno, answer.Retries));
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public void Opening_the_source_is_tried_again(Errno errno)
    {
        using FaultedCopy copy = Copy(TransferMethod.Auto, SparseMode.Auto, "openat", retryCount: 2);

        HostAnswer answer = copy.Run(created, new Fault("openat", $"error={errno}", "1..2"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(errno == Errno.EAGAIN ? 0 : 2, answer.Retries); // a lease is waited for in any case
    }

    [Fact]
    public void Opening_a_file_to_split_is_tried_again()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["parts"]);
        var copy = new CopyRequest
        {
            Source = folder.WriteRandom("source", 5000),
            Destination = folder["parts"],
            RetryCount = 2,
            RetryInterval = TimeSpan.FromMilliseconds(1),
        };
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(
            host.Id, ["strace", "-f", "-P", copy.Source, "-e", "trace=openat", "-e", "inject=openat:error=EIO:when=1..2"]);

        TreeAnswer answer = host.Split(new SplitRequest { Copy = copy, PartCount = 2 });

        Assert.Equal(2, attached.Detach());
        Assert.Null(answer.Message);
    }

    [Fact]
    public void A_source_that_cannot_be_opened_fails_as_before_when_the_tries_are_used_up()
    {
        using FaultedCopy copy = Copy(TransferMethod.Auto, SparseMode.Auto, "openat", retryCount: 2);

        HostAnswer answer = copy.Run(created, new Fault("openat", "error=EIO", "1..3"));

        Assert.Equal(($"{TransferErrorId.ReadFailed}", $"{Errno.EIO}"), (answer.Error, answer.Errno));
    }

    [Fact]
    public void A_source_that_is_not_there_is_not_waited_for()
    {
        using FaultedCopy copy = Copy(TransferMethod.Auto, SparseMode.Auto, "openat", retryCount: 2);
        copy.Request = copy.Request with { RetryInterval = TimeSpan.FromDays(1) };

        HostAnswer answer = copy.Run(created, new Fault("openat", "error=ENOENT", "1"));

        Assert.Equal($"{TransferErrorId.SourceNotFound}", answer.Error);
    }

    [Fact]
    public void Closing_is_not_tried_again()
    {
        using var folder = new Workspace();
        var request = new CopyRequest
        {
            Source = folder.WriteRandom("source", 5000),
            Destination = folder.WriteRandom("copy", 3),
            DestinationOffset = 0,
            RetryCount = 3,
            RetryInterval = TimeSpan.FromDays(1),
        };

        HostAnswer answer = HostedCopy.Run(
            request, "strace", "-f", "-qq", "-o", "/dev/null", "-P", folder["copy"],
            "-e", "inject=fstatfs:error=ENOSYS", "-e", "inject=close:error=EIO:when=1");

        Assert.Equal(($"{TransferErrorId.WriteFailed}", $"{Errno.EIO}", 0L), (answer.Error, answer.Errno, answer.Retries));
    }

    [Fact]
    public void Where_another_method_serves_a_refusal_is_not_waited_for()
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();
        copy.Request = copy.Request with { RetryCount = 3, RetryInterval = TimeSpan.FromDays(1) };

        HostAnswer answer = copy.Run(created, Fault.NoReflink, new Fault("copy_file_range", "error=EIO", "1"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal((0L, "SendFile"), (answer.Retries, answer.Method));
    }

    [Fact]
    public void A_pipe_is_no_file_and_its_errors_are_final()
    {
        using var folder = new Workspace();
        using var logs = new Workspace();
        Posix.MakeFifo(folder["fifo"]);
        using var writer = new FileStream(folder["fifo"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        writer.Write(Workspace.RandomBytes(1000));
        var request = new CopyRequest
        {
            Source = folder["fifo"],
            Destination = folder["copy"],
            Method = TransferMethod.ReadWrite,
            RetryCount = 3,
            RetryInterval = TimeSpan.FromDays(1),
        };

        HostAnswer answer = HostedCopy.Run(
            request, "strace", "-f", "-qq", "-o", logs["trace"], "-P", folder["fifo"], "-e", "inject=read:error=EIO:when=1");

        Assert.Equal(($"{TransferErrorId.ReadFailed}", 0L), (answer.Error, answer.Retries));
        Assert.False(File.Exists(folder["copy"]));
    }

    [Fact]
    public void A_wait_for_the_next_try_can_be_stopped()
    {
        using var folder = new Workspace();
        using var cancellation = new CancellationTokenSource();
        var told = new List<string>();

        // Nothing is mapped at its beginning.
        var request = new CopyRequest
        {
            Source = "/proc/self/mem",
            Destination = folder["copy"],
            Method = TransferMethod.ReadWrite,
            RetryCount = 3,
            RetryInterval = TimeSpan.FromDays(1),
        };
        var monitor = new TransferMonitor(Cancellation: cancellation.Token)
        {
            Retrying = retry =>
            {
                told.Add($"{retry}");
                cancellation.Cancel();
            },
        };
        var worker = new Worker<TransferResult>(() => FileCopy.Copy(request, monitor));

        TransferException stopped = worker.JoinFailed<TransferException>();
        Assert.Equal((TransferErrorId.Cancelled, 1L), (stopped.Id, stopped.PartialTransfer().Retries));
        Assert.Equal(["EIO: Input/output error, try 1 of 3"], told);
    }

    private static FaultedCopy Copy(TransferMethod method, SparseMode sparse, string call, int retryCount)
    {
        FaultedCopy copy = FaultedCopy.OfSparseFile();
        copy.Request = copy.Request with
        {
            Method = method,
            Sparse = sparse,
            RetryCount = retryCount,
            RetryInterval = TimeSpan.FromMilliseconds(1),
        };
        copy.On = call is "pread64" or "openat" ? [copy.Request.Source] : [];
        return copy;
    }
}
