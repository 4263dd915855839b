using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class TransferCountersTests
{
    [Fact]
    public void Bytes_are_summed_by_how_they_came()
    {
        var tally = new TransferCounters { BytesInHoles = 1000 };
        tally.Add(TransferMethod.Reflink, 100);
        tally.Add(TransferMethod.Splice, 20);
        tally.Add(TransferMethod.Splice, 30);
        tally.Add(TransferMethod.ReadWrite, 7);
        Assert.Equal((57, 100, 1157), (tally.BytesMoved, tally.BytesReflinked, tally.BytesCopied));
        Assert.Equal(50, tally.BytesBy(TransferMethod.Splice));
        Assert.Equal(TransferMethod.Reflink, tally.MainMethod);
    }

    [Fact]
    public void Without_a_byte_there_is_no_method() => Assert.Null(new TransferCounters { BytesInHoles = 1000 }.MainMethod);

    [Fact]
    public void Calls_are_counted_from_its_start()
    {
        LibC.MayExecute("/");
        var tally = new TransferCounters();
        LibC.MayExecute("/");
        Assert.Equal(1, tally.SystemCalls);
    }
}
