using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

public sealed class ThreadCallsTests
{
    private const int Runs = 5;

    [Fact]
    public void Reads_and_writes_of_this_thread_count_and_those_of_the_count_itself()
    {
        Assert.SkipWhen(ThreadCalls.Count() is null, "this kernel does not count reads and writes");
        using var folder = new Workspace();
        using SafeFileHandle file = File.OpenHandle(folder.WriteRandom("file", 100), FileMode.Open, FileAccess.ReadWrite);
        byte[] buffer = new byte[10];

        // A garbage collection that begins on this thread reads files too.
        Assert.Equal(3 + ThreadCalls.OwnReads, Enumerable.Range(0, Runs).Min(_ => Run()));

        long? Run()
        {
            using var go = new ManualResetEventSlim();
            var other = new Thread(() =>
            {
                go.Wait();
                LibC.Read(file, buffer, 0);
            });
            other.Start();
            long? before = ThreadCalls.Count();
            LibC.Read(file, buffer, 0);
            LibC.Read(file, buffer, 50);
            LibC.Write(file, buffer, 20);
            go.Set();
            other.Join();
            return ThreadCalls.Count() - before;
        }
    }
}
