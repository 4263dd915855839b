using Xunit;

namespace Splice.Tests.Transfer.Faults;

/// <summary>What the kernel refuses at the first call goes by the next method, and is told.</summary>
public sealed class RefusedMethodTests(FaultLedger created, ITestOutputHelper output)
{
    private static readonly (TransferMethod Method, string Call, Errno[] Refusals)[] Table =
    [
        (TransferMethod.Reflink, "ioctl",
        [
            Errno.ENOSYS, Errno.EPERM, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EXDEV, Errno.ENOTTY, Errno.EACCES, Errno.ETXTBSY,
        ]),
        (TransferMethod.CopyFileRange, "copy_file_range",
        [
            Errno.ENOSYS, Errno.EPERM, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EXDEV, Errno.EBADF, Errno.EACCES, Errno.EIO,
            Errno.ENOENT, Errno.EOVERFLOW,
        ]),
        (TransferMethod.SendFile, "sendfile",
        [
            Errno.ENOSYS, Errno.EPERM, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EOVERFLOW,
        ]),
        (TransferMethod.Splice, "splice", [Errno.ENOSYS, Errno.EPERM, Errno.EINVAL, Errno.EOPNOTSUPP]),
    ];

    public static TheoryData<TransferMethod, string, Errno> Refusals => new(FullRun.Cases(
        from row in Table
        from errno in row.Refusals
        select (row.Method, row.Call, errno)));

    [Theory]
    [MemberData(nameof(Refusals))]
    public void The_next_method_serves(TransferMethod method, string call, Errno errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();

        HostAnswer answer = copy.Run(created, [.. Fault.Before(method), new Fault(call, $"error={errno}")]);

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal($"{method + 1}", answer.Method);
        Assert.Equal(FaultedCopy.PlainSize, answer.BytesCopied);
        Assert.StartsWith($"{method}: {errno}, ", answer.Attempts[^1], StringComparison.Ordinal);
        Assert.Equal((int)method, answer.Attempts.Length);
        output.WriteLine($"{created}");
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_named_method_has_no_second(TransferMethod method, string call, Errno errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.Request = copy.Request with { Method = method };

        HostAnswer answer = copy.Run(created, new Fault(call, $"error={errno}"));

        Assert.Equal($"{TransferErrorId.MethodNotPossible}", answer.Error);
        Assert.Equal($"{errno}", answer.Errno);
        Assert.Contains($"{errno}", answer.Message, StringComparison.Ordinal);
        output.WriteLine($"{created}");
    }

    [Fact]
    public void Where_a_filter_forbids_everything_bytes_are_read_and_written()
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, new Fault("ioctl,copy_file_range,sendfile,splice", "error=EPERM"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal($"{TransferMethod.ReadWrite}", answer.Method);
        Assert.Equal(4, answer.Attempts.Length);
        Assert.All(answer.Attempts, attempt => Assert.Contains("EPERM", attempt, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(TransferMethod.CopyFileRange, "copy_file_range")]
    [InlineData(TransferMethod.SendFile, "sendfile")]
    [InlineData(TransferMethod.Splice, "splice")]
    public void A_file_that_may_not_be_changed_is_told_from_a_filter(TransferMethod method, string call)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();

        HostAnswer answer = copy.Run(created, [.. Fault.Before(method), new Fault(call, "error=EPERM", "1")]);

        Assert.Equal($"{TransferErrorId.PermissionDenied}", answer.Error);
    }

    [Theory]
    [InlineData("EOPNOTSUPP")]
    [InlineData("EISDIR")]
    [InlineData("EINVAL")]
    public void Without_unnamed_files_a_hidden_name_serves(string errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.On = [copy.Folder];

        HostAnswer answer = copy.Run(created, Fault.NoUnnamedFiles with { What = $"error={errno}" });

        Assert.True(answer.Succeeded, answer.Message);
    }

    [Theory]
    [InlineData("EIO")]
    [InlineData("EINVAL")]
    [InlineData("EOPNOTSUPP")]
    public void A_file_system_that_cannot_tell_of_holes_has_none(string errno)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();
        copy.On = [copy.Request.Source];

        HostAnswer answer = copy.Run(created, new Fault("lseek", $"error={errno}", "2+"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(0, answer.BytesInHoles);
    }
}
