using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

public class SystemCallCountTests
{
    [Fact]
    public void Every_call_counts_also_one_that_fails_and_only_on_its_own_thread()
    {
        using var none = new SafeFileHandle(-1, ownsHandle: false);
        long before = SystemCallCount.Current;
        LibC.Seek(none, 0, SeekOrigin.Current);
        LibC.MayExecute("/");
        var other = new Thread(() => LibC.MayExecute("/"));
        other.Start();
        other.Join();
        Assert.Equal(before + 2, SystemCallCount.Current);
    }
}
