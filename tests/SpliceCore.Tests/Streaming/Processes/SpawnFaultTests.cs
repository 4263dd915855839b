using Xunit;

namespace Splice.Tests.Streaming.Processes;

/// <summary>Faults that strace(1) injects into the calls that start commands and wait for them. No child is left, no
/// descriptor, and the old file survives.</summary>
public sealed class SpawnFaultTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public SpawnFaultTests()
    {
        _workspace.WriteRandom("source", 1_000_003);
        _workspace.Write("old", "old"u8.ToArray());
    }

    [Theory]
    [InlineData("?clone3,clone,?vfork", "error=EAGAIN", "1")]
    [InlineData("?clone3,clone,?vfork", "error=ENOMEM", "2")]
    [InlineData("?clone3,clone,?vfork", "error=EAGAIN", "3")]
    [InlineData("pipe2", "error=EMFILE", "1")]
    [InlineData("pipe2", "error=ENFILE", "2")]
    [InlineData("?eventfd2", "error=EMFILE", "1")]
    public void A_refused_start_ends_what_has_been_started(string calls, string what, string when)
    {
        using PipelineHostProcess host = NewHost();
        PipelineRequest request = Request();
        int descriptors = host.Run(request).Descriptors;
        File.WriteAllText(_workspace["old"], "old");
        PipelineAnswer answer;
        using (var attached = new AttachedFault(host.Id, new Fault(calls, what, when)))
        {
            answer = host.Run(request);
            Assert.True(attached.Detach() > 0);
        }

        Assert.Equal($"{TransferErrorId.ResourceExhausted}", answer.Error);
        Assert.Equal(0, answer.Children);
        Assert.InRange(answer.Descriptors, 0, descriptors);
        Assert.Equal("old", File.ReadAllText(_workspace["old"]));
        Assert.Equal(["old", "source"], _workspace.Names);
        Assert.Null(host.Run(request).Error);
    }

    [Fact]
    public void Without_a_thread_for_a_rate_nothing_is_started()
    {
        using PipelineHostProcess host = NewHost();
        PipelineRequest request = Request() with { RateLimit = new RateLimiter(long.MaxValue) };
        Assert.Null(host.Run(request).Error);
        File.WriteAllText(_workspace["old"], "old");
        PipelineAnswer answer;
        using (var attached = new AttachedFault(host.Id, new Fault("?clone3,clone", "error=EAGAIN", "1")))
        {
            answer = host.Run(request);
            Assert.True(attached.Detach() > 0);
        }

        Assert.Equal($"{TransferErrorId.ResourceExhausted}", answer.Error);
        Assert.Contains("another thread", answer.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(_workspace["old"]));
        Assert.Null(host.Run(request).Error);
    }

    [Theory]
    [InlineData("pidfd_open", "error=ENOSYS")]
    [InlineData("pidfd_open", "error=EMFILE")]
    [InlineData("pidfd_open", "error=EPERM")]
    [InlineData("?poll,?ppoll", "error=EINTR", "1+2")]
    [InlineData("wait4", "error=EINTR", "1+2")]
    public void What_can_be_done_without_is_no_error(string calls, string what, string when = "1+")
    {
        using PipelineHostProcess host = NewHost();
        PipelineAnswer answer;
        using (var attached = new AttachedFault(host.Id, new Fault(calls, what, when)))
        {
            answer = host.Run(Request());
            Assert.True(attached.Detach() > 0);
        }

        Assert.Equal((null, 0), (answer.Error, answer.Children));
        Files.AssertSameBytes(_workspace["source"], _workspace["old"]);
    }

    [Fact]
    public void A_child_that_somebody_else_has_waited_for_is_an_error_that_says_so()
    {
        using PipelineHostProcess host = NewHost();
        PipelineAnswer answer;
        using (var attached = new AttachedFault(host.Id, new Fault("wait4", "error=ECHILD")))
        {
            answer = host.Run(Request());
            Assert.True(attached.Detach() > 0);
        }

        Assert.Equal($"{TransferErrorId.CommandFailed}", answer.Error);
        Assert.Contains("read its exit code", answer.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(_workspace["old"]));
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>A process whose runtime starts no thread to compile what is called often: strace would count that one too.</summary>
    private static PipelineHostProcess NewHost() => new("env", "DOTNET_TieredCompilation=0");

    private PipelineRequest Request() => Pipelines.Of(Pipelines.Command("cat"), Pipelines.Command("cat"), Pipelines.Command("cat")) with
    {
        InputPath = _workspace["source"],
        OutputPath = _workspace["old"],
    };
}
