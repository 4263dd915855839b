using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Descriptors;

public sealed class PollerTests : IDisposable
{
    private readonly Channel _channel = Channel.Pipe();

    [Fact]
    public void A_wait_for_a_silent_pipe_ends_with_the_token()
    {
        using var cancellation = new CancellationTokenSource();
        Worker<bool> waiter = StartWaiting(cancellation.Token);
        waiter.WaitUntilItPolls();
        cancellation.Cancel();
        waiter.JoinFailed<OperationCanceledException>();
    }

    [Fact]
    public void A_wait_ends_when_bytes_come()
    {
        Worker<bool> waiter = StartWaiting(CancellationToken.None);
        waiter.WaitUntilItPolls();
        _channel.Send([1]);
        Assert.True(waiter.Join());
    }

    [Fact]
    public void A_wait_ends_when_the_other_side_goes_away()
    {
        Worker<bool> waiter = StartWaiting(CancellationToken.None);
        waiter.WaitUntilItPolls();
        _channel.Input.Dispose();
        Assert.True(waiter.Join());
    }

    [Fact]
    public void A_token_that_was_cancelled_before_ends_the_wait_even_of_a_ready_descriptor()
    {
        using var poller = new Poller(new CancellationToken(canceled: true));
        _channel.Send([1]);
        Assert.Throws<OperationCanceledException>(() => poller.Wait(_channel.Output, PollEvents.In));
    }

    [Fact]
    public void Being_ready_is_asked_without_waiting()
    {
        using var poller = new Poller(CancellationToken.None);
        Assert.False(poller.IsReady(_channel.Output, PollEvents.In));
        _channel.Send([1]);
        Assert.True(poller.IsReady(_channel.Output, PollEvents.In));
    }

    [Fact]
    public void A_token_makes_its_event_readable()
    {
        using var cancellation = new CancellationTokenSource();
        using var cancelled = new CancellationEvent(cancellation.Token);
        using var poller = new Poller(CancellationToken.None);
        Assert.False(poller.IsReady(cancelled.Handle, PollEvents.In));
        cancellation.Cancel();
        Assert.True(poller.IsReady(cancelled.Handle, PollEvents.In));
    }

    [Fact]
    public void A_token_that_is_cancelled_late_finds_no_event_to_write_to()
    {
        using var cancellation = new CancellationTokenSource();
        var cancelled = new CancellationEvent(cancellation.Token);
        cancelled.Dispose();
        Assert.True(cancelled.Handle.IsClosed);
        cancellation.Cancel();
    }

    public void Dispose() => _channel.Dispose();

    private Worker<bool> StartWaiting(CancellationToken token) => new(() =>
    {
        using var poller = new Poller(token);
        poller.Wait(_channel.Output, PollEvents.In);
        return true;
    });
}
