using Splice.Errors;
using Xunit;

namespace Splice.Tests.Errors;

public sealed class TransferExceptionTests
{
    [Theory]
    [InlineData(1, "1 byte", "1 byte")]
    [InlineData(1023, "1023 bytes", "1023 bytes")]
    [InlineData(7_696_548, "7.34 MiB", "7.34 MiB (7696548 bytes)")]
    public void Sizes_have_binary_units(long bytes, string text, string exact) =>
        Assert.Equal((text, exact), (ByteText.Of(bytes), ByteText.Exact(bytes)));

    [Fact]
    public void The_message_is_the_problem_and_the_cure()
    {
        var exception = new TransferException(TransferErrorId.DiskFull, "It is full.", "Free some space.", Errno.ENOSPC, "/disk");
        Assert.Equal("It is full. Free some space.", exception.Message);
        Assert.Equal("It is full.", exception.Problem);
        Assert.Equal("Free some space.", exception.RecommendedAction);
        Assert.Equal((TransferErrorId.DiskFull, Errno.ENOSPC, "/disk"), (exception.Id, exception.Errno, exception.Target));
    }

    [Theory]
    [InlineData("It is full.", "")]
    [InlineData("It is full.", " ")]
    [InlineData("", "Free some space.")]
    public void None_is_without_a_problem_and_a_cure(string problem, string cure) =>
        Assert.Throws<ArgumentException>(() => new TransferException(TransferErrorId.DiskFull, problem, cure));

    [Fact]
    public void One_more_sentence_stands_before_the_cure_and_keeps_the_rest()
    {
        var exception = new TransferException(TransferErrorId.VerificationFailed, "It differs.", "Copy again.", target: "/copy") { DifferenceOffset = 7 };
        TransferException longer = exception.Adding("3 bytes are lost.");
        Assert.Equal("It differs. 3 bytes are lost. Copy again.", longer.Message);
        Assert.Equal("Copy again.", longer.RecommendedAction);
        Assert.Equal(7, longer.DifferenceOffset);
        Assert.Equal("/copy", longer.Target);
    }
}
