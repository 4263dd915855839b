using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

public sealed class TransferTraceTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly TransferTrace _trace = new(takesCalls: true);

    [Fact]
    public void It_has_every_call_that_the_result_counts_and_the_bytes_of_the_one_that_moved_them()
    {
        TransferResult result = _trace.Follow(() => Copy("source", "copy", TransferMethod.CopyFileRange));
        Assert.Equal(result.SystemCalls, _trace.SystemCalls.Sum(sum => sum.Count));
        SystemCallSum moved = Assert.Single(_trace.SystemCalls, sum => sum.Name == "copy_file_range");
        Assert.Equal(new SystemCallSum("copy_file_range", Errno.None, 1, 100_000), moved);
        Assert.All(_trace.SystemCalls, sum => Assert.Matches("^[a-z][a-z0-9_]*$", sum.Name));
        Assert.Contains(_trace.SystemCalls, sum => sum is { Name: "statx", Errno: Errno.ENOENT, Bytes: null });
    }

    [Fact]
    public void It_tells_what_was_decided()
    {
        _trace.Follow(() => Copy("source", "copy", TransferMethod.Splice));
        Assert.Contains(_trace.Decisions, line => line.EndsWith("Splice moved 97.7 KiB (100000 bytes); it was specified", StringComparison.Ordinal));
        Assert.Contains(_trace.Decisions, line => line.Contains("a pipe of", StringComparison.Ordinal));
        Assert.Contains(_trace.Decisions, line => line.Contains("named at the end", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_system_calls_it_has_the_decisions()
    {
        var trace = new TransferTrace(takesCalls: false);
        trace.Follow(() => Copy("source", "copy", TransferMethod.Auto));
        Assert.Empty(trace.SystemCalls);
        Assert.NotEmpty(trace.Decisions);
    }

    [Fact]
    public void It_follows_to_threads_and_ends_with_its_work()
    {
        _trace.Follow(() =>
        {
            var thread = new Thread(() => LibC.Kill(Environment.ProcessId, 0));
            thread.Start();
            thread.Join();
            return Task.Run(() => LibC.Kill(Environment.ProcessId, 0), TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        });
        LibC.Kill(Environment.ProcessId, 0);
        Assert.Equal([new SystemCallSum("kill", Errno.None, 2, null)], _trace.SystemCalls);
        Assert.Null(TransferTrace.Current);
    }

    [Fact]
    public void The_calls_of_all_threads_of_a_tree_are_in_it()
    {
        Directory.CreateDirectory(_workspace["tree"]);
        for (int i = 0; i < 200; i++)
        {
            File.WriteAllBytes(_workspace[$"tree/{i}"], new byte[10]);
        }

        var request = new TreeRequest { Copy = new CopyRequest { Source = _workspace["tree"], Destination = _workspace["other"] }, ThrottleLimit = 4 };
        TransferResult result = _trace.Follow(() => TreeCopy.Copy(request, TreeMonitor.None));
        Assert.Equal(200, result.FileCount);
        Assert.Equal(2000, _trace.SystemCalls.Sum(sum => sum.Name is "copy_file_range" or "write" or "pwrite" ? sum.Bytes : 0));
        Assert.Contains(_trace.Decisions, line => line.EndsWith("by 4 threads", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_copy_of_a_queue_has_a_page_of_its_own()
    {
        Directory.CreateDirectory(_workspace["to"]);
        List<CopyOutcome> outcomes = [];
        _trace.Follow(() =>
        {
            using var queue = new CopyQueue(2, CancellationToken.None);
            foreach (string name in (string[])["a", "b", "c"])
            {
                File.WriteAllBytes(_workspace[name], new byte[100_000]);
                queue.TryAdd(new CopyRequest { Source = _workspace[name], Destination = _workspace["to"], Method = TransferMethod.SendFile });
            }

            while (queue.Count > 0)
            {
                outcomes.Add(queue.TryTake(Wait.Limit)!);
            }

            return outcomes;
        });
        Assert.Equal(3, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Equal(
            outcome.Result!.BytesMoved, outcome.Journal!.SystemCalls.Where(sum => sum.Name == "sendfile").Sum(sum => sum.Bytes)));
        Assert.DoesNotContain(_trace.SystemCalls, sum => sum.Name == "sendfile");
    }

    [Theory]
    [InlineData("copy_file_range(\n            number)", "copy_file_range")]
    [InlineData("(nint)lseek(handle, offset, (int)whence)", "lseek")]
    [InlineData("statx(number, directory)", "statx")]
    [InlineData("posix_spawn", "posix_spawn")]
    public void The_name_is_the_kernel_s(string call, string name) => Assert.Equal(name, SystemCallName.Of(call));

    public void Dispose() => _workspace.Dispose();

    private TransferResult Copy(string source, string destination, TransferMethod method)
    {
        File.WriteAllBytes(_workspace[source], new byte[100_000]);
        return FileCopy.Copy(
            new CopyRequest { Source = _workspace[source], Destination = _workspace[destination], Method = method }, TransferMonitor.None);
    }
}
