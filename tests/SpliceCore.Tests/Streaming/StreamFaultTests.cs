using System.Text.Json;
using Xunit;

namespace Splice.Tests.Streaming;

/// <summary>Faults in the calls that serve many destinations: what may pass passes, what is refused is done in another way,
/// and a failure of one destination is its own.</summary>
public sealed class StreamFaultTests : IDisposable
{
    private readonly Workspace _folder = new();
    private readonly Workspace _logs = new();
    private readonly byte[] _content = Workspace.RandomBytes(FaultedCopy.PlainSize);

    public StreamFaultTests() => _folder.Write("source", _content);

    public static TheoryData<string, string, string, string> Passing => new(FullRun.Cases(
        from source in new[] { "file", "pipe" }
        from call in new[] { "splice", "tee", "poll" }
        from errno in new[] { "EAGAIN", "EINTR" }
        from when in new[] { "1", "2..4", "2+3" }
        where source == "pipe" || call != "poll"
        select (source, call, errno, when)));

    public static TheoryData<string, string, string> Refused => new(FullRun.Cases(
        from source in new[] { "file", "pipe" }
        from fault in new[]
        {
            ("splice", "EINVAL"), ("splice", "ENOSYS"), ("tee", "EINVAL"), ("tee", "ENOSYS"), ("tee", "EPIPE"), ("tee", "ECONNRESET"),
        }
        select (source, fault.Item1, fault.Item2)));

    [Theory]
    [MemberData(nameof(Passing))]
    public void What_may_pass_passes(string source, string call, string errno, string when)
    {
        Answer[] answers = Run(source, new Fault(call, $"error={errno}", when));
        Assert.All(answers, answer => Assert.True(answer.Error is null, $"{answer.Error}"));
        ArrivedWhole(0, 1, 2);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_refused_is_done_in_another_way(string source, string call, string errno)
    {
        Answer[] answers = Run(source, new Fault(call, $"error={errno}"));
        Assert.All(answers, answer => Assert.Contains(answer.Attempts, attempt => attempt.Contains(errno, StringComparison.Ordinal)));
        ArrivedWhole(0, 1, 2);
    }

    [Fact]
    public void A_wait_that_fails_is_an_error_of_all()
    {
        Answer[] answers = Run("pipe", new Fault("poll", "error=ENOMEM", "1..3"));
        Assert.All(answers, answer => Assert.Equal(($"{TransferErrorId.ResourceExhausted}", "ENOMEM"), (answer.Error, answer.Errno)));
        ArrivedWhole();
    }

    [Theory]
    [InlineData("EPIPE", TransferErrorId.ReaderGone)]
    [InlineData("ECONNRESET", TransferErrorId.ReaderGone)]
    [InlineData("ENOSPC", TransferErrorId.DiskFull)]
    [InlineData("EIO", TransferErrorId.WriteFailed)]
    public void A_failure_of_one_is_its_own(string errno, TransferErrorId id)
    {
        // Each but the last is given its piece by tee(2), and takes it by splice(2): the second call is the second one's.
        Answer[] answers = Run("file", new Fault("splice", $"error={errno}", "2"));
        Assert.Equal([null, $"{id}", null], answers.Select(answer => answer.Error));
        Assert.Equal(errno, answers[1].Errno);
        Assert.Equal(0, answers[1].BytesCopied);
        ArrivedWhole(0, 2);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _logs.Dispose();
    }

    private Answer[] Run(string source, Fault fault)
    {
        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-o", _logs["trace"], "-e", $"trace={fault.Calls}", "-e", $"inject={fault.Calls}:{fault.What}:when={fault.When}"],
            "--stream", source, _folder["source"], _folder["copy0"], _folder["copy1"], _folder["copy2"]);
        Assert.True(output.ExitCode == 0, $"{output}");
        Assert.Contains(File.ReadLines(_logs["trace"]), line => line.EndsWith("(INJECTED)", StringComparison.Ordinal));
        return JsonSerializer.Deserialize<Answer[]>(output.Text)!;
    }

    private void ArrivedWhole(params int[] numbers)
    {
        Assert.Equal([.. numbers.Select(i => $"copy{i}"), "source"], _folder.Names);
        Assert.All(numbers, i => Assert.True(File.ReadAllBytes(_folder[$"copy{i}"]).AsSpan().SequenceEqual(_content), $"copy{i}"));
    }

    private sealed record Answer(string? Error, string Errno, long BytesCopied, string[] Attempts);
}
