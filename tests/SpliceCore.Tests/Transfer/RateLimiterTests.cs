using Xunit;

namespace Splice.Tests.Transfer;

public sealed class RateLimiterTests
{
    private readonly StandingClock _clock = new();

    [Fact]
    public void The_first_step_is_free_and_the_others_take_their_time()
    {
        var limiter = new RateLimiter(1000, _clock);
        for (int i = 0; i < 50; i++)
        {
            limiter.Take(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(100, limiter.StepLimit);
        Assert.Equal(TimeSpan.FromSeconds(4.9), _clock.Elapsed);
    }

    [Fact]
    public void A_pause_saves_up_one_step_and_no_more()
    {
        var limiter = new RateLimiter(1000, _clock);
        limiter.Take(100, TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromHours(1));
        for (int i = 0; i < 3; i++)
        {
            limiter.Take(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(0.2), _clock.Elapsed);
    }

    [Fact]
    public void What_was_not_moved_is_given_back()
    {
        var limiter = new RateLimiter(1000, _clock);
        limiter.Take(100, TestContext.Current.CancellationToken);
        limiter.Settle(100, 30);
        limiter.Take(70, TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.Zero, _clock.Elapsed);
        limiter.Take(100, TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.FromSeconds(0.1), _clock.Elapsed);
    }

    [Fact]
    public void What_was_moved_beyond_is_paid_for_later()
    {
        var limiter = new RateLimiter(1000, _clock);
        limiter.Take(100, TestContext.Current.CancellationToken);
        limiter.Settle(100, 600);
        limiter.Take(100, TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.FromSeconds(0.6), _clock.Elapsed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1013)]
    [InlineData(1L << 40)]
    [InlineData(long.MaxValue)]
    public void No_moment_has_seen_more_than_the_rate_allows(long rate)
    {
        var limiter = new RateLimiter(rate, _clock);
        var random = new Random(1);
        Int128 moved = 0;
        for (int i = 0; i < 1000; i++)
        {
            long taken = random.NextInt64(1, limiter.StepLimit + 1);
            limiter.Take(taken, TestContext.Current.CancellationToken);
            long kept = random.NextInt64(taken + 1);
            limiter.Settle(taken, kept);
            moved += kept;
            Assert.True(moved <= Allowed(limiter), $"step {i}: {moved} bytes in {_clock.Elapsed}");
        }

        // Nor were they waited for much longer than it takes: a timer's millisecond, and what the last step gave back.
        TimeSpan saved = _clock.Elapsed - TimeSpan.FromMilliseconds(1) - TimeSpan.FromSeconds((double)limiter.StepLimit / rate);
        Assert.True(saved.TotalSeconds * rate <= (double)moved, $"{moved} bytes in {_clock.Elapsed}");
    }

    [Fact]
    public void Threads_that_share_it_keep_to_the_rate_together()
    {
        const int Threads = 4;
        const int Steps = 2000;
        var limiter = new RateLimiter(1_000_000, _clock);
        Worker<bool>[] workers = [.. Enumerable.Range(0, Threads).Select(_ => new Worker<bool>(() =>
        {
            for (int i = 0; i < Steps; i++)
            {
                limiter.Take(1000, default);
                limiter.Settle(1000, i % 2 == 0 ? 1000 : 0);
            }

            return true;
        }))];
        Assert.All(workers, worker => Assert.True(worker.Join()));
        Assert.True(Threads * Steps / 2 * 1000 <= Allowed(limiter), $"{_clock.Elapsed}");
    }

    [Fact]
    public void A_wait_ends_when_it_is_cancelled()
    {
        var limiter = new RateLimiter(1);
        using var cancellation = new CancellationTokenSource();
        var worker = new Worker<bool>(() =>
        {
            limiter.Take(1_000_000, cancellation.Token);
            return true;
        });
        cancellation.Cancel();
        Assert.IsAssignableFrom<OperationCanceledException>(worker.JoinFailed<TaskCanceledException>());
    }

    [Fact]
    public void A_rate_below_one_is_none() => Assert.Throws<ArgumentOutOfRangeException>(() => new RateLimiter(0));

    /// <summary>The bucket's content at the start, and what has come in since.</summary>
    private Int128 Allowed(RateLimiter limiter) =>
        limiter.StepLimit + ((Int128)_clock.Elapsed.Ticks * limiter.BytesPerSecond / TimeSpan.TicksPerSecond);
}
