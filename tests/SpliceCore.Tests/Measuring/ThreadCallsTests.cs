using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

public sealed class ThreadCallsTests
{
    [Fact]
    public void Reads_and_writes_of_this_thread_count_and_those_of_the_count_itself()
    {
        using var folder = new Workspace();
        using SafeFileHandle file = File.OpenHandle(folder.WriteRandom("file", 100), FileMode.Open, FileAccess.ReadWrite);
        byte[] buffer = new byte[10];
        using var go = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            go.Wait();
            LibC.Read(file, buffer, 0);
        });
        other.Start();
        long? before = ThreadCalls.Count();
        Assert.SkipWhen(before is null, "this kernel does not count reads and writes");

        LibC.Read(file, buffer, 0);
        LibC.Read(file, buffer, 50);
        LibC.Write(file, buffer, 20);
        go.Set();
        other.Join();

        Assert.Equal(before + 3 + ThreadCalls.OwnReads, ThreadCalls.Count());
    }
}
