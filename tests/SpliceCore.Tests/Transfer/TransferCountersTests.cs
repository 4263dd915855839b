using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class TransferCountersTests
{
    [Fact]
    public void Bytes_are_summed_by_how_they_came()
    {
        var counters = new TransferCounters { BytesInHoles = 1000 };
        counters.Add(TransferMethod.Reflink, 100);
        counters.Add(TransferMethod.Splice, 20);
        counters.Add(TransferMethod.Splice, 30);
        counters.Add(TransferMethod.ReadWrite, 7);
        Assert.Equal((57, 100, 1157), (counters.BytesMoved, counters.BytesReflinked, counters.BytesCopied));
        Assert.Equal(50, counters.BytesBy(TransferMethod.Splice));
        Assert.Equal(TransferMethod.Reflink, counters.MainMethod);
    }

    [Fact]
    public void Without_a_byte_there_is_no_method() => Assert.Null(new TransferCounters { BytesInHoles = 1000 }.MainMethod);

    [Fact]
    public void Calls_are_counted_from_its_start()
    {
        LibC.MayExecute("/");
        var counters = new TransferCounters();
        LibC.MayExecute("/");
        Assert.Equal(1, counters.SystemCalls);
    }
}
