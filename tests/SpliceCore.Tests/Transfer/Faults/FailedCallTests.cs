using Xunit;

namespace Splice.Tests.Transfer.Faults;

/// <summary>Real errors of the calls that move bytes, at the first call and at a later one.</summary>
public sealed class FailedCallTests(FaultLedger created, ITestOutputHelper output)
{
    private static readonly (Errno Errno, TransferErrorId Id)[] OnEverySide =
    [
        (Errno.ENOSPC, TransferErrorId.DiskFull),
        (Errno.EDQUOT, TransferErrorId.DiskFull),
        (Errno.ENOMEM, TransferErrorId.ResourceExhausted),
        (Errno.EPERM, TransferErrorId.PermissionDenied),
        (Errno.EFBIG, TransferErrorId.FileSizeLimit),
        (Errno.EROFS, TransferErrorId.PermissionDenied),
    ];

    // splice(2) takes turns: out of the source, into the destination.
    private static readonly (TransferMethod Method, string Call, string When, TransferErrorId Id)[] Places =
    [
        (TransferMethod.CopyFileRange, "copy_file_range", "1", TransferErrorId.TransferFailed),
        (TransferMethod.CopyFileRange, "copy_file_range", "3", TransferErrorId.TransferFailed),
        (TransferMethod.SendFile, "sendfile", "1", TransferErrorId.TransferFailed),
        (TransferMethod.SendFile, "sendfile", "3", TransferErrorId.TransferFailed),
        (TransferMethod.Splice, "splice", "1", TransferErrorId.ReadFailed),
        (TransferMethod.Splice, "splice", "2", TransferErrorId.WriteFailed),
        (TransferMethod.Splice, "splice", "7", TransferErrorId.ReadFailed),
        (TransferMethod.Splice, "splice", "8", TransferErrorId.WriteFailed),
        (TransferMethod.ReadWrite, "pread64", "1", TransferErrorId.ReadFailed),
        (TransferMethod.ReadWrite, "pread64", "3", TransferErrorId.ReadFailed),
        (TransferMethod.ReadWrite, "pwrite64", "1", TransferErrorId.WriteFailed),
        (TransferMethod.ReadWrite, "pwrite64", "3", TransferErrorId.WriteFailed),
    ];

    public static TheoryData<TransferMethod, string, string, Errno, TransferErrorId> Errors => new(FullRun.Cases(
        from place in Places
        from error in OnEverySide.Append((Errno.EIO, place.Id))
        where (place.Call, place.When, error.Item1) != ("copy_file_range", "1", Errno.EIO) // CIFS: a refusal
        select (place.Method, place.Call, place.When, error.Item1, error.Item2)));

    /// <summary>What is a refusal at first is an error later: the next method would only hide it.</summary>
    public static TheoryData<TransferMethod, string, Errno> LateRefusals => new(FullRun.Cases(
        from call in new[]
        {
            (TransferMethod.CopyFileRange, "copy_file_range"), (TransferMethod.SendFile, "sendfile"),
        }
        from errno in new[] { Errno.ENOSYS, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EXDEV }
        select (call.Item1, call.Item2, errno)));

    [Theory]
    [MemberData(nameof(Errors))]
    public void The_old_file_stays(TransferMethod method, string call, string when, Errno errno, TransferErrorId id)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();
        copy.Request = copy.Request with { Method = method };
        copy.On = call == "pread64" ? [copy.Request.Source] : [];

        HostAnswer answer = copy.Run(created, new Fault(call, $"error={errno}", when));

        Assert.Equal($"{id}", answer.Error);
        Assert.Equal($"{errno}", answer.Errno);
        Assert.InRange(answer.BytesCopied, 0, (17 << 20) - 1);
        output.WriteLine($"{created}");
    }

    [Theory]
    [InlineData("3", TransferErrorId.ReadFailed)]
    [InlineData("4", TransferErrorId.WriteFailed)]
    public void A_late_refusal_of_splice_is_an_error_on_both_sides(string when, TransferErrorId id)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, [.. Fault.Before(TransferMethod.Splice), new Fault("splice", "error=EINVAL", when)]);

        Assert.Equal(($"{id}", "EINVAL"), (answer.Error, answer.Errno));
    }

    [Theory]
    [MemberData(nameof(LateRefusals))]
    public void A_refusal_that_comes_late_is_an_error(TransferMethod method, string call, Errno errno)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, [.. Fault.Before(method), new Fault(call, $"error={errno}", "3")]);

        Assert.Equal($"{TransferErrorId.TransferFailed}", answer.Error);
        Assert.Equal($"{errno}", answer.Errno);
        output.WriteLine($"{created}");
    }

    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public void The_hidden_name_goes_with_an_error(string when)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.Request = copy.Request with { Method = TransferMethod.ReadWrite };
        copy.On = [copy.Folder, copy.Request.Source];

        HostAnswer answer = copy.Run(created, Fault.NoUnnamedFiles with { When = "3" }, new Fault("pread64", "error=EIO", when));

        Assert.Equal($"{TransferErrorId.ReadFailed}", answer.Error);
        output.WriteLine($"{created}");
    }
}
