using Splice.Descriptors;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public sealed class PipeRefillThrottleTests
{
    private const long Capacity = 1 << 20;

    [Theory]
    [InlineData(100e6)]
    [InlineData(400e6)]
    [InlineData(1e9)]
    public void ASlowReaderIsGivenHalfOfThePipeAtATime(double bytesPerSecond)
    {
        var pause = new PipeRefillThrottle();
        var halves = TimeSpan.FromSeconds(Math.Min(Capacity / 2 / bytesPerSecond, Tuning.LongestRefillPause.TotalSeconds));
        for (int i = 0; i < 40; i++)
        {
            Read(pause, bytesPerSecond);
        }

        Assert.InRange(pause.Time, halves * 0.6, halves * 1.1);
    }

    [Fact]
    public void AFastReaderIsHardlyEverPausedFor()
    {
        var pause = new PipeRefillThrottle();
        int pauses = 0;
        for (int i = 0; i < 10_000; i++)
        {
            Read(pause, bytesPerSecond: 20e9);
            pauses += pause.Time > TimeSpan.Zero ? 1 : 0;
        }

        Assert.InRange(pauses, 0, 50);
    }

    [Fact]
    public void AReaderThatStopsForAWhileIsNotPausedForLongerThanTheLongestTime()
    {
        var pause = new PipeRefillThrottle();
        for (int i = 0; i < 10; i++)
        {
            pause.Observe(4096.0 / Capacity, TimeSpan.FromMinutes(1));
            Assert.InRange(pause.Time, TimeSpan.Zero, Tuning.LongestRefillPause);
        }

        for (int i = 0; i < 20; i++)
        {
            Read(pause, bytesPerSecond: 400e6);
        }

        Assert.InRange(pause.Time, Tuning.ShortestRefillPause, TimeSpan.FromMilliseconds(2));
    }

    /// <summary>A turn of a writer whose reader reads 32 KiB at a time while the writer writes and pauses.</summary>
    private static void Read(PipeRefillThrottle pause, double bytesPerSecond)
    {
        TimeSpan least = TimeSpan.FromSeconds(32768 / bytesPerSecond);
        TimeSpan elapsed = pause.Time > least ? pause.Time : least;
        pause.Observe(Math.Min(elapsed.TotalSeconds * bytesPerSecond / Capacity, 1), elapsed);
    }
}
