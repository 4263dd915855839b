using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class RefusalsTests
{
    private static readonly TransferMethod[] InKernel =
        [TransferMethod.Reflink, TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice];

    [Theory]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EDQUOT)]
    [InlineData(Errno.EFBIG)]
    [InlineData(Errno.EPIPE)]
    [InlineData(Errno.ECONNRESET)]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.EINTR)]
    [InlineData(Errno.EAGAIN)]
    [InlineData(Errno.EROFS)]
    [InlineData(Errno.EFAULT)]
    public void A_real_error_is_never_a_refusal(Errno errno) =>
        Assert.All(Enum.GetValues<TransferMethod>(), method => Assert.Null(Refusals.Explain(method, errno)));

    [Fact]
    public void An_input_output_error_is_a_refusal_of_copy_file_range_alone() => Assert.Equal(
        [TransferMethod.CopyFileRange],
        Enum.GetValues<TransferMethod>().Where(method => Refusals.Explain(method, Errno.EIO) is not null));

    [Theory]
    [InlineData(TransferMethod.Reflink, "EPERM EXDEV EINVAL ENOTTY EOPNOTSUPP ENOSYS EBADF EACCES ETXTBSY")]
    [InlineData(TransferMethod.CopyFileRange, "None EPERM EXDEV EINVAL EOPNOTSUPP ENOSYS EBADF EACCES EIO ENOENT EOVERFLOW")]
    [InlineData(TransferMethod.SendFile, "None EPERM EINVAL EOPNOTSUPP ENOSYS ESPIPE EOVERFLOW")]
    [InlineData(TransferMethod.Splice, "None EPERM EINVAL EOPNOTSUPP ENOSYS EMFILE ENFILE")]
    [InlineData(TransferMethod.ReadWrite, "")]
    public void A_method_refuses_with_these_and_says_why(TransferMethod method, string refusals)
    {
        (Errno Errno, string Reason)[] explained =
        [
            .. from errno in Enum.GetValues<Errno>()
               let reason = Refusals.Explain(method, errno)
               where reason is not null
               select (errno, reason),
        ];
        Assert.Equal(
            refusals.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
            explained.Select(row => $"{row.Errno}").Order());
        Assert.All(explained, row => Assert.NotEqual(string.Empty, row.Reason));
    }

    [Fact]
    public void Nothing_is_forbidden_here() =>
        Assert.All(InKernel, method => Assert.False(SeccompProbe.Forbids(method), $"{method}"));

    [Theory]
    [InlineData(Errno.EINTR, "Interrupted")]
    [InlineData(Errno.EAGAIN, "WouldBlock")]
    [InlineData(Errno.EINVAL, "NotSupported")]
    [InlineData(Errno.ENOSPC, "Failed")]
    [InlineData(Errno.EIO, "Failed")]
    public void A_step_is_sorted_by_its_errno(Errno errno, string kind)
    {
        var step = StepResult.From(errno, TransferSide.Destination, TransferMethod.Splice);
        Assert.Equal((kind, 0, errno, TransferSide.Destination), ($"{step.Kind}", step.Bytes, step.Errno, step.Side));
    }
}
