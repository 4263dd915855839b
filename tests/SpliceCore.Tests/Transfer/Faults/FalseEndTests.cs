using Xunit;

namespace Splice.Tests.Transfer.Faults;

/// <summary>A 0 where there are data is no end: not of a call that is known to lie, and never of the whole file.</summary>
public sealed class FalseEndTests(FaultLedger created)
{
    [Theory]
    [InlineData(TransferMethod.CopyFileRange, "copy_file_range", "1")]
    [InlineData(TransferMethod.CopyFileRange, "copy_file_range", "1+")]
    [InlineData(TransferMethod.CopyFileRange, "copy_file_range", "3")]
    [InlineData(TransferMethod.SendFile, "sendfile", "1")]
    [InlineData(TransferMethod.SendFile, "sendfile", "3")]
    [InlineData(TransferMethod.Splice, "splice", "1")]
    [InlineData(TransferMethod.Splice, "splice", "7")]
    public void The_next_method_brings_the_rest(TransferMethod method, string call, string when)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, [.. Fault.Before(method), new Fault(call, "retval=0", when)]);

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(17 << 20, answer.BytesCopied);
        Assert.StartsWith($"{method}: ", answer.Attempts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_error_in_place_of_the_end_does_not_confirm_it()
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.On = [copy.Request.Source];

        HostAnswer answer = copy.Run(created, new Fault("copy_file_range", "retval=0", "1"), new Fault("pread64", "error=EIO", "1"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(FaultedCopy.PlainSize, answer.BytesCopied);
    }

    [Theory]
    [InlineData("2+")]
    [InlineData("8")]
    public void A_full_pipe_that_gives_nothing_is_an_error_and_not_asked_for_ever(string when)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, [.. Fault.Before(TransferMethod.Splice), new Fault("splice", "retval=0", when)]);

        Assert.Equal(($"{TransferErrorId.WriteFailed}", "EIO"), (answer.Error, answer.Errno));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public void A_read_that_ends_before_the_files_size_is_an_error(string when)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();
        copy.Request = copy.Request with { Method = TransferMethod.ReadWrite };
        copy.On = [copy.Request.Source];

        HostAnswer answer = copy.Run(created, new Fault("pread64", "retval=0", when));

        Assert.Equal($"{TransferErrorId.SourceTruncated}", answer.Error);
    }

    [Fact]
    public void A_generated_file_may_have_fewer_bytes_than_it_says()
    {
        const string Generated = "/sys/kernel/mm/transparent_hugepage/enabled";
        Assert.SkipUnless(File.Exists(Generated), $"{Generated} is not there");
        using var folder = new Workspace();

        FileCopy.Copy(new CopyRequest { Source = Generated, Destination = folder["copy"] }, TransferMonitor.None);

        Assert.Equal(File.ReadAllText(Generated), File.ReadAllText(folder["copy"]));
    }
}
